"""Overlays, records and the runtime directory: lost, changed by others, or not ours."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import Session, Shell, World, only_in

if TYPE_CHECKING:
    from collections.abc import Callable

FOREIGN = "the runtime directory is not yours"
NOWHERE = {
    "AZURE_CONFIG_DIR": "/dev/null/azenv",
    "AZENV_SOURCE": "pin",
    "AZENV_CONTEXT_ID": "none",
    "AZENV_BLOCKED": FOREIGN,
}

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


def profile(overlay: str) -> Path:
    return Path(overlay, "azureProfile.json")


def default_of(overlay: str) -> str:
    rows = json.loads(profile(overlay).read_bytes().decode("utf-8-sig"))["subscriptions"]
    (found,) = [row["name"] for row in rows if row["isDefault"]]
    return str(found)


def test_an_overlay_is_az_s_directory_with_the_context_s_subscription(
    pinned: World, sh: Session
) -> None:
    for place, name in (("a", "Contoso Dev"), ("b", "Contoso Prod")):
        sh.go(pinned.directory(place))
        overlay = sh.active()["AZURE_CONFIG_DIR"]
        assert default_of(overlay) == name
        assert stat.S_IMODE(Path(overlay).stat().st_mode) == 0o700
        assert not Path(overlay, "msal_token_cache.json").is_symlink()


def test_a_lost_overlay_comes_back_at_the_next_prompt(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.calls(), sh.lines()
    shutil.rmtree(pinned.root)
    sh.prompt()
    assert sh.active() == pinned.delta("dev")
    assert default_of(pinned.overlay(pinned.id("dev"))) == "Contoso Dev"
    assert stat.S_IMODE(pinned.root.stat().st_mode) == 0o700
    sh.calls()
    sh.prompt(3)
    assert sh.calls() == []


def test_a_lost_overlay_comes_back_on_entering(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.go(pinned.outside)
    shutil.rmtree(pinned.root / "az")
    sh.go(pinned.directory("a"))
    assert default_of(sh.active()["AZURE_CONFIG_DIR"]) == "Contoso Dev"
    sh.calls()
    sh.prompt(2)
    assert sh.calls() == []


def test_az_account_set_in_an_overlay_is_put_back_and_told(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.calls(), sh.lines()
    file = profile(pinned.overlay(pinned.id("dev")))
    data = json.loads(file.read_bytes().decode("utf-8-sig"))
    for row in data["subscriptions"]:
        row["isDefault"] = row["name"] == "Contoso Prod"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(data).encode())
    sh.prompt()
    assert default_of(pinned.overlay(pinned.id("dev"))) == "Contoso Dev"
    told = sh.lines()
    assert told
    assert any("azenv " in line for line in told)  # what to type instead
    assert [call[:2] for call in sh.calls()] == [["hook", "overlay"]]
    sh.prompt(3)
    assert sh.lines() == []
    assert sh.calls() == []


def test_a_newer_token_cache_in_the_base_seeds_again(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.calls()
    cache = pinned.base / "msal_token_cache.json"
    tokens = json.loads(cache.read_bytes())
    (key,) = tokens["RefreshToken"]
    tokens["RefreshToken"][key]["secret"] = "a-newer-token"
    tokens["RefreshToken"][key]["last_modification_time"] = "1800000000"
    cache.write_text(json.dumps(tokens))
    sh.prompt()
    assert [call[:2] for call in sh.calls()] == [["hook", "overlay"]]
    overlay = Path(pinned.overlay(pinned.id("dev")))
    assert "a-newer-token" in (overlay / "msal_token_cache.json").read_text()
    sh.prompt(3)
    assert sh.calls() == []


def test_another_process_changes_a_context(pinned: World, sh: Session) -> None:
    sh.azenv("use", "dev")
    sh.lines()
    pinned.ensure("rename", "dev", "renamed")
    sh.prompt()
    assert sh.active() == pinned.delta("renamed", "choice")
    assert sh.active()["AZENV_CONTEXT"] == "renamed"
    pinned.change("renamed", group="rg")
    sh.prompt()
    assert sh.active() == pinned.delta("renamed", "choice")
    assert sh.active()["AZURE_DEFAULTS_GROUP"] == "rg"
    sh.calls()
    sh.prompt(3)
    assert sh.calls() == []


def test_a_change_elsewhere_is_silent_here(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.calls(), sh.lines()
    pinned.ensure("rename", "guest", "visitor")
    sh.prompt(2)
    assert sh.lines() == []
    assert sh.calls() == []
    assert sh.active() == pinned.delta("dev")


def test_what_the_user_changed_survives_a_change_elsewhere(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.export("ARM_TENANT_ID", "mine")
    sh.export("AZURE_CLIENT_ID", "mine")
    sh.unset("ARM_ENVIRONMENT")
    inside = sh.env()
    pinned.ensure("rename", "guest", "visitor")
    sh.prompt(2)
    assert sh.env() == inside


def test_asking_by_name_puts_all_of_it_in_force_again(pinned: World, sh: Session) -> None:
    sh.azenv("use", "dev")
    sh.export("ARM_TENANT_ID", "mine")
    sh.unset("ARM_ENVIRONMENT")
    sh.azenv("use", "dev")
    assert sh.active() == pinned.delta("dev", "choice")


@pytest.mark.parametrize("source", ["choice", "pin"])
def test_a_context_that_is_removed_while_in_force_blocks(
    pinned: World, sh: Session, source: str
) -> None:
    if source == "choice":
        sh.azenv("use", "dev")
    sh.go(pinned.directory("a") if source == "pin" else pinned.outside)
    pinned.ensure("remove", "dev", "--force")
    sh.prompt(2)
    found = sh.active()
    assert found == pinned.blocked(found["AZENV_BLOCKED"], source)
    assert "the context is gone" in found["AZENV_BLOCKED"]


def test_a_context_made_again_under_the_same_name_is_another(pinned: World, sh: Session) -> None:
    row = next(row for row in pinned.rows if row.context == "dev")
    sh.go(pinned.directory("a"))
    pinned.ensure("remove", "dev", "--force")
    pinned.ensure("import", "az")
    pinned.ensure("rename", row.id, "dev")
    sh.prompt()
    found = sh.active()
    assert found == pinned.blocked("not trusted: it now means another context; azenv allow")
    sh.azenv("allow")
    assert sh.active() == pinned.delta("dev")


def test_without_a_context_in_force_nothing_is_ever_started(pinned: World, sh: Session) -> None:
    shutil.rmtree(pinned.root)
    for _ in range(2):
        sh.go(pinned.directory("unpinned"))
        sh.go(pinned.outside)
    assert sh.calls() == []
    assert sh.err() == ""
    assert not pinned.root.exists()


def squat_by_link(root: Path) -> None:
    elsewhere = root.with_name("elsewhere")
    root.rename(elsewhere)
    root.symlink_to(elsewhere)


def squat_by_owner(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir(mode=0o700)
    os.chown(root, 4711, 4711)


def squat_by_file(root: Path) -> None:
    shutil.rmtree(root)
    root.write_text("")


@pytest.mark.parametrize(
    ("when", "squat"),
    [
        ("before", squat_by_link),
        ("meanwhile", squat_by_link),
        ("before", squat_by_file),
        pytest.param("before", squat_by_owner, marks=is_root),
        pytest.param("meanwhile", squat_by_owner, marks=is_root),
    ],
)
def test_a_squatted_runtime_directory_blocks(
    pinned: World, shell: Shell, squat: Callable[[Path], None], when: str
) -> None:
    with Session(pinned, shell) as sh:
        if when == "meanwhile":
            sh.go(pinned.directory("a"))
            assert sh.active() == pinned.delta("dev")
        squat(pinned.root)
        sh.lines()
        sh.go(pinned.directory("a"))
        sh.prompt(2)
        assert sh.active() == NOWHERE
        told = [line for line in sh.lines() if FOREIGN in line]
        assert told == [f"blocked: {FOREIGN}  (pin ~/src/a/.azenv.toml)"]
        sh.calls()
        sh.prompt(3)
        assert sh.calls() == []
        sh.go(pinned.outside)
        assert sh.active() == {}


@pytest.mark.parametrize("name", ["CI", "TF_BUILD", "GITHUB_ACTIONS"])
def test_inert_in_ci(pinned: World, shell: Shell, name: str) -> None:
    with Session(pinned, shell, env={name: "true"}) as sh:
        start = sh.env()
        sh.go(pinned.directory("a"))
        sh.prompt(2)
        assert sh.env() == start
        assert sh.azenv("list", "-o", "tsv").status == 0
        assert [call for call in sh.calls() if call[0] == "hook" and call[1] != "root"] == []


def test_installed_twice_is_installed_once(pinned: World, sh: Session) -> None:
    sh.load()
    sh.load()
    sh.go(pinned.directory("a"))
    sh.load()
    sh.go(pinned.directory("b"))
    assert sh.active() == pinned.delta("prod")
    sh.go(pinned.outside)
    assert sh.active() == {}
    assert len(sh.lines()) == 3


@only_in("bash", "zsh")
def test_strict_options(pinned: World, sh: Session) -> None:
    sh.only(
        bash="set -eu; set -o noclobber; set -f; IFS=:; shopt -s nocasematch nullglob extglob "
        "failglob; CDPATH=/; alias local=false export=false unset=false printf=false read=false",
        zsh="set -eu; setopt noclobber ksharrays shwordsplit nullglob noglob warncreateglobal "
        "allexport posixbuiltins; IFS=:; CDPATH=/; alias local=false export=false",
    )
    start = sh.env()
    sh.load()
    for place in ("a", "b", ".", "a/1"):
        sh.go(pinned.directory(place))
        sh.prompt()
    assert sh.active() == pinned.delta("dev")
    sh.azenv("use", "prod", "--for", "1h")
    assert sh.active() == pinned.delta("prod", "choice")
    sh.azenv("use", "--follow")
    sh.go(pinned.outside)
    end = sh.env()
    end.pop("__AZENV_PREVIOUS")
    leaked = end.keys() - start.keys()
    assert not {name for name in leaked if not name.startswith("_")}
    assert sh.active() == {}
    sh.lines()


@only_in("powershell")
def test_strict_mode(pinned: World, sh: Session) -> None:
    sh.do("Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'; $error.Clear()")
    sh.load()
    for place in ("a", "b", "."):
        sh.go(pinned.directory(place))
    sh.azenv("use", "prod")
    assert sh.active() == pinned.delta("prod", "choice")
    assert sh.do("$Global:LASTEXITCODE = $error.Count") == 0


@only_in("fish")
def test_redefined_builtins(pinned: World, sh: Session) -> None:
    for name in ("string", "echo", "count", "contains", "cd", "printf", "math", "test", "set"):
        sh.do(f"function {name}; false; end")
    sh.err()  # some names are reserved, which ones depends on fish's version
    sh.load()
    for place in ("a", "b", "."):
        sh.go(pinned.directory(place))
    assert len(sh.lines()) == 3
    assert sh.active() == {}


def test_nothing_is_imported_from_an_untrusted_directory(pinned: World, shell: Shell) -> None:
    place = pinned.directory("x")
    for name in ("json", "click", "os", "sys", "site", "sitecustomize", "tomllib", "azenv"):
        (place / f"{name}.py").write_text("open('../owned', 'w')\n")
    pinned.write_pin(place, 'context = "dev"\n')
    with Session(pinned, shell, env={"PYTHONPATH": ":/x", "PYTHONSTARTUP": "json.py"}) as sh:
        sh.go(place)
        assert sh.active()["AZENV_BLOCKED"].startswith("not trusted")
        assert sh.azenv("list").status == 0
        assert sh.azenv("allow").status == 0
        assert sh.active() == pinned.delta("dev")
        assert sh.azenv("use", "prod").status == 0
        sh.azenv("why")
    assert not (pinned.outside / "owned").exists()


def test_a_working_directory_that_is_gone(pinned: World, sh: Session) -> None:
    place = pinned.directory("a/gone")
    sh.go(place)
    assert sh.active() == pinned.delta("dev")
    sh.lines()
    place.rmdir()
    sh.prompt(2)
    sh.azenv("use", "prod")
    assert sh.active() == pinned.delta("prod", "choice")
    sh.azenv("use", "--follow")
    sh.go(pinned.outside)
    assert sh.active() == {}


def test_a_program_that_is_gone_is_one_hint(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.lines()
    pinned.interpreter.rename(pinned.top / "moved")
    pinned.write_pin(pinned.directory("x"), 'context = "dev"\n')
    for place in ("x", "b", "x", "a"):
        sh.go(pinned.directory(place))
        sh.prompt(2)
    hints = [line for line in sh.lines() if "its program is gone" in line]
    assert len(hints) == 1
    assert "azenv init" in hints[0]
    assert sh.active() == pinned.delta("dev")  # what needs no program still works
    done = sh.azenv("list")
    assert done.status != 0
    sh.go(pinned.outside)
    assert sh.active() == {}


def test_a_home_that_was_never_used(tmp_path: Path, shell: Shell) -> None:
    world = World(tmp_path, rows=())
    with Session(world, shell) as sh:
        start = sh.env()
        world.write_pin(world.directory("x"), 'context = "dev"\n')
        sh.go(world.directory("x"))
        sh.prompt(2)
        assert sh.active()["AZENV_BLOCKED"].startswith("not trusted")
        sh.go(world.outside)
        assert sh.env() == start
