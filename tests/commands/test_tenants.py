from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Population, Subscription, identifier
from tests.commands.azure import ADA, CLOUD, azure, running

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


def test_tenants_and_subscriptions(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    calls = dict(azure.cloud.calls)
    tenants = empty.ok("tenants", "-o", "json").data
    assert [(one["domain"], one["subscriptions"]) for one in tenants] == [
        ("contoso.com", 3),
        ("fabrikam.com", 3),
    ]
    rows = empty.ok("subscriptions", "--tenant", "fabrikam.com", "-o", "tsv").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == [
        "Fabrikam Dev",
        "Fabrikam Prod",
        "Fabrikam Test",
    ]
    assert azure.cloud.calls == calls  # what is known is told without a call
    assert empty.ok("subscriptions", "--account", "nobody@x").err.startswith("azenv: no sub")


def test_a_new_subscription_comes_with_refresh(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    population = azure.cloud.population
    tenant = next(iter(population.tenants))
    fresh = Subscription(identifier("new"), "Brand New", tenant, home_tenant=tenant)
    gone = population.subscriptions.pop(next(iter(population.subscriptions)))
    population.subscriptions[fresh.id] = fresh
    ran = empty.ok("subscriptions", "--refresh", "-o", "tsv")
    assert "Brand New" in ran.out
    assert "1 context added" in ran.err
    assert f'"{gone.name} ({gone.id})" is not listed any more' in ran.err
    assert len(empty.names()) == 7  # nothing is removed unasked


def test_refresh_with_one_tenant_down(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    away = list(azure.cloud.population.tenants.values())[1]
    azure.cloud.faults.add(Fault("html", "arm", tenant=away.id))
    ran = empty.ok("tenants", "--refresh", "-o", "tsv")
    assert len(ran.out.splitlines()) == 2
    assert "warning: fabrikam.com is not listed to the end" in ran.err
    azure.cloud.faults.add(Fault("server_error", "arm"))
    assert "azenv: error: " in empty.run("subscriptions", "--refresh", "--tenant", away.id).err
    assert len(empty.names()) == 6


def test_nobody_is_signed_in(home: Home) -> None:
    assert "azenv itself has signed nobody in" in home.fail("tenants", "--refresh", code=4)
    assert len(home.ok("subscriptions", "-o", "tsv").out.splitlines()) == 3


def test_a_thousand(azure: Sandbox, empty: Home) -> None:
    azure.cloud.population = Population.generate(20, 50)
    said = empty.ok(*LOGIN).err
    assert "(20 tenants, 1000 subscriptions)" in said
    assert len(empty.ok("subscriptions", "-o", "tsv").out.splitlines()) == 1000


def test_refresh_gets_new_tokens(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    before = azure.cloud.calls["token"]
    ran = empty.ok("refresh", "Contoso Dev")
    assert azure.cloud.calls["token"] == before + 1
    assert f"{ADA} has new tokens" in ran.err
    azure.cloud.faults.add(Fault("revoked"))
    said = empty.fail("refresh", "Contoso Dev", code=4)
    assert f"the sign-in of {ADA} is over" in said
