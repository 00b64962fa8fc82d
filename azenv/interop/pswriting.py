"""Write what Import-AzContext reads, without a secret."""

from __future__ import annotations

import json

from azenv.core.model import SERVICE_PRINCIPAL, USER
from azenv.interop import psclouds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azenv.core.model import Target

GROUP_KEY = "Default Resource Group"
# What Azure PowerShell calls the identity that the machine itself has.
SYSTEM_ID = "MSI@50342"
# Ours: Azure PowerShell keeps what it does not know, and az tells identities apart by it.
IDENTITY_KEY = "AzureCliAssignedIdentityInfo"
_BOM = b"\xef\xbb\xbf"


def dump(
    contexts: list[tuple[str, Target, str]],
    default_name: str,
    clouds: dict[str, dict[str, str]],
) -> bytes:
    """Return the bytes that Import-AzContext reads, without a secret."""
    written = {
        "DefaultContextKey": default_name or None,
        "EnvironmentTable": {
            name: psclouds.from_az(name, options)
            for name, options in clouds.items()
            if not psclouds.is_built_in(name)
        },
        "Contexts": {name: _context(target, group, clouds) for name, target, group in contexts},
        "ExtendedProperties": {},
    }
    return _BOM + json.dumps(written, indent=2, ensure_ascii=False).encode("utf-8")


def _context(target: Target, group: str, clouds: dict[str, dict[str, str]]) -> dict[str, Any]:
    tenant = target.tenant
    facts = {"DisplayName": tenant.name, "DefaultDomain": tenant.domain, "Domains": tenant.domain}
    return {
        "Account": _written_account(target),
        "Tenant": {
            "Id": tenant.id,
            "Directory": tenant.domain or None,
            "IsHome": tenant.id == target.account.home_tenant,
            "ExtendedProperties": {key: value for key, value in facts.items() if value},
        },
        "Subscription": _written_subscription(target),
        "Environment": psclouds.from_az(target.cloud, clouds.get(target.cloud, {})),
        "VersionProfile": None,
        "TokenCache": {"CacheData": None},
        "ExtendedProperties": {GROUP_KEY: group} if group else {},
    }


def _written_account(target: Target) -> dict[str, Any]:
    account = target.account
    name, extended = account.username, {"Tenants": target.tenant.id}
    if target.subscription:
        extended["Subscriptions"] = target.subscription.id
    if account.kind == USER:
        written = "User"
        if "." in account.home_id and ":" not in account.home_id:
            extended["HomeAccountId"] = account.home_id
    elif account.kind == SERVICE_PRINCIPAL:
        written = "ServicePrincipal"
        if account.certificate_sni:
            extended["SendCertificateChain"] = "true"
    else:
        written = "ManagedService"
        kind, _, identity = account.home_id.partition("-")
        name = identity or SYSTEM_ID
        if identity and kind != "MSIClient":
            extended[IDENTITY_KEY] = account.home_id
    return {
        "Id": name,
        "Credential": None,
        "Type": written,
        "TenantMap": {},
        "ExtendedProperties": extended,
    }


def _written_subscription(target: Target) -> dict[str, Any] | None:
    subscription = target.subscription
    if subscription is None:
        return None
    facts = {
        "HomeTenant": subscription.home_tenant,
        "Tenants": target.tenant.id,
        "Account": target.account.username,
        "Environment": target.cloud,
        "ManagedByTenants": ",".join(subscription.managed_by),
    }
    return {
        "Id": subscription.id,
        "Name": subscription.name,
        "State": subscription.state,
        "ExtendedProperties": {key: value for key, value in facts.items() if value},
    }
