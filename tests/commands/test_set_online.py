from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Subscription, Tenant, identifier
from tests.commands.azure import ADA, CLOUD, azure, running

if TYPE_CHECKING:
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD, "--subscription", "Contoso Dev")


def add(azure: Sandbox, name: str, tenant: int = 0) -> Subscription:
    population = azure.cloud.population
    home = list(population.tenants)[tenant]
    fresh = Subscription(identifier(name), name, home, home_tenant=home)
    population.subscriptions[fresh.id] = fresh
    return fresh


def test_what_is_known_needs_no_call(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    calls = dict(azure.cloud.calls)
    assert empty.ok("set", "--subscription", "fabrikam prod", "-o", "json").data["subscription"]
    assert azure.cloud.calls == calls


def test_a_new_subscription_is_asked_for(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    fresh = add(azure, "Brand New", 1)
    data = empty.ok("set", "--subscription", "brand new", "-o", "json", "--no-select").data
    assert data["subscription"]["id"] == fresh.id
    assert data["tenant"]["domain"] == "fabrikam.com"


def test_an_unknown_one_is_an_error_with_the_nearest(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    ran = empty.run("set", "--subscription", "Contoso Prd")
    assert ran.code == 1
    assert f'{ADA} sees no subscription "Contoso Prd"' in ran.err
    assert "Contoso Prod" in ran.err


def test_one_name_in_two_tenants(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    add(azure, "Twin", 0)
    away = list(azure.cloud.population.tenants)[1]
    twin = Subscription(identifier("other"), "Twin", away, home_tenant=away)
    azure.cloud.population.subscriptions[twin.id] = twin
    ran = empty.run("set", "--subscription", "twin")
    assert ran.code == 1
    assert '"twin" fits 2 subscriptions' in ran.err
    assert "fabrikam.com" in ran.err
    empty.ok("set", "--subscription", "twin", "--tenant", "fabrikam.com")


def test_a_tenant_alone_by_its_domain(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    population = azure.cloud.population
    fresh = Tenant(identifier("t"), "tailspin.com", "Tailspin")
    population.tenants[fresh.id] = fresh
    one = Subscription(identifier("s"), "Tailspin Dev", fresh.id, home_tenant=fresh.id)
    population.subscriptions[one.id] = one
    population.users[ADA].guest_of.append(fresh.id)
    data = empty.ok("set", "--tenant", "tailspin.com", "-o", "json").data
    assert (data["tenant"]["id"], data["subscription"]["id"]) == (fresh.id, one.id)
    ran = empty.run("set", "--tenant", "nowhere.test")
    assert ran.code == 1
    assert 'no tenant "nowhere.test" is known in local' in ran.err


def test_a_second_name(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    empty.ok("set", "--subscription", "Contoso Dev", "--name", "second", "--no-select")
    assert "second" in empty.names()
    assert len(empty.names()) == 7


def test_without_a_network_the_error_says_so(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    azure.cloud.faults.add(Fault("html", "arm"))
    ran = empty.run("set", "--subscription", "Unheard Of")
    assert ran.code == 1
    assert "not with JSON: a proxy" in ran.err
