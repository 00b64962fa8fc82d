from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.clients import federated_token
from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Federation
from tests.commands.azure import ADA, CLOUD, azure, running

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home, Ran

__all__ = ["azure", "running"]  # fixtures

DEVICE = ("login", "--no-browser", "--cloud", CLOUD)


def login(home: Home, *words: str) -> Ran:
    return home.ok(*DEVICE, *words)


def refused(home: Home, *words: str, code: int = 1) -> str:
    """Run what must fail; return all that was said, the last an error with its hint."""
    ran = home.run(*words)
    assert (ran.code, ran.out) == (code, ""), ran
    assert ran.err.count("azenv: error: ") == 1
    return ran.err


def application(azure: Sandbox) -> tuple[str, str, str]:
    one = next(iter(azure.cloud.population.applications.values()))
    return one.client_id, one.tenant, one.secrets[0]


def as_application(azure: Sandbox, *words: str, tenant: str = "") -> tuple[str, ...]:
    client_id, home, _ = application(azure)
    place = ("--tenant", tenant or home, "--cloud", CLOUD)
    return ("login", "--service-principal", "--client-id", client_id, *place, *words)


def stored(home: Home) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in home.store.iterdir() if p.is_file()}


def test_a_device_code(azure: Sandbox, empty: Home) -> None:
    ran = login(empty, "-o", "json")
    assert ran.data["name"].startswith("Contoso Data (") or ran.data["subscription"]
    assert f"open {azure.url}/devicelogin" in ran.err
    assert "and enter the code " in ran.err
    assert f"signed in: {ADA} (2 tenants, 6 subscriptions)" in ran.err
    assert len(empty.names()) == 6
    assert "the key is in" in ran.err
    assert stat.S_IMODE((empty.store / "tokens.bin").stat().st_mode) == 0o600
    assert b"eyJ" not in (empty.store / "tokens.bin").read_bytes()


def test_a_second_sign_in_updates(azure: Sandbox, empty: Home) -> None:
    login(empty)
    first = json.loads(empty.ok("list", "-o", "json").out)
    said = login(empty).err
    assert json.loads(empty.ok("list", "-o", "json").out) == first
    assert "the key is in" not in said  # told once


def test_what_az_had_is_the_same_account(azure: Sandbox, empty: Home) -> None:
    population = azure.cloud.population
    one = next(iter(population.subscriptions.values()))
    row = {
        "id": one.id,
        "name": one.name,
        "state": "Enabled",
        "user": {"name": ADA, "type": "user"},
        "isDefault": True,
        "tenantId": one.tenant,
        "environmentName": CLOUD,
        "homeTenantId": one.tenant,
        "managedByTenants": [],
    }
    empty.sign_in(row)
    empty.ok("import", "az")
    empty.ok("rename", one.name, "mine")
    login(empty)
    assert len(empty.names()) == 6
    assert "mine" in empty.names()


@pytest.mark.parametrize("by_id", [False, True])
def test_a_subscription_is_asked_for(azure: Sandbox, empty: Home, *, by_id: bool) -> None:
    one = list(azure.cloud.population.subscriptions.values())[4]
    words = ("--subscription", one.id if by_id else one.name.upper(), "--name", "mine")
    data = login(empty, *words, "-o", "json").data
    assert (data["name"], data["subscription"]["id"]) == ("mine", one.id)
    assert len(empty.names()) == 6  # no twin under a generated name


def test_an_unknown_subscription_loses_no_sign_in(azure: Sandbox, empty: Home) -> None:
    said = refused(empty, *DEVICE, "--subscription", "contoso prd")
    assert f'{ADA} sees no subscription "contoso prd"' in said.splitlines()[-2], said
    assert "did you mean Contoso Prod" in said
    assert len(empty.names()) == 6


