"""Entering, switching and leaving: the whole delta, and exactly back."""

# ruff: noqa: RUF001  curly quotes are data under test

from __future__ import annotations

from dataclasses import replace

import pytest

from azenv.core import variables
from tests.shells.harness import (
    NASTY,
    NASTY_DISPLAYED,
    Session,
    Shell,
    World,
    nasty_directories,
    only_in,
)

# What a user may have before, and what each form teaches: set, empty, line break, our separator,
# quotes of every kind, a secret.
BEFORE = {
    "AZURE_CONFIG_DIR": "/mine;$(touch pwned) 'q' \"d\" `b`",
    "AZURE_CLIENT_ID": "job",
    "AZURE_CLIENT_SECRET": "s3cret",
    "ARM_USE_MSI": "",
    "AZURE_EXTENSION_DIR": "/my/extensions",
    "MSI_ENDPOINT": "first\nsecond\n",
    "AZURE_TENANT": "x\x1fy",
    "ARM_TENANT_ID": "‘curly’ %F{red} \\n ünï \U0001f600",
    "AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=%2F",
}


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


def test_the_whole_delta_is_there_inside_and_nothing_outside(pinned: World, sh: Session) -> None:
    start = sh.env()
    for place, name in (("a/1/2/3", "dev"), ("b", "prod"), ("a", "dev")):
        sh.go(pinned.directory(place))
        assert sh.active() == pinned.delta(name)
    sh.go(pinned.outside)
    assert sh.env() == start


def test_what_is_set_is_what_the_tools_read(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("b"))
    row = next(row for row in pinned.rows if row.context == "prod")
    found = sh.active()
    assert found["AZURE_SUBSCRIPTION_ID"] == found["ARM_SUBSCRIPTION_ID"] == row.id
    assert found["AZENV_ACCOUNT"] == "ada@contoso.com"
    assert found["AZENV_SUBSCRIPTION_NAME"] == "Contoso Prod"
    assert found["AZURE_CONFIG_DIR"] == pinned.overlay(pinned.id("prod"))


def test_one_line_for_each_change(pinned: World, sh: Session) -> None:
    for place in ("a/1", "a", "a/1"):
        sh.go(pinned.directory(place))
        sh.prompt(3)
    sh.go(pinned.directory("b"))
    sh.prompt(3)
    sh.go(pinned.outside)
    sh.prompt(3)
    assert sh.lines() == [
        f"{pinned.label('dev')}  (pin ~/src/a/.azenv.toml)",
        f"{pinned.label('prod')}  (pin ~/src/b/.azenv.toml)",
        "no context (left the pinned directory)",
    ]


def test_quiet_silences_changes_but_not_blocks(pinned: World, sh: Session) -> None:
    sh.export("AZENV_QUIET", "1")
    sh.go(pinned.directory("a"))
    sh.go(pinned.outside)
    assert sh.lines() == []
    pinned.write_pin(pinned.directory("x"), 'context = "dev"\n')
    sh.go(pinned.directory("x"))
    assert [line for line in sh.lines() if line.startswith("blocked: not trusted")]


def test_unchanged_prompts_are_silent_and_start_nothing(pinned: World, sh: Session) -> None:
    for place in ("a", "b", "."):
        sh.go(pinned.directory(place))
    sh.lines(), sh.calls()
    for place in (".", "a", "b", "a"):
        sh.go(pinned.directory(place))
        sh.prompt(3)
    assert len(sh.lines()) == 3
    assert sh.calls() == []


def test_what_was_before_comes_back_exactly(pinned: World, sh: Session) -> None:
    for name, value in BEFORE.items():
        sh.export(name, value)
    start = sh.env()
    assert {name: start[name] for name in BEFORE} == BEFORE
    for place, name in (("a", "dev"), ("b", "prod")):
        sh.go(pinned.directory(place))
        found = sh.active()
        assert found.pop("AZURE_EXTENSION_DIR") == "/my/extensions"
        wanted = pinned.delta(name)
        del wanted["AZURE_EXTENSION_DIR"]
        assert found == wanted
    sh.go(pinned.outside)
    assert sh.env() == start


def test_secrets_and_separators_stay_out_of_the_undo_record(pinned: World, sh: Session) -> None:
    for name, value in BEFORE.items():
        sh.export(name, value)
    sh.go(pinned.directory("a"))
    undo = sh.table()["__AZENV_UNDO"]
    for hidden in ("s3cret", "sig=%2F", "x\x1fy"):
        assert hidden not in undo
    assert "first\nsecond\n" in undo  # the rest is there for a child shell


@only_in("bash", "zsh", "fish")
def test_what_was_not_exported_comes_back_not_exported(pinned: World, sh: Session) -> None:
    for name in ("ARM_CLIENT_ID", "AZURE_CLOUD_NAME"):
        sh.keep(name, "plain value")
    sh.go(pinned.directory("a"))
    assert sh.active() == pinned.delta("dev")
    assert "plain value" not in sh.table()["__AZENV_UNDO"]
    sh.go(pinned.outside)
    assert [sh.value(name) for name in ("ARM_CLIENT_ID", "AZURE_CLOUD_NAME")] == ["plain value"] * 2
    assert sh.active() == {}


def test_what_the_user_changes_inside_stays(pinned: World, sh: Session) -> None:
    sh.export("ARM_TENANT_ID", "before")
    sh.export("AZURE_TENANT", "old")
    sh.go(pinned.directory("a"))
    sh.export("ARM_TENANT_ID", "mine")
    sh.export("AZURE_CLIENT_ID", "from .envrc")
    sh.unset("ARM_ENVIRONMENT")
    sh.prompt()
    found = sh.active()
    assert found["ARM_TENANT_ID"] == "mine"
    assert "ARM_ENVIRONMENT" not in found
    sh.go(pinned.outside)
    assert sh.active() == {
        "ARM_TENANT_ID": "mine",
        "AZURE_CLIENT_ID": "from .envrc",
        "AZURE_TENANT": "old",
    }


