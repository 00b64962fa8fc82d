"""Pins that azenv refuses, and how the user's decisions about them last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import Session, Shell, World, be_fifo, require_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRUSTED = 'context = "dev"\n'
NOT_TRUSTED = "not trusted; review it, then: azenv allow"
CHANGED = "changed since you allowed it; review it, then: azenv allow"
NOT_PLAIN = "not a plain readable file"
TOO_LONG = "longer than 4096 bytes, or holds NUL"

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def write(data: bytes) -> Callable[[Path], None]:
    return lambda pin: (pin.write_bytes(data), None)[1]


def link_to(target: str) -> Callable[[Path], None]:
    def be_link(pin: Path) -> None:
        pin.unlink()
        pin.symlink_to(target)

    return be_link


def link_to_trusted(pin: Path) -> None:
    pin.rename(pin.with_name("real"))
    pin.symlink_to("real")


def be_directory(pin: Path) -> None:
    pin.unlink()
    pin.mkdir()


REFUSED = {
    "changed": (write(b'context = "prod"\n'), CHANGED),
    "20 MB": (write(TRUSTED.encode() + b"#" * 20_000_000), TOO_LONG),
    "4097 bytes": (write("é".encode() * 2048 + b"x"), TOO_LONG),
    "NUL": (write(TRUSTED.encode() + b"\0junk"), TOO_LONG),
    "NUL at the end": (write(TRUSTED.encode() + b"\0"), TOO_LONG),
    "BOM": (write(b"\xef\xbb\xbf" + TRUSTED.encode()), "begins with a byte order mark"),
    "a line break more": (write(TRUSTED.encode() + b"\n"), CHANGED),
    "a line break less": (write(TRUSTED.encode()[:-1]), CHANGED),
    "CRLF": (write(TRUSTED.encode()[:-1] + b"\r\n"), CHANGED),
    "soft hyphen": (write('context = "d\u00adev"\n'.encode()), CHANGED),
    "other case": (write(b'CONTEXT = "dev"\n'), CHANGED),
    "empty": (write(b""), CHANGED),
    "link": (link_to_trusted, NOT_PLAIN),
    "endless": (link_to("/proc/self/pagemap"), NOT_PLAIN),
    "zeros": (link_to("/dev/zero"), NOT_PLAIN),
    "FIFO": (be_fifo, NOT_PLAIN),
    "directory": (be_directory, NOT_PLAIN),
}


def test_a_pin_that_was_trusted_blocks(world: World, sh: Session) -> None:
    for number, (case, (spoil, reason)) in enumerate(REFUSED.items()):
        place = world.directory(f"x{number}")
        pin = world.pin(place, "dev")
        sh.go(world.directory(f"x{number}/inner"))
        assert sh.active() == world.delta("dev"), case
        sh.lines()
        spoil(pin)
        sh.prompt(3)
        assert sh.active() == world.blocked(reason), case
        assert sh.lines() == [f"blocked: {reason}  (pin ~/src/x{number}/.azenv.toml)"], case
        sh.go(world.outside)
        assert sh.active() == {}, case
        sh.lines(), sh.calls()
        for _ in range(2):
            sh.go(place)
            sh.go(world.outside)
        assert sh.calls() == [], case  # a refusal is remembered
        assert len(sh.lines()) == 4, case


def test_bytes_that_are_not_utf8_block(world: World, sh: Session) -> None:
    world.write_pin(world.directory("x"), b'context = "d\xe9v"\n')
    sh.go(world.directory("x"))
    found = sh.active()
    assert found == world.blocked(found["AZENV_BLOCKED"])
    assert "not valid UTF-8" in found["AZENV_BLOCKED"]
    assert world.run("allow", cwd=world.directory("x")).status != 0


NO_PINS = {
    'context = "dev"\nenv = "X=1"\n': 'unknown key "env"',
    "context = [1]\n": 'needs text for "context"',
    "context = \n": "not valid TOML",
    'account = "ada@contoso.com"\n': "names no context",
    'context = "dev"\ntenant = "contoso.com"\n': "stands alone",
}


def test_what_is_no_pin_cannot_be_allowed(world: World, sh: Session) -> None:
    for number, (text, reason) in enumerate(NO_PINS.items()):
        place = world.directory(f"x{number}")
        world.write_pin(place, text)
        sh.go(place)
        assert sh.active() == world.blocked(NOT_TRUSTED), text
        done = sh.azenv("allow")
        assert done.status != 0, text
        assert reason in done.err
        assert sh.active() == world.blocked(NOT_TRUSTED), text


def test_exactly_4096_bytes_are_fine(world: World, sh: Session) -> None:
    text = f"{TRUSTED}#" + "é" * 2039 + "x"
    assert len(text.encode()) == 4096
    place = world.directory("x")
    world.write_pin(place, text)
    world.ensure("allow", cwd=place)
    sh.go(place)
    sh.prompt(2)
    assert sh.active() == world.delta("dev")
    assert len(sh.lines()) == 1


def test_an_unreadable_pin_blocks(world: World, shell: Shell) -> None:
    place = world.directory("x")
    world.pin(place, "dev").chmod(0)
    without = "--bounding-set=-dac_override,-dac_read_search"
    under = (require_tool("setpriv"), without) if os.geteuid() == 0 else ()
    with Session(world, shell, under=under) as sh:
        sh.go(place)
        sh.prompt(3)
        assert sh.active() == world.blocked(NOT_PLAIN)
        assert sh.lines() == [f"blocked: {NOT_PLAIN}  (pin ~/src/x/.azenv.toml)"]


def test_an_untrusted_directory_starts_one_process_not_one_a_visit(
    world: World, sh: Session
) -> None:
    place = world.directory("x")
    world.write_pin(place, TRUSTED)
    world.pin(world.directory("a"), "dev")
    sh.go(world.directory("a"))
    sh.calls(), sh.lines()
    for there in (place, world.outside, place, world.directory("a"), place):
        sh.go(there)
        sh.prompt(2)
    asked = [call[:2] for call in sh.calls()]
    assert asked.count(["hook", "pin"]) == 1
    assert asked in ([["hook", "pin"]], [["hook", "pin"], ["hook", "overlay"]])
    assert sh.active() == world.blocked(NOT_TRUSTED)


def test_allow_deny_edit_revert(world: World, sh: Session) -> None:
    place = world.directory("x")
    pin = world.write_pin(place, TRUSTED)
    sh.go(place)
    assert sh.active() == world.blocked(NOT_TRUSTED)
    world.ensure("allow", cwd=place)
    sh.prompt()
    assert sh.active() == world.delta("dev")
    pin.write_text('context = "prod"\n')
    sh.prompt()
    assert sh.active() == world.blocked(CHANGED)
    pin.write_text(TRUSTED)  # exactly what was allowed: no new question
    sh.prompt()
    assert sh.active() == world.delta("dev")
    world.ensure("deny", cwd=place)
    sh.prompt()
    assert sh.active() == {}
    pin.write_text('context = "guest"\n')  # what was denied was other content
    sh.prompt()
    assert sh.active() == world.blocked(NOT_TRUSTED)
    world.ensure("allow", cwd=place)
    sh.prompt()
    assert sh.active() == world.delta("guest")
    world.ensure("unpin", cwd=place)
    sh.prompt()
    assert sh.active() == {}


def test_allow_through_the_function_applies_at_once(world: World, sh: Session) -> None:
    place = world.directory("x")
    world.write_pin(place, TRUSTED)
    sh.go(place)
    done = sh.azenv("allow")
    assert done.status == 0
    assert "selects dev" in done.err
    assert sh.active() == world.delta("dev")


def test_a_denied_pin_is_as_if_it_were_not_there(world: World, sh: Session) -> None:
    outer, inner = world.directory("a"), world.directory("a/x/y")
    world.pin(outer, "dev")
    for place in (world.directory("a/x"), inner):
        world.write_pin(place, 'context = "prod"\n')
        world.ensure("deny", cwd=place)
    sh.go(inner)
    assert sh.active() == world.delta("dev")
    sh.go(outer)
    sh.go(inner)
    sh.prompt(2)
    assert len(sh.lines()) == 1
    sh.calls()
    sh.go(outer)
    sh.go(inner)
    assert sh.calls() == []


def test_leaving_an_inner_pin_for_an_outer_one_is_told_as_a_switch(
    world: World, sh: Session
) -> None:
    world.pin(world.directory("a"), "prod")
    inner = world.directory("a/inner")
    pin = world.pin(inner, "dev")
    sh.go(inner)
    sh.lines()
    pin.unlink()
    sh.prompt()
    assert sh.active() == world.delta("prod")
    assert sh.lines() == [f"{world.label('prod')}  (pin ~/src/a/.azenv.toml)"]


def test_a_pin_never_activates_a_protected_context(world: World, sh: Session) -> None:
    place = world.directory("x")
    world.pin(place, "dev")
    sh.go(place)
    world.change("dev", protected=True)
    sh.prompt()
    reason = f"this directory wants dev, which is protected; azenv use {world.id('dev')}"
    assert sh.active() == world.blocked(reason)
    world.change("dev", protected=False)
    sh.prompt()
    assert sh.active() == world.delta("dev")


@is_root
def test_another_users_pin_is_ignored_and_told_once(world: World, sh: Session) -> None:
    world.pin(world.directory("a"), "dev")
    place = world.directory("a/x")
    os.chown(world.write_pin(place, 'context = "prod"\n'), 4711, 4711)
    for there in (place, world.outside, place, world.outside, place):
        sh.go(there)
        sh.prompt(2)
    assert sh.active() == world.delta("dev")
    told = [line for line in sh.lines() if "another user's" in line]
    assert len(told) == 1


@is_root
def test_another_users_unusable_pin_blocks_nobody(world: World, sh: Session) -> None:
    place = world.directory("x")
    pin = world.write_pin(place, TRUSTED)
    be_fifo(pin)
    os.chown(pin, 4711, 4711)
    sh.go(place)
    sh.prompt(2)
    assert sh.active() == {}
    assert len([line for line in sh.lines() if "another user's" in line]) == 1


def test_renaming_a_context_makes_its_pin_untrusted(world: World, sh: Session) -> None:
    place = world.directory("x")
    world.pin(place, "dev")
    sh.go(place)
    world.ensure("rename", "dev", "elsewhere")
    sh.prompt()
    found = sh.active()
    assert found == world.blocked(found["AZENV_BLOCKED"])
    assert "the context is gone" in found["AZENV_BLOCKED"]
    world.ensure("rename", "elsewhere", "dev")
    sh.prompt()
    assert sh.active() == world.delta("dev")


def test_the_same_bytes_that_mean_another_context_are_untrusted(world: World, sh: Session) -> None:
    place = world.directory("x")
    world.pin(place, "dev")
    sh.go(place)
    world.ensure("rename", "dev", "old dev")
    world.ensure("rename", "prod", "dev")
    sh.prompt()
    found = sh.active()
    assert found == world.blocked("not trusted: it now means another context; azenv allow")
    sh.azenv("allow")
    assert sh.active() == world.delta("dev")
    assert sh.active()["AZENV_SUBSCRIPTION_NAME"] == "Contoso Prod"


def test_a_portable_pin_that_fits_several_is_settled(world: World, sh: Session) -> None:
    world.clone("dev", "dev two")
    row = next(row for row in world.rows if row.context == "dev")
    place = world.directory("x")
    world.write_pin(place, f'subscription = "{row.id}"\ntenant = "contoso.com"\n')
    sh.go(place)
    done = sh.azenv("allow")
    assert done.status != 0
    assert "azenv allow --context" in done.err
    sh.azenv("allow", "--context", "dev two")
    assert sh.active() == world.delta("dev two")


def test_linked_directories_go_by_the_logical_path(world: World, sh: Session) -> None:
    world.pin(world.directory("real"), "dev")
    world.directory("real/inner")
    elsewhere = world.directory("linked")
    (elsewhere / "link").symlink_to(world.directory("real/inner"))
    world.pin(elsewhere, "prod")
    (world.outside / "whole").symlink_to(world.directory("real"))
    sh.go(elsewhere / "link")
    assert sh.active() == world.delta("prod")  # the logical parent, not the physical one
    sh.go(world.outside / "whole" / "inner")
    assert sh.active() == world.delta("dev")  # trusted by its real path: asks once
    sh.go(world.outside)
    assert sh.active() == {}
