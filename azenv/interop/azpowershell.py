"""Azure PowerShell's AzureRmContext.json, and what Save-AzContext writes.

Secrets that such a file may hold are never kept; only that there were some is told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from azenv.core.errors import DamagedError, NotFoundError
from azenv.core.model import (
    MANAGED_IDENTITY,
    SERVICE_PRINCIPAL,
    USER,
    Account,
    Subscription,
    Target,
    Tenant,
)
from azenv.interop import foreign, psclouds
from azenv.interop.azrows import SYSTEM_ASSIGNED, USER_ASSIGNED
from azenv.interop.psjson import Part
from azenv.interop.pswriting import GROUP_KEY, IDENTITY_KEY, SYSTEM_ID, dump

__all__ = ["Imported", "dump", "find", "load", "parse"]

FILE = "AzureRmContext.json"
_KINDS = {
    "user": USER,
    "accesstoken": USER,
    "serviceprincipal": SERVICE_PRINCIPAL,
    "certificate": SERVICE_PRINCIPAL,
    "clientassertion": SERVICE_PRINCIPAL,
    "managedservice": MANAGED_IDENTITY,
}
_SECRETS = (
    *("AccessToken", "GraphAccessToken", "MicrosoftGraphAccessToken", "KeyVault"),
    *("KeyVaultAccessToken", "CertificatePassword", "ServicePrincipalSecret", "ClientAssertion"),
    "MSILoginSecret",
)


@dataclass(slots=True)
class Imported:
    """What a file held: contexts as (name, target, default group), the default, own clouds.

    `clouds` maps a name to az's options (endpoint_active_directory …). `skipped` names contexts
    that say too little to be used: no account, no tenant, or an unknown kind of account.
    """

    contexts: list[tuple[str, Target, str]] = field(default_factory=list)
    default_name: str = ""
    clouds: dict[str, dict[str, str]] = field(default_factory=dict)
    had_secrets: bool = False
    skipped: list[str] = field(default_factory=list)


def find(home: str) -> str | None:
    """Return the user's own file: `.Azure`, where Azure PowerShell writes it, or `.azure`."""
    paths = (os.path.join(home, folder, FILE) for folder in (".Azure", ".azure"))
    return next((path for path in paths if os.path.isfile(path)), None)


def load(path: str) -> Imported:
    """Return what the file at `path` holds. Raises NotFoundError, DamagedError."""
    data = foreign.read(path)
    if data is None:
        raise NotFoundError(f"there is no file {path}", hint="azenv import FILE")
    return parse(data, path)


def parse(data: bytes, path: str) -> Imported:
    """Return what `data` holds; `path` is for messages. Raises DamagedError naming the key."""
    top = Part.parse(data, path)
    if "Contexts" not in top and "Context" in top:
        raise DamagedError(
            f"{path} was written by a version of before 2017, which azenv does not read",
            hint="in Azure PowerShell: Import-AzContext FILE; Save-AzContext NEWFILE",
        )
    found = Imported(default_name=top.text("DefaultContextKey"))
    for name, environment in top.part("EnvironmentTable").parts():
        if not psclouds.is_built_in(name):
            found.clouds[name] = psclouds.to_az(environment)
    for name, context in top.part("Contexts").parts():
        _add(found, name, context)
    if found.default_name not in {name for name, _, _ in found.contexts}:
        found.default_name = ""
    return found


def _add(found: Imported, name: str, context: Part) -> None:
    account, environment = context.part("Account"), context.part("Environment")
    found.had_secrets |= _has_secrets(context, account)
    target = _target(context, account, environment)
    if target is None:
        found.skipped.append(name)
        return
    if not psclouds.is_built_in(target.cloud):
        found.clouds.setdefault(target.cloud, psclouds.to_az(environment))
    found.contexts.append((name, target, context.part("ExtendedProperties").text(GROUP_KEY)))


def _has_secrets(context: Part, account: Part) -> bool:
    extended = account.part("ExtendedProperties")
    return (
        bool(context.part("TokenCache").get("CacheData"))
        or bool(account.get("Credential"))
        or any(extended.get(key) for key in _SECRETS)
    )


def _target(context: Part, account: Part, environment: Part) -> Target | None:
    tenant = _tenant(context, account)
    kind = _KINDS.get(account.text("Type").lower())
    if not (tenant.id and kind and account.text("Id")):
        return None
    return Target(
        cloud=psclouds.canonical(environment.text("Name")),
        account=_account(account, kind, tenant.id),
        tenant=tenant,
        subscription=_subscription(context.part("Subscription")),
    )


def _tenant(context: Part, account: Part) -> Tenant:
    found = context.part("Tenant")
    extended = found.part("ExtendedProperties")
    first, _, _ = account.part("ExtendedProperties").text("Tenants").partition(",")
    domain = extended.text("DefaultDomain") or extended.text("Domains").partition(",")[0]
    return Tenant(
        found.text("Id") or first.strip(),
        domain or found.text("Directory"),
        extended.text("DisplayName"),
    )


def _account(account: Part, kind: str, tenant: str) -> Account:
    name, extended = account.text("Id"), account.part("ExtendedProperties")
    if kind == USER:
        home_id = extended.text("HomeAccountId")
        return Account(name, USER, home_id, home_id.rpartition(".")[2])
    if kind == SERVICE_PRINCIPAL:
        has_sni = extended.text("SendCertificateChain").lower() == "true"
        return Account(name, SERVICE_PRINCIPAL, f"{name}.{tenant}", tenant, has_sni)
    if name.lower() == SYSTEM_ID.lower():
        return Account(SYSTEM_ASSIGNED, MANAGED_IDENTITY, "MSI", tenant)
    info = extended.text(IDENTITY_KEY) or f"MSIClient-{name}"
    return Account(USER_ASSIGNED, MANAGED_IDENTITY, info, tenant)


def _subscription(found: Part) -> Subscription | None:
    if not found.text("Id"):
        return None
    extended = found.part("ExtendedProperties")
    managed_by = extended.text("ManagedByTenants").split(",")
    return Subscription(
        id=found.text("Id"),
        name=found.text("Name") or found.text("Id"),
        state=found.text("State") or "Enabled",
        home_tenant=extended.text("HomeTenant"),
        managed_by=tuple(tenant.strip() for tenant in managed_by if tenant.strip()),
    )
