"""Targets of every kind that az and Azure PowerShell know, with hostile names."""

from __future__ import annotations

from hypothesis import strategies as st

from azenv.core.model import (
    MANAGED_IDENTITY,
    SERVICE_PRINCIPAL,
    USER,
    Account,
    Subscription,
    Target,
    Tenant,
)

ids = st.uuids().map(str)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
clouds = st.sampled_from(["AzureCloud", "AzureUSGovernment", "AzureChinaCloud", "StackLab"])


@st.composite
def accounts(draw: st.DrawFn, tenant: str) -> Account:
    kind = draw(st.sampled_from([USER, SERVICE_PRINCIPAL, MANAGED_IDENTITY]))
    if kind == USER:
        home_tenant = draw(ids)
        return Account(draw(texts), USER, f"{draw(ids)}.{home_tenant}", home_tenant)
    if kind == SERVICE_PRINCIPAL:
        client_id = draw(ids)
        home_id, has_sni = f"{client_id}.{tenant}", draw(st.booleans())
        return Account(client_id, SERVICE_PRINCIPAL, home_id, tenant, has_sni)
    info = draw(
        st.just("MSI")
        | ids.map(lambda item: f"MSIClient-{item}")
        | ids.map(lambda item: f"MSIObject-{item}")
        | ids.map(lambda item: f"MSIResource-/subscriptions/{item}/x-y")
    )
    name = "systemAssignedIdentity" if info == "MSI" else "userAssignedIdentity"
    return Account(name, MANAGED_IDENTITY, info, tenant)


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    return Subscription(
        id=draw(ids),
        name=draw(texts),
        state=draw(st.sampled_from(["Enabled", "Disabled", "Warned"])),
        home_tenant=draw(ids),
        managed_by=tuple(draw(st.lists(ids, max_size=2))),
    )


@st.composite
def targets(draw: st.DrawFn) -> Target:
    tenant = draw(ids)
    subscription = draw(st.none() | subscriptions())
    return Target(
        cloud=draw(clouds),
        account=draw(accounts(tenant)),
        tenant=Tenant(tenant, draw(st.just("") | texts), draw(st.just("") | texts)),
        subscription=subscription,
    )
