from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest

from azenv.azure.endpoints import BUILT_IN
from azenv.core import resources
from azenv.interop import psclouds
from azenv.sandbox.faults import Fault
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import azenv
from tests.commands.test_imports import imported

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD, "--subscription", "Contoso Dev")


def said(token: str) -> dict[str, Any]:
    middle = token.strip().split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found


def fast(home: Home, *words: str) -> tuple[str, set[str]]:
    """Run azenv as a process; return what it printed, and the modules that it took."""
    done = azenv("token", *words, home=home, options=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    return done.stdout, imported(done.stderr)


@pytest.fixture
def signed_in(azure: Sandbox, empty: Home) -> Home:
    empty.ok(*LOGIN)
    empty.choose("Contoso Dev (")
    return empty


def test_a_cached_token_takes_neither_msal_nor_a_parser(azure: Sandbox, signed_in: Home) -> None:
    signed_in.ok("token")
    calls = dict(azure.cloud.calls)
    token, modules = fast(signed_in)
    assert said(token)["upn" if "upn" in said(token) else "preferred_username"] == ADA
    assert token == signed_in.ok("token").out
    assert not {name.split(".")[0] for name in modules} & {
        "msal",
        "click",
        "requests",
        "ssl",
        "json",
    }
    assert azure.cloud.calls == calls


def test_another_tenant_and_resource(azure: Sandbox, signed_in: Home) -> None:
    home, away = azure.cloud.population.tenants
    assert said(signed_in.ok("token").out)["tid"] == home
    assert said(signed_in.ok("token", "--tenant", "fabrikam.com").out)["tid"] == away
    first = signed_in.ok("token", "--resource", "https://vault.test").out
    assert said(first)["aud"].rstrip("/") == "https://vault.test"
    assert fast(signed_in, "--resource", "https://vault.test")[0] == first


def test_json_says_when_it_ends(azure: Sandbox, signed_in: Home) -> None:
    data = signed_in.ok("token", "-o", "json").data
    assert data["tokenType"] == "Bearer"
    assert data["tenant"] == next(iter(azure.cloud.population.tenants))
    assert data["expiresOn"].endswith("Z")
    assert said(data["accessToken"])["exp"] == pytest.approx(data["expires_on"], abs=5)


def test_an_old_token_is_renewed(azure: Sandbox, signed_in: Home) -> None:
    azure.cloud.token_lifetime_s = 200
    signed_in.ok("refresh")
    before = azure.cloud.calls["token"]
    azure.cloud.token_lifetime_s = 3600
    assert azenv("token", home=signed_in).returncode == 0
    assert azure.cloud.calls["token"] == before + 1


def test_a_sign_in_that_is_over(azure: Sandbox, signed_in: Home) -> None:
    azure.cloud.faults.add(Fault("revoked"))
    error = signed_in.fail("token", "--resource", "https://other.test", code=4)
    assert f"the sign-in of {ADA} is over: it was revoked" in error
    assert "azenv: hint: azenv login --tenant" in error
    assert signed_in.ok("token").out  # what was there stays


def test_a_claims_challenge_is_answered(azure: Sandbox, signed_in: Home) -> None:
    claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    before = azure.cloud.calls["token"]
    old = signed_in.ok("token").out
    assert signed_in.run("token", "--claims-challenge", claims).out != old
    assert azure.cloud.calls["token"] == before + 1  # a cached token answers no challenge
    assert "no claims challenge" in signed_in.fail("token", "--claims-challenge", "x", code=2)


def test_az_s_own_account_needs_a_sign_in(home: Home) -> None:
    home.choose("dev")
    error = home.fail("token", code=4)
    assert "azenv itself has not signed" in error
    assert "azenv: hint: azenv login --tenant" in error


def test_blocked_and_nothing(azure: Sandbox, signed_in: Home) -> None:
    signed_in.setenv("__AZENV_CHOICE", "none")
    assert "blocked: chosen" in signed_in.fail("token")
    assert azenv("token", home=signed_in).returncode == 1


def test_unknown_resources(azure: Sandbox, signed_in: Home) -> None:
    error = signed_in.fail("token", "--resource", "storagex", code=2)
    assert '"storagex" is no resource that azenv knows' in error
    assert "did you mean storage" in error
    error = signed_in.fail("token", "-r", "eventhubs", code=2)
    assert "local does not say where its eventhubs is" in error


def test_a_damaged_vault_prints_no_token(azure: Sandbox, signed_in: Home) -> None:
    path = signed_in.store / "tokens.bin"
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)
    ran = signed_in.run("token")
    assert (ran.code, ran.out) == (4, "")
    assert (signed_in.store / "tokens.bin.bad").exists()


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_name_is_an_address(name: str) -> None:
    assert resources.is_address(resources.public(name))


@pytest.mark.parametrize("cloud", [name for name in BUILT_IN if psclouds.is_built_in(name)])
def test_what_arm_s_tokens_are_for_is_told_once(cloud: str) -> None:
    assert resources.elsewhere("arm", psclouds.options(cloud)) == BUILT_IN[cloud].resource


@pytest.mark.parametrize("scope", ["user", "process"])
def test_a_named_contexts_cached_token_takes_no_msal(
    azure: Sandbox, empty: Home, scope: str
) -> None:
    empty.give_mailbox()
    empty.ok("login", "--no-browser", "--cloud", CLOUD, "--scope", scope)
    if scope == "process":
        empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    context_id = empty.context("Contoso Dev")["id"]
    first = empty.ok("token", "--context", context_id).out
    calls = dict(azure.cloud.calls)
    token, modules = fast(empty, "--context", context_id)
    assert token == first
    assert not {name.split(".")[0] for name in modules} & {"msal", "requests"}
    assert azure.cloud.calls == calls
    shown = empty.ok("token", "--context", context_id, "-o", "json").data
    assert shown["accessToken"] == first.strip()
    assert shown["tenant"] == empty.context(context_id)["tenant"]["id"]
    assert shown["expires_on"] > time.time() + 300
