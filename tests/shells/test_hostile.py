"""Records, undo and mail that somebody forged: data, never code, and never half a context."""

# ruff: noqa: RUF001  curly quotes are data under test

from __future__ import annotations

import os
import random
import shlex
from typing import TYPE_CHECKING

import pytest

from azenv.core import variables
from azenv.core.delta import US
from tests.shells.harness import UNDO, Session, Shell, World, nasty_directories

if TYPE_CHECKING:
    from pathlib import Path

# Text that would run, if any of it were evaluated, in one shell or another.
BOMBS = ("$(touch pwned)", "`touch pwned`", "';touch pwned;'", "’;touch pwned;’", "(touch pwned)")
UNTOUCHABLE = ("PATH", "LD_PRELOAD", "HOME", "AZENV_HOME", "LC_ALL")


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


def damaged(text: str, rng: random.Random) -> str:
    """Return `text` with one thing wrong."""
    at = rng.randrange(len(text))
    fields = text.split(US)
    number = rng.randrange(len(fields))
    way = rng.randrange(8)
    if way == 0:
        return text[:at]
    if way == 1:
        return text[:at] + chr(ord(text[at]) ^ (1 << rng.randrange(6))) + text[at + 1 :]
    if way == 2:
        return text[:at] + rng.choice(["\x1f", "\0", "\n", "\x1b[2J", "\udcff", *BOMBS]) + text[at:]
    if way == 3:
        del fields[number]
    elif way == 4:
        fields.insert(number, rng.choice(["", *BOMBS]))
    elif way == 5:
        fields[number] = rng.choice(["", "99999999999999999999", "-1", "/../../etc", *BOMBS])
    elif way == 6:
        fields[2] = "".join(rng.choice("=-.?x") for _ in variables.NAMES)
    else:
        fields = fields[number:] + fields[:number]
    return US.join(fields)


def check_nothing_ran(world: World, sh: Session, start: dict[str, str]) -> None:
    found = sh.env()
    for name in UNTOUCHABLE:
        assert found.get(name) == start.get(name)
    assert found.keys() - start.keys() <= {*variables.NAMES, UNDO}
    assert not list(world.top.rglob("pwned"))
    shown = sh.err()
    assert not any(char in shown for char in "\x1b\u202e\x9b")


