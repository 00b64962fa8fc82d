"""What a session keeps to itself, seen from its shell: its records, its key, its end."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import Session, sessions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shells.harness import Shell, World


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    return world


KEY = re.compile(r"\d+-\d*-[0-9a-f]{8}\.([0-9A-Za-z_-]{43})")
TRACE = {
    "bash": ("set -x", "set +x"),
    "zsh": ("setopt xtrace", "unsetopt xtrace"),
    "fish": ("set -g fish_trace 1", "set -e fish_trace"),
    "powershell": ("Set-PSDebug -Trace 1", "Set-PSDebug -Off"),
}


def keep_apart(sh: Session) -> None:
    """Give `dev` another name in this session alone."""
    done = sh.azenv("rename", "dev", "mine", "--scope", "process")
    assert done.status == 0, done


def store_of(world: World, sh: Session) -> Path:
    sid = sh.env()["AZENV_SESSION"].partition(".")[0]
    return world.root / "session" / sid


def test_a_name_of_this_session_alone(world: World, shell: Shell) -> None:
    with sessions(world, shell, shell) as (here, there):
        keep_apart(here)
        assert KEY.fullmatch(here.env()["AZENV_SESSION"])
        assert here.azenv("use", "mine").status == 0
        assert here.active()["AZENV_CONTEXT"].startswith("mine")
        assert "mine" in here.azenv("list", "-o", "tsv").out
        assert "mine" not in there.azenv("list", "-o", "tsv").out
        assert "AZENV_SESSION" not in there.env()
        assert there.azenv("use", "dev").status == 0
        assert there.active()["AZENV_CONTEXT"].startswith("dev")


def test_a_context_that_is_hidden_here_blocks_here(pinned: World, shell: Shell) -> None:
    with sessions(pinned, shell, shell) as (here, there):
        assert here.azenv("remove", "dev", "--scope", "process", "--force").status == 0
        for one in (here, there):
            one.go(pinned.directory("a"))
        assert here.active() == pinned.blocked("the context is gone")
        assert there.active() == pinned.delta("dev")


def test_a_trace_does_not_show_the_key(world: World, sh: Session) -> None:
    on, off = TRACE[sh.current.name]
    sh.do(on)
    keep_apart(sh)
    said = sh.err()
    sh.do("azenv rename prod other --scope process", sh.current.prompt)
    said += sh.err()
    sh.do(off)
    key = KEY.fullmatch(sh.env()["AZENV_SESSION"])
    assert key
    assert key[1] not in said
    assert "azenv" in said  # something was traced


def test_the_store_ends_with_the_shell(world: World, sh: Session) -> None:
    keep_apart(sh)
    store = store_of(world, sh)
    assert (store / "store.bin").exists()
    sh.finish()
    assert not store.exists()


def test_a_shell_in_the_shell_has_the_same_session(world: World, sh: Session) -> None:
    keep_apart(sh)
    store, value = store_of(world, sh), sh.env()["AZENV_SESSION"]
    sh.nest(sh.current)
    assert sh.env()["AZENV_SESSION"] == value
    assert sh.azenv("use", "mine").status == 0
    assert sh.active()["AZENV_CONTEXT"].startswith("mine")
    sh.leave()
    assert store.exists()
    assert sh.azenv("use", "mine").status == 0


def test_what_a_kill_leaves_is_swept(world: World, shell: Shell) -> None:
    with Session(world, shell) as sh:
        keep_apart(sh)
        store = store_of(world, sh)
        os.kill(int(store.name.partition("-")[0]), signal.SIGKILL)
        sh.process.wait()
    assert store.exists()
    world.program("list")
    assert not store.exists()


def test_who_has_a_context_active_is_known(pinned: World, sh: Session) -> None:
    sh.azenv("status")  # with a first call the runtime directory is there
    sh.go(pinned.directory("a"))
    (mark,) = (pinned.root / "active").iterdir()
    assert mark.read_text().strip() == pinned.id("dev")
    sh.go(pinned.outside)
    assert not mark.exists() or not mark.read_text().strip()


def test_autosave_off_removes_the_context_when_the_last_session_ends(
    pinned: World, shell: Shell
) -> None:
    with sessions(pinned, shell, shell) as (first, last):
        for one in (first, last):
            assert one.azenv("use", "dev").status == 0
        done = first.azenv("autosave", "disable")
        assert "is removed when this session ends" in done.err
        dev = pinned.id("dev")
        first.finish()
        assert dev in pinned.program("list", "-o", "json").out
        last.finish()
    assert dev not in pinned.program("list", "-o", "json").out
