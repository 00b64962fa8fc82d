"""Every bad answer of Entra ID's and of Azure's: who, where, what to type, and nothing is lost."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

import pytest

from azenv.sandbox.faults import BROKEN, KINDS, Fault
from tests.commands.azure import ADA, CLOUD, azure, running

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)
AGAIN = f"azenv: hint: azenv login --tenant contoso.com --username {ADA} --cloud {CLOUD}"


class Row(NamedTuple):
    """A bad answer, the exit code, what the message says, and what it says to type."""

    fault: Fault
    code: int
    said: tuple[str, ...]
    hint: str


HOST = "127.0.0.1:"
ROWS = [
    Row(
        Fault("mfa"),
        4,
        ("contoso.com wants more proof (MFA)", ADA, "AADSTS50076"),
        f"{AGAIN} --claims-challenge ey",
    ),
    Row(Fault("consent"), 4, ("nobody has agreed", ADA, "contoso.com", "AADSTS65001"), AGAIN),
    Row(Fault("revoked"), 4, (f"the sign-in of {ADA} is over", "revoked", "AADSTS50173"), AGAIN),
    Row(Fault("expired"), 4, (f"the sign-in of {ADA} is over", "AADSTS700082"), AGAIN),
    Row(
        Fault("blocked"),
        4,
        ("Conditional Access of contoso.com", ADA, "AADSTS53003"),
        f"{AGAIN} --broker",
    ),
    Row(
        Fault("disabled"),
        1,
        (f"{ADA} is disabled", "AADSTS50057"),
        "azenv: hint: ask an administrator of contoso.com",
    ),
    Row(
        Fault("throttled", endpoint="token", retry_after=999),
        1,
        (HOST, "too busy", "429", "17 minutes"),
        "azenv: hint: try again later",
    ),
    Row(
        Fault("server_error", endpoint="token"),
        1,
        (HOST, "a failure of its own", "503"),
        "azenv: hint: try again later",
    ),
    Row(
        Fault("truncated", endpoint="token"),
        1,
        (HOST, "does not parse: cut short?"),
        "azenv: hint: try again",
    ),
    Row(
        Fault("html", endpoint="token"),
        1,
        (HOST, "a web page, not with JSON"),
        "azenv: hint: open a web page in a browser",
    ),
    Row(Fault("dropped", endpoint="token"), 1, (HOST, "broke off"), "azenv: hint: try again"),
]


def kept(home: Home) -> dict[str, bytes]:
    """Return what is stored; locks say nothing."""
    return {p.name: p.read_bytes() for p in home.store.iterdir() if p.suffix != ".lock"}


def test_every_kind_has_a_row() -> None:
    # claims challenges are ARM's: they are answered below
    assert {row.fault.kind for row in ROWS} == set(KINDS) - {"claims"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault.kind)
def test_a_token(azure: Sandbox, empty: Home, row: Row) -> None:
    empty.ok(*LOGIN)
    before = kept(empty)
    azure.cloud.faults.add(row.fault)
    said = empty.fail("token", "--context", "Contoso Dev", "-r", "https://x.test", code=row.code)
    for text in row.said:
        assert text in said
    assert row.hint in said
    assert "eyJ0" not in said  # no token in it
    assert kept(empty) == before
    azure.cloud.faults.clear()
    assert empty.ok("token", "--context", "Contoso Dev", "-r", "https://x.test").out


@pytest.mark.parametrize(
    "row",
    # the other two are settled by the sign-in itself
    [row for row in ROWS if row.fault.kind not in ("mfa", "consent")],
    ids=lambda row: row.fault.kind,
)
def test_a_second_sign_in(azure: Sandbox, empty: Home, row: Row) -> None:
    empty.ok(*LOGIN)
    before = kept(empty)
    azure.cloud.faults.add(row.fault)
    ran = empty.run(*LOGIN, "--username", ADA, "--tenant", "contoso.com")
    assert ran.code == row.code, ran.err
    for text in row.said:
        assert text in ran.err
    assert kept(empty) == before


# a failure that lasts is waited for, so that one takes its time
@pytest.mark.parametrize("kind", sorted({*BROKEN} - {"server_error"}))
def test_azure_itself_is_broken(azure: Sandbox, empty: Home, kind: str) -> None:
    empty.ok(*LOGIN)
    before = kept(empty)
    azure.cloud.faults.add(Fault(kind, endpoint="arm", retry_after=999))
    said = empty.fail("subscriptions", "--refresh")
    assert f"no tenant of {ADA} could be listed" in said
    assert "contoso.com, fabrikam.com are not listed to the end" in said
    assert "azenv subscriptions --refresh" in said
    assert kept(empty) == before
    # a sign-in is kept: it was good
    ran = empty.ok(*LOGIN)
    assert "is not listed to the end" in ran.err
    assert len(empty.names()) == 6


def test_azure_wants_a_claim_and_gets_it(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    azure.cloud.faults.add(Fault("claims", endpoint="arm"))
    assert "6 subscriptions" in empty.ok("subscriptions", "--refresh").err
    assert azure.cloud.calls["token"] > 2


def test_what_mfa_says_to_type_is_enough(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    azure.cloud.faults.add(Fault("mfa"))
    words = ("token", "--context", "Contoso Dev", "-r", "https://x.test")
    hint = empty.fail(*words, code=4).partition("azenv: hint: azenv ")[2].splitlines()[0]
    empty.ok(*shlex.split(hint), "--no-browser")
    assert empty.ok(*words).out


def test_an_application_is_refused(azure: Sandbox, empty: Home) -> None:
    one = next(iter(azure.cloud.population.applications.values()))
    who = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    empty.type(one.secrets[0])
    empty.ok("login", *who, "--secret-file", "-")
    words = ("token", "--context", "Contoso Dev", "-r", "https://x.test")
    one.secrets.clear()
    said = empty.fail(*words, code=4)
    assert f"the secret of the application {one.client_id} is wrong" in said
    assert f"azenv login --service-principal --client-id {one.client_id} --tenant" in said
    assert "--secret-file FILE" in said
    one.disabled = True
    said = empty.fail(*words)
    assert f"the application {one.client_id} is disabled in contoso.com" in said
    assert "ask an administrator of contoso.com" in said


def test_no_such_tenant(azure: Sandbox, empty: Home) -> None:
    ran = empty.run(*LOGIN, "--tenant", "nosuch.example")
    assert ran.code == 1
    assert "nosuch.example" in ran.err
    assert ran.err.count("azenv: error: ") == 1
    assert not (empty.store / "tokens.bin").exists()