def test_a_switch_is_whole_over_the_users_changes(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.export("ARM_TENANT_ID", "mine")
    sh.export("AZURE_CLIENT_ID", "job")
    sh.unset("ARM_ENVIRONMENT")
    sh.go(pinned.directory("b"))
    assert sh.active() == pinned.delta("prod")
    sh.go(pinned.outside)
    assert sh.active() == {"ARM_TENANT_ID": "mine", "AZURE_CLIENT_ID": "job"}


@only_in("bash", "zsh")
@pytest.mark.parametrize("name", ["ARM_TENANT_ID", "AZENV_BLOCKED", "AZURE_CLIENT_SECRET"])
def test_a_read_only_name_stops_entering(pinned: World, sh: Session, name: str) -> None:
    sh.do(f"readonly {name}=fixed; export {name}")
    start = sh.env()
    sh.go(pinned.directory("a"))
    sh.prompt(2)
    assert sh.env() == start
    assert sh.lines() == [f"{name} is read-only in this shell; nothing was changed"]


@only_in("bash", "zsh")
def test_a_read_only_name_stops_switching_and_leaving(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    inside = sh.env()
    sh.lines()
    sh.do("readonly ARM_TENANT_ID")
    for place in (pinned.directory("b"), pinned.outside, pinned.directory("b")):
        sh.go(place)
        sh.prompt(2)
        assert sh.env() == inside
    assert set(sh.lines()) == {"ARM_TENANT_ID is read-only in this shell; nothing was changed"}


@only_in("bash", "zsh")
def test_a_read_only_name_that_no_context_touches_is_no_obstacle(world: World, sh: Session) -> None:
    world.change("prod", exports=("kube",))
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    sh.do("readonly KUBECONFIG=/k")
    sh.go(world.directory("a"))
    assert sh.active() == world.delta("dev")
    sh.go(world.directory("b"))
    assert sh.active() == world.delta("dev")


def test_contexts_of_other_shapes(world: World, sh: Session) -> None:
    world.change("dev", group="rg", location="westeurope")
    world.change("prod", exports=("kube", "azd", "sdk"), keep=("AZURE_CLIENT_ID",))
    for place, name in (("a", "dev"), ("k", "prod"), ("m", "box"), ("r", "robot"), ("g", "guest")):
        world.pin(world.directory(place), name)
    mine = {"KUBECONFIG": "/my/kube", "AZURE_CLIENT_ID": "keep", "MSI_ENDPOINT": "http://host"}
    for name, value in mine.items():
        sh.export(name, value)
    places = {"a": "dev", "k": "prod", "m": "box", "r": "robot", "g": "guest"}
    for place in "akmrgkagmarkm":
        sh.go(world.directory(place))
        wanted = world.delta(places[place])
        wanted.setdefault("KUBECONFIG", "/my/kube")
        if place == "k":
            wanted["AZURE_CLIENT_ID"] = "keep"
        if place == "m":
            wanted["MSI_ENDPOINT"] = "http://host"
        assert sh.active() == wanted
    sh.go(world.outside)
    assert sh.active() == mine


def test_a_nasty_context(world: World, sh: Session) -> None:
    world.pin(world.directory("n"), NASTY)
    sh.go(world.directory("n"))
    assert sh.active() == world.delta(NASTY)
    assert sh.active()["AZENV_CONTEXT"] == NASTY_DISPLAYED
    (line,) = sh.lines()
    assert line.startswith(f"{NASTY_DISPLAYED}  Contoso ___31m_(id)_id____F_red_ · ")


def test_nasty_directories(world: World, sh: Session) -> None:
    for name in nasty_directories(sh.shell):
        world.pin(world.directory(name), "dev")
        sh.go(world.directory(f"{name}/{name}"))
        assert sh.active() == world.delta("dev"), name
        sh.go(world.outside)
        assert sh.active() == {}, name
        assert len(sh.lines()) == 2, name  # a line break in a name makes no second line
    assert not list(world.home.rglob("pwned"))


def test_every_table_name_comes_back(pinned: World, sh: Session) -> None:
    sh.do(*[sh.shell.export.format(name=n, value=f"v{n}") for n in variables.NAMES])
    start = sh.env()
    for place in ("a", "b", "a"):
        sh.go(pinned.directory(place))
    assert sh.active()["AZENV_CONTEXT"] == "dev"
    sh.go(pinned.outside)
    assert sh.env() == start


@only_in("fish")
def test_universal_variables_are_hidden_and_come_back(pinned: World, shell: Shell) -> None:
    # without a configuration fish has no universal variables
    with Session(pinned, replace(shell, start=("--interactive",))) as sh:
        sh.do("set -Ux AZURE_CLIENT_ID uni; set -Ux AZURE_CLOUD_NAME unicloud")
        assert sh.do("set -qU AZURE_CLIENT_ID") == 0
        sh.go(pinned.directory("a"))
        found = sh.active()
        assert found["AZURE_CLOUD_NAME"] == "AzureCloud"
        # a universal variable cannot be unset in one shell: an empty one hides it
        assert found.get("AZURE_CLIENT_ID", "") == ""
        sh.go(pinned.outside)
        assert sh.active() == {"AZURE_CLIENT_ID": "uni", "AZURE_CLOUD_NAME": "unicloud"}
        assert sh.do("set -qg AZURE_CLIENT_ID; or set -qg AZURE_CLOUD_NAME") == 1