def test_one_name_of_two_subscriptions(azure: Sandbox, empty: Home) -> None:
    for one in list(azure.cloud.population.subscriptions.values())[1:4:2]:
        one.name = "Same"
    said = refused(empty, *DEVICE, "--subscription", "same")
    assert '"same" is the name of 2 subscriptions' in said
    assert "Contoso" in said
    assert "Fabrikam" in said


def test_one_tenant_alone(azure: Sandbox, empty: Home) -> None:
    away = list(azure.cloud.population.tenants.values())[1]
    said = login(empty, "--tenant", away.domain).err
    assert "(1 tenant, 3 subscriptions)" in said
    assert all(name.startswith("Fabrikam") for name in empty.names())


def test_no_subscription_is_a_tenant(azure: Sandbox, empty: Home) -> None:
    azure.cloud.population.subscriptions.clear()
    data = login(empty, "-o", "json").data
    assert data["subscription"] is None
    assert data["name"] == f"contoso.com - {ADA}"


def test_mfa_of_one_tenant_is_pending(azure: Sandbox, empty: Home) -> None:
    away = list(azure.cloud.population.tenants.values())[1]
    azure.cloud.faults.add(Fault("mfa", tenant=away.id))
    said = login(empty).err
    assert "fabrikam.com is left out: " in said
    assert f"wants more proof (MFA) from {ADA}" in said
    assert said.count("hint: azenv login --pending") == 1
    assert len(empty.names()) == 3
    azure.cloud.faults.clear()
    said = empty.ok("login", "--pending", "--no-browser", "--dry-run").err
    assert "would sign in to fabrikam.com" in said
    said = empty.ok("login", "--pending", "--no-browser").err
    assert "fabrikam.com: 1 tenant, 3 subscriptions" in said
    assert len(empty.names()) == 6
    assert "no tenant waits" in empty.ok("login", "--pending").err


def test_a_tenant_that_stays_closed(azure: Sandbox, empty: Home) -> None:
    away = list(azure.cloud.population.tenants.values())[1]
    azure.cloud.faults.add(Fault("blocked", tenant=away.id))
    login(empty)
    said = empty.run("login", "--pending", "--no-browser")
    assert said.code == 4
    assert "1 of 1 tenants still want a sign-in" in said.err
    assert "on this device" in said.err
    assert len(empty.names()) == 3


@pytest.mark.parametrize("kind", ["server_error", "truncated", "html", "dropped", "throttled"])
def test_one_tenant_that_is_down(azure: Sandbox, empty: Home, kind: str) -> None:
    away = list(azure.cloud.population.tenants.values())[1]
    azure.cloud.faults.add(Fault(kind, "arm", tenant=away.id, retry_after=99))
    said = login(empty).err
    assert "warning: fabrikam.com is not listed to the end: " in said
    assert "hint: azenv subscriptions --refresh" in said
    assert len(empty.names()) == 3


def test_a_short_throttle_is_waited_for(azure: Sandbox, empty: Home) -> None:
    azure.cloud.faults.add(Fault("throttled", "arm", times=1, retry_after=1))
    assert "(2 tenants, 6 subscriptions)" in login(empty).err


def test_what_is_down_later_stays_known(azure: Sandbox, empty: Home) -> None:
    login(empty)
    azure.cloud.faults.add(Fault("server_error", "arm"))
    login(empty)
    assert len(empty.names()) == 6


def test_a_secret_from_stdin(azure: Sandbox, empty: Home) -> None:
    client_id, tenant, secret = application(azure)
    empty.type(f"{secret}\n")
    words = as_application(azure, "--secret-file", "-", "-o", "json", tenant="contoso.com")
    data = empty.ok(*words).data
    assert data["account"] == {
        "username": client_id,
        "kind": "servicePrincipal",
        "home_account_id": f"{client_id}.{tenant}",
    }
    for name, content in stored(empty).items():
        assert secret.encode() not in content, name


def test_a_secret_is_never_a_word(azure: Sandbox, empty: Home) -> None:
    empty.fail(*as_application(azure), code=2)  # nobody can be asked here
    assert 'no such option "--secret"' in empty.fail(
        *as_application(azure, "--secret", "x"), code=2
    )


