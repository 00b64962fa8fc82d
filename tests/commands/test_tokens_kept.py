"""What status and doctor say of the tokens that azenv keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.commands.azure import CLOUD, azure, running

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


def test_status_says_where_the_key_is(azure: Sandbox, empty: Home) -> None:
    assert empty.ok("status", "-o", "json").data["tokens"] == "no tokens are kept"
    empty.ok(*LOGIN)
    assert "the key is in a file" in empty.ok("status", "-o", "json").data["tokens"]


def test_a_new_key(azure: Sandbox, empty: Home) -> None:
    empty.ok("doctor", "--rotate-key")
    empty.ok(*LOGIN)
    keys = empty.top / "state" / "keys"
    before = list(keys.iterdir())
    assert "tokens are encrypted" in empty.ok("doctor", "--rotate-key").err
    assert list(keys.iterdir()) != before
    assert empty.ok("token", "--context", "Contoso Dev").out


def test_a_key_that_is_gone(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    for path in (empty.top / "state" / "keys").iterdir():
        path.unlink()
    ran = empty.run("doctor")
    assert ran.code == 1
    assert "the key of azenv's tokens is missing" in ran.out
    assert "the key of azenv's tokens is missing" in empty.fail(
        "token", "--context", "Contoso Dev", code=4
    )
    assert "destroyed unopened" in empty.ok("logout", "--all").err
    empty.ok(*LOGIN)