@pytest.mark.parametrize("seed", range(2))
def test_forged_records_of_contexts(pinned: World, sh: Session, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  a test that can be repeated
    start = sh.env()
    context_id = pinned.id("dev")
    file = pinned.records / "contexts" / context_id
    good = file.read_text()
    generation = pinned.records / "generation"
    for _ in range(12):
        text = damaged(good, rng)
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        (old,) = generation.iterdir()
        old.rename(generation / f"{rng.getrandbits(64):016x}")
        sh.go(pinned.directory("a"))
        found = sh.active()
        # the directory from which az imports code is composed, whatever the record says
        assert found.get("AZURE_CONFIG_DIR") in (
            None,
            pinned.overlay("none"),
            pinned.overlay(context_id),
        )
        check_nothing_ran(pinned, sh, start)
        sh.go(pinned.outside)
        assert sh.env() == start
    file.write_text(good)
    (old,) = generation.iterdir()
    old.rename(generation / ("0" * 16))
    sh.go(pinned.directory("a"))
    assert sh.active() == pinned.delta("dev")


RECORDS = [
    "context\x1f../../../../etc\x1f.\0{}\0",
    "context\x1fnone\x1f.\0{}\0",
    "context\x1f$(touch pwned)\x1f.\0{}\0",
    "context\x1f{id}\x1f.\0{}\0\0junk",
    "context\x1f{id}\x1f\0{}\0",
    "context\x1f{id}\x1f.\x1f.\0{}\0",
    "command\x1ftouch pwned\x1f.\0{}\0",
    "blocked\x1f\x1b]0;owned\x07$(touch pwned)\u202e\x1f.\0{}\0",
    "",
    "\0\0\0",
]


def test_forged_records_of_pins(pinned: World, sh: Session) -> None:
    start = sh.env()
    for number, record in enumerate(RECORDS):
        place = pinned.directory(f"x{number}")
        content = pinned.pin(place, "dev").read_text()
        file = pinned.records / "pins" / str(place / ".azenv.toml").lstrip("/")
        text = record.replace("{id}", pinned.id("dev")).replace("{}", content)
        file.write_text(text, newline="")
        sh.go(place)
        sh.prompt(2)
        found = sh.active()
        wanted = (pinned.delta("dev"), pinned.blocked(found.get("AZENV_BLOCKED", "")))
        assert found in wanted, record
        check_nothing_ran(pinned, sh, start)
        sh.go(pinned.outside)
        assert sh.env() == start, record


@pytest.mark.parametrize("seed", range(2))
def test_a_forged_undo_restores_nothing_but_the_table(
    pinned: World, shell: Shell, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  a test that can be repeated
    with Session(pinned, shell) as sh:
        sh.export("AZURE_CLIENT_ID", "old")
        sh.export("AZURE_TENANT", "old too")
        sh.go(pinned.directory("a"))
        inside = sh.env()
    for _ in range(3 if shell.name == "powershell" else 8):
        forged = damaged(inside[UNDO], rng)
        if "\0" in forged:
            continue
        environ = inside | {UNDO: forged}
        raw = {
            k: v.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            for k, v in environ.items()
        }
        with Session(pinned, shell, env=raw) as sh:
            sh.err()
            sh.prompt(2)
            check_nothing_ran(pinned, sh, raw | dict.fromkeys(variables.NAMES, ""))
            sh.go(pinned.directory("b"))
            found = sh.active()
            assert found["AZENV_CONTEXT"] == "prod"
            assert found["AZURE_CONFIG_DIR"] == pinned.overlay(pinned.id("prod"))
            assert found["ARM_SUBSCRIPTION_ID"] == pinned.delta("prod")["ARM_SUBSCRIPTION_ID"]
            sh.go(pinned.outside)
            check_nothing_ran(pinned, sh, raw | dict.fromkeys(variables.NAMES, ""))


def be_program(world: World, *lines: str) -> None:
    """Put another program in the place of azenv: it leaves what mail it likes."""
    make_box = 'mkdir -p "${__AZENV_MAIL%/*}"'
    world.interpreter.write_text("\n".join(("#!/bin/sh", make_box, *lines)) + "\n")


def letter(*fields: str) -> str:
    text = "\\037".join(field.replace("\\", "\\\\") for field in fields)
    return f'printf {shlex.quote(text)} "$__AZENV_NONCE" >"$__AZENV_MAIL"'


FORGED = {
    "another nonce": ("%.0sdeadbeef", "choice", "{id}", "", "follow", "", "."),
    "no nonce": ("%.0s", "choice", "{id}", "", "follow", "", "."),
    "no dot": ("%s", "choice", "{id}", "", "follow", ""),
    "no end": ("%s", "choice", "{id}", "", "follow", "", ""),
    "more fields": ("%s", "choice", "{id}", "", "follow", "", "x", "."),
    "fewer fields": ("%s", "choice", "{id}", "", "follow", "."),
    "an odd session": ("%s", "keep", "", "", "", "1-2-a.$(touch pwned)", "."),
    "a session elsewhere": ("%s", "keep", "", "", "", "../x.abc", "."),
    "another verb": ("%s", "eval", "touch pwned", "", "follow", "", "."),
    "no verb": ("%s", "", "{id}", "", "follow", "", "."),
    "no id": ("%s", "choice", "", "", "follow", "", "."),
}


def test_forged_mail_is_thrown_away(pinned: World, sh: Session) -> None:
    start = sh.env()
    for case, forged in FORGED.items():
        fields = [field.replace("{id}", pinned.id("prod")) for field in forged]
        be_program(pinned, letter(*fields), "exit 7")
        done = sh.azenv("whatever")
        assert done.status == 7, case
        assert sh.env() == start, case
    assert not list(pinned.top.rglob("pwned"))
    # the same letter without the flaw is taken
    be_program(pinned, letter("%s", "choice", pinned.id("prod"), "", "follow", "", "."))
    sh.azenv("whatever")
    assert sh.active() == pinned.delta("prod", "choice")


def test_mail_for_what_is_no_context_blocks_or_changes_nothing(pinned: World, sh: Session) -> None:
    start = sh.env()
    for bomb in ("$(touch pwned)", "../../etc", "a b", "no-such-context", "none/x"):
        be_program(pinned, letter("%s", "choice", bomb, "", "follow", "", "."))
        sh.azenv("whatever")
        found = sh.active()
        assert found in ({}, pinned.blocked("the context is gone", "choice")), bomb
        check_nothing_ran(pinned, sh, start | {"__AZENV_CHOICE": "", "__AZENV_PREVIOUS": ""})


@pytest.mark.parametrize("shape", ["link", "FIFO", "directory", "20 MB", "NUL", "foreign"])
def test_mail_that_is_no_plain_letter(pinned: World, sh: Session, shape: str) -> None:
    if shape == "foreign" and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    start = sh.env()
    good = letter("%s", "choice", pinned.id("prod"), "", "follow", "", ".")
    victim = pinned.top / "victim"
    victim.write_text("precious")
    if shape == "link":
        (pinned.top / "letter").touch()
        made = [
            f"__AZENV_REAL=$__AZENV_MAIL; __AZENV_MAIL={shlex.quote(str(pinned.top / 'letter'))}",
            good,
            f'ln -s {shlex.quote(str(pinned.top / "letter"))} "$__AZENV_REAL"',
        ]
    else:
        made = {
            "FIFO": ['mkfifo "$__AZENV_MAIL"'],
            "directory": ['mkdir "$__AZENV_MAIL"'],
            "20 MB": ['head -c 20000000 /dev/zero | tr "\\0" x >"$__AZENV_MAIL"'],
            "NUL": [good, "printf '\\000junk' >>\"$__AZENV_MAIL\""],
            "foreign": [good, 'chown 4711 "$__AZENV_MAIL"'],
        }[shape]
    be_program(pinned, *made, "exit 3")
    done = sh.azenv("whatever")
    assert done.status == 3
    if shape == "NUL":  # what stands before the NUL may count: it is the letter itself
        assert sh.active() in ({}, pinned.delta("prod", "choice"))
    else:
        assert sh.env() == start


def test_paths_that_are_printed_steer_no_terminal(world: World, sh: Session) -> None:
    for name in nasty_directories(sh.shell):
        place = world.directory(name)
        world.write_pin(place, 'context = "dev"\n')
        sh.go(place)
        sh.azenv("use", "prod")
        sh.go(world.outside)
        sh.go(place)
        text = sh.err()
        assert "this directory is pinned" in text, name
        assert not any(ord(char) < 32 and char != "\n" for char in text), name
        assert not any(char in text for char in "\x7f\x9b\u202e\u2028"), name
        assert all(line.startswith("azenv: ") for line in text.splitlines()), name
        sh.azenv("use", "--follow")


def test_a_hostile_base_directory_is_not_read(world: World, sh: Session, tmp_path: Path) -> None:
    """An inherited AZURE_CONFIG_DIR never becomes the base."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "azureProfile.json").write_text('{"subscriptions": []}')
    sh.export("AZURE_CONFIG_DIR", str(theirs))
    world.pin(world.directory("a"), "dev")
    sh.go(world.directory("a"))
    assert sh.active() == world.delta("dev")
    assert sh.azenv("import", "az").status == 0
    assert [path.name for path in theirs.iterdir()] == ["azureProfile.json"]