def test_a_wrong_secret(azure: Sandbox, empty: Home) -> None:
    client_id, *_ = application(azure)
    before = stored(empty)
    empty.type("wrong\n")
    said = empty.fail(*as_application(azure, "--secret-file", "-"), code=4)
    assert f"the secret of the application {client_id} is wrong (AADSTS7000215)" in said
    assert "wrong\n" not in said.replace("is wrong", "")
    assert "--secret-file FILE" in said
    assert stored(empty) == before


def test_an_older_token_hides_no_wrong_secret(azure: Sandbox, empty: Home) -> None:
    *_, secret = application(azure)
    empty.type(secret)
    empty.ok(*as_application(azure, "--secret-file", "-"))
    before = stored(empty)
    empty.type("wrong")
    empty.fail(*as_application(azure, "--secret-file", "-"), code=4)
    assert stored(empty) == before


def test_a_federated_token(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    client_id, tenant, _ = application(azure)
    one = azure.cloud.population.applications[client_id]
    one.federations.append(Federation("https://issuer.test", "repo:azenv"))
    path = tmp_path / "token"
    path.write_text(federated_token(azure.cloud, one))
    empty.setenv("AZURE_FEDERATED_TOKEN_FILE", str(path))
    empty.setenv("AZURE_CLIENT_ID", client_id)
    empty.setenv("AZURE_TENANT_ID", tenant)
    assert "signed in" in empty.ok("login", "--federated", "--cloud", CLOUD).err
    path.unlink()
    said = empty.fail("login", "--federated", "--cloud", CLOUD, code=4)
    assert f"the federated token's file is missing: {path}" in said


def test_the_machine_itself(azure: Sandbox, empty: Home) -> None:
    for name, value in azure.identity_environment().items():
        empty.setenv(name, value)
    said = empty.ok("login", "--identity", "--cloud", CLOUD, "-o", "json")
    assert said.data["account"]["kind"] == "managedIdentity"


def test_ways_that_contradict(azure: Sandbox, empty: Home) -> None:
    said = empty.fail("login", "--identity", "--certificate", "x", code=2)
    assert "--identity and --certificate are two ways to sign in" in said
    assert 'no cloud "lcal" is known' in empty.fail("login", "--cloud", "lcal")
    assert "nothing here gives federated tokens" in empty.fail(
        "login", "--federated", "--client-id", "x", "--tenant", "t", "--cloud", CLOUD, code=2
    )


def test_a_dry_run_reaches_nothing(azure: Sandbox, empty: Home) -> None:
    before = stored(empty)
    said = empty.ok(*DEVICE, "--dry-run").err
    assert f"would sign in by device code at {azure.url}" in said
    assert f"would keep it in {empty.store}" in said
    assert stored(empty) == before
    assert not azure.cloud.calls


def test_a_name_of_another_is_kept(azure: Sandbox, empty: Home) -> None:
    login(empty, "--subscription", "Contoso Dev", "--name", "mine")
    before = stored(empty)
    said = refused(empty, *DEVICE, "--subscription", "Contoso Prod", "--name", "mine")
    assert 'a context named "mine" exists' in said
    assert stored(empty) == before
    login(empty, "--subscription", "Contoso Prod", "--name", "mine", "--force")
    assert empty.context("mine")["subscription"]["name"] == "Contoso Prod"


def test_a_second_name_of_one_identity(azure: Sandbox, empty: Home) -> None:
    login(empty, "--subscription", "Contoso Dev", "--name", "one")
    login(empty, "--subscription", "Contoso Dev", "--name", "two")
    assert {"one", "two"} < set(empty.names())
    assert len(empty.names()) == 7


def test_modes(azure: Sandbox, empty: Home) -> None:
    login(empty)
    for path in empty.top.rglob("*"):
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if path.is_file() and not path.is_symlink():
            assert mode == 0o600, path
