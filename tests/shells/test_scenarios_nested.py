"""Shells in shells: a child can leave what its parent entered, and says nothing twice."""

from __future__ import annotations

import pytest

from azenv.core import variables
from tests.shells.harness import SHELLS, UNDO, Session, Shell, World, only_in

NAMES = ("bash", "zsh", "fish", "powershell")


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


@pytest.mark.parametrize("child", NAMES)
def test_a_child_leaves_what_its_parent_entered(pinned: World, sh: Session, child: str) -> None:
    sh.export("AZURE_CLIENT_ID", "old 'value'\nof two lines")
    sh.export("AZURE_CLIENT_SECRET", "hush")
    start = sh.env()
    sh.go(pinned.directory("a"))
    sh.lines()
    sh.nest(SHELLS[child])
    sh.prompt()
    assert sh.lines() == []  # the values are these already
    assert sh.active() == pinned.delta("dev")
    sh.go(pinned.directory("b"))
    assert sh.active() == pinned.delta("prod")
    sh.go(pinned.outside)
    # a secret never entered the exported record: a child finds that name unset
    assert sh.active() == {"AZURE_CLIENT_ID": "old 'value'\nof two lines"}
    sh.leave()
    sh.prompt()
    assert sh.active() == pinned.delta("dev")
    sh.go(pinned.outside)
    assert sh.env() == start


@pytest.mark.parametrize("child", NAMES)
def test_exec_in_the_place_of_a_shell(pinned: World, shell: Shell, child: str) -> None:
    if shell.name == "powershell":
        pytest.skip("PowerShell cannot replace itself")
    with Session(pinned, shell) as sh:
        sh.export("AZURE_CLIENT_ID", "old")
        sh.go(pinned.directory("a"))
        sh.nest(SHELLS[child], exec_=True)
        sh.prompt()
        assert sh.active() == pinned.delta("dev")
        sh.go(pinned.outside)
        assert sh.active() == {"AZURE_CLIENT_ID": "old"}


def test_a_choice_is_inherited(pinned: World, sh: Session) -> None:
    sh.azenv("use", "guest")
    sh.lines()
    sh.nest(sh.shell)
    sh.go(pinned.directory("a"))
    assert sh.active() == pinned.delta("guest", "choice")
    sh.azenv("use", "--follow")
    assert sh.active() == pinned.delta("dev")
    sh.leave()
    sh.prompt()
    assert sh.active() == pinned.delta("guest", "choice")


def test_a_shell_without_the_hook_between(pinned: World, sh: Session) -> None:
    sh.export("AZURE_CLIENT_ID", "old")
    sh.go(pinned.directory("a"))
    sh.nest(SHELLS["bash"], load=False)
    sh.cd(pinned.outside)
    assert sh.active() == pinned.delta("dev")
    sh.nest(SHELLS["zsh"])
    sh.prompt()
    assert sh.active() == {"AZURE_CLIENT_ID": "old"}


def test_a_shell_that_starts_outside_restores_at_its_first_prompt(
    pinned: World, sh: Session, shell: Shell
) -> None:
    """What a tmux server that was started in a pinned directory does to every new window."""
    sh.export("AZURE_CLIENT_ID", "old")
    sh.go(pinned.directory("a"))
    with Session(pinned, shell, env=sh.env()) as window:
        window.prompt()
        assert window.active() == {"AZURE_CLIENT_ID": "old"}
        assert window.lines() == ["no context (left the pinned directory)"]


@pytest.mark.parametrize("shape", ["other layout", "short", "kinds", "numbers", "nothing", "pairs"])
def test_a_garbled_undo_is_dropped(pinned: World, shell: Shell, shape: str) -> None:
    fields = [variables.LAYOUT, "none", variables.NONE_KINDS, *["x"] * len(variables.SETTABLE)]
    forged = {
        "other layout": ["000000000000", "x", "=", "v", ""],
        "short": fields[:9],
        "kinds": [fields[0], fields[1], "=" * len(variables.NAMES), *fields[3:], ""],
        "numbers": [*fields, "99999", "v", "-1", "v", "1;2", "v", "0", "v", ""],
        "nothing": [""],
        "pairs": [*fields, "40", ""],
    }[shape]
    mine = {"AZURE_TENANT": "mine", "PATH": pinned.env["PATH"], "AZURE_CONFIG_DIR": "/mine"}
    with Session(pinned, shell, env=mine | {UNDO: "\x1f".join(forged)}) as sh:
        sh.prompt(2)
        sh.go(pinned.directory("a"))
        assert sh.active() == pinned.delta("dev")
        sh.go(pinned.outside)
        found = sh.table()
        if shape == "other layout":
            assert found in (mine_of(mine), mine_of(mine) | {UNDO: "\x1f".join(forged)})
        else:
            assert found == mine_of(mine)
        assert sh.env()["PATH"] == mine["PATH"]


def mine_of(mine: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in mine.items() if name in variables.NAMES}


def test_an_undo_of_another_layout_is_reversed_by_name(pinned: World, shell: Shell) -> None:
    old = pinned.records.parent / "0123456789ab"
    old.mkdir(mode=0o700)
    names = ("AZURE_CONFIG_DIR", "ARM_OLD_NAME", "PATH", "LD_PRELOAD", "AZURE_TENANT")
    (old / "table").write_text("\x1f".join(("4", *names)))
    (old / "table").chmod(0o600)
    ours = ("/theirs", "new", "/evil", "/evil.so")
    # the kinds of the five names, our four values, then what was before of 1, 2, 3, 4 and 5
    before = ("1", "/mine", "2", "old", "3", "/evil", "4", "/evil.so", "5", "t")
    undo = "\x1f".join(("0123456789ab", "x", "====-", *ours, *before, ""))
    env = {"AZURE_CONFIG_DIR": "/theirs", "ARM_OLD_NAME": "new", UNDO: undo}
    with Session(pinned, shell, env=env) as sh:
        sh.prompt(2)
        found = sh.env()
        assert UNDO not in found
        assert found["AZURE_CONFIG_DIR"] == "/mine"
        assert found["ARM_OLD_NAME"] == "old"
        assert found["AZURE_TENANT"] == "t"
        assert found["PATH"] == pinned.env["PATH"]
        assert "LD_PRELOAD" not in found
        sh.go(pinned.directory("a"))
        sh.go(pinned.outside)
        assert sh.env() == found
        assert [call[:2] for call in sh.calls()].count(["hook", "undo"]) == 1


@only_in("bash")
def test_three_deep(pinned: World, sh: Session) -> None:
    start = sh.env()
    sh.go(pinned.directory("a"))
    for name in ("fish", "powershell", "zsh"):
        sh.nest(SHELLS[name])
        sh.prompt()
    assert sh.lines()[1:] == []
    sh.go(pinned.outside)
    assert sh.active() == {}
    for _ in range(3):
        sh.leave()
        sh.prompt()
        assert sh.active() == pinned.delta("dev")
    sh.go(pinned.outside)
    assert sh.env() == start
