from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from azenv.sandbox.faults import Fault
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import command
from tests.local_azure import wait_for_taken

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


def files(home: Home) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in home.top.rglob("*") if p.is_file()}


def mail(home: Home) -> list[str]:
    return home.mail.read_text().split("\x1f")


def with_session(home: Home, *words: str) -> None:
    """Run a command as a shell with the integration does, and take over its session."""
    home.give_mailbox()
    home.ok(*words)
    if home.mail.exists():
        session = mail(home)[5]
        home.mail.unlink()
        if session and session != "-":
            home.setenv("AZENV_SESSION", session)


def test_a_dry_run_changes_nothing(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    before = files(empty)
    said = empty.ok("logout", ADA, "--dry-run").err
    assert f"would be signed out: {ADA}" in said
    assert "6 contexts would be removed" in said
    assert files(empty) == before


def test_everything_of_an_account_goes(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    empty.ok("pin", "Contoso Dev")
    said = empty.ok("logout", ADA.upper()).err
    assert f"signed out: {ADA}" in said
    assert "no longer trusted: " in said
    assert "the sign-out is local" in said
    assert empty.names() == []
    assert not (empty.store / "tokens.bin").exists()
    assert not list((empty.top / "state" / "keys").iterdir())
    assert (empty.store / "tombstones.json").exists()
    empty.fail("refresh", "Contoso Dev")


def test_others_stay_and_the_default_moves(azure: Sandbox, home: Home) -> None:
    home.ok(*LOGIN, "--subscription", "Contoso Dev", "--default")
    said = home.ok("logout", "--context", "Contoso Dev (").err
    assert "the default is now " in said
    assert sorted(home.names()) == ["bank", "dev", "prod"]


def test_az_s_own_sign_in_is_named(home: Home) -> None:
    user = home.context("dev")["account"]["username"]
    said = home.ok("logout", user).err
    assert f"az itself keeps {user} signed in" in said
    assert f"hint: az logout --username {user}" in said
    assert (home.base / "azureProfile.json").exists()


def test_nobody_of_that_name(home: Home) -> None:
    user = home.context("dev")["account"]["username"]
    said = home.fail("logout", user[1:])
    assert "nobody called" in said
    assert f"did you mean {user}" in said
    home.fail("logout", user, "--all", code=2)


def test_a_refresh_that_began_before_is_thrown_away(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    azure.cloud.faults.add(Fault("throttled", "token", times=1, retry_after=5))
    words = command("token", "--context", "Contoso Dev", "-r", "https://x.test")
    environ = os.environ | {"AZENV_HOME": str(empty.top)}
    asking = subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True)
    wait_for_taken(azure)
    empty.ok("logout", ADA)
    assert asking.communicate(timeout=60)[0] == ""
    assert asking.returncode in (1, 4)
    tokens = empty.store / "tokens.bin"
    assert not tokens.exists()


def test_a_sign_in_of_this_session_alone(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    empty.ok("list")
    before = {name for name in files(empty) if "/run/" not in name}
    with_session(empty, *LOGIN, "--scope", "process", "--subscription", "Contoso Dev")
    after = {name for name in files(empty) if "/run/" not in name}
    assert after - before <= {str(empty.store / "lock")} | {
        name for name in after if "/state/" in name or name.endswith("lock")
    }
    assert not (empty.store / "tokens.bin").exists()
    assert not (empty.store / "contexts.json").exists()
    token = empty.ok("token", "--context", "Contoso Dev").out.strip()
    assert token.startswith("ey")
    for name, content in files(empty).items():
        assert token.encode() not in content, name
    assert len(empty.names()) == 6
    with_session(empty, "logout", ADA)
    assert empty.names() == []


def test_without_its_session_it_is_not_there(azure: Sandbox, empty: Home) -> None:
    with_session(empty, *LOGIN, "--scope", "process")
    empty.unsetenv("AZENV_SESSION")
    assert empty.names() == []
    empty.setenv("AZENV_SESSION", "1-2-deadbeef." + "A" * 43)
    assert empty.names() == []


def test_a_process_scope_needs_a_shell(azure: Sandbox, empty: Home) -> None:
    ran = empty.run(*LOGIN, "--scope", "process")
    assert ran.code == 2
    assert "no azenv integration" in ran.err


def test_another_sessions_store_goes_unopened(azure: Sandbox, empty: Home) -> None:
    with_session(empty, *LOGIN, "--scope", "process")
    assert list((empty.root / "session").glob("[0-9]*"))
    empty.unsetenv("AZENV_SESSION")
    empty.ok(*LOGIN)
    said = empty.ok("logout", ADA).err
    assert "1 other session kept it, too" in said
    assert not list((empty.root / "session").glob("[0-9]*"))


def test_autosave_off_and_on_again(azure: Sandbox, empty: Home) -> None:
    with_session(empty, "autosave", "disable", "--scope", "process")
    with_session(empty, *LOGIN, "--subscription", "Contoso Dev")
    assert not (empty.store / "tokens.bin").exists()
    assert empty.ok("autosave", "status", "-o", "json").data["session"] is False
    with_session(empty, "autosave", "enable")
    assert (empty.store / "tokens.bin").exists()
    empty.unsetenv("AZENV_SESSION")
    assert len(empty.names()) == 6
    assert empty.ok("token", "--context", "Contoso Dev").out


def test_what_process_scope_made_is_never_saved(azure: Sandbox, empty: Home) -> None:
    with_session(empty, *LOGIN, "--scope", "process")
    with_session(empty, "autosave", "enable")
    assert not (empty.store / "tokens.bin").exists()
    assert len(empty.names()) == 6
    empty.unsetenv("AZENV_SESSION")
    assert empty.names() == []


def test_disable_purges_now(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN, "--subscription", "Contoso Dev")
    empty.choose("Contoso Dev (")
    said = empty.ok("autosave", "disable", "--purge").err
    assert "is removed" in said
    empty.unsetenv("__AZENV_CHOICE")
    names = json.loads(empty.ok("list", "-o", "json").out)["data"]
    assert not [one for one in names if one["name"].startswith("Contoso Dev")]
    assert empty.ok("autosave", "status", "-o", "tsv").out.startswith("user\toff")
    empty.ok("autosave", "enable")
