"""az's profile: its rows as targets and back, and az's own default."""

from __future__ import annotations

import io
import os

from azenv.core.model import (
    MANAGED_IDENTITY,
    SERVICE_PRINCIPAL,
    USER,
    Account,
    Subscription,
    Target,
    Tenant,
)
from azenv.interop import azclouds, azrows, foreign
from azenv.interop.azrows import SYSTEM_ASSIGNED, USER_ASSIGNED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from configparser import ConfigParser

    from azenv.interop.azrows import Row

    HomeIds = Mapping[tuple[str, ...], str]

# How the home id of a Cloud Shell account begins: az fetches its tokens from the shell's host.
CLOUD_SHELL = "cloudShell:"


class Profile:
    """az's profile as read: the installation id, and the rows as az keeps them."""

    __slots__ = ("installation_id", "rows")

    def __init__(self, installation_id: str, rows: list[Row]) -> None:
        self.installation_id = installation_id
        self.rows = rows


def load(base: str) -> Profile:
    """Return az's profile, an empty one where az never ran. Raises DamagedError."""
    path = azrows.path(base)
    data = foreign.read(path)
    found = azrows.parse(data, path) if data is not None else {}
    installation_id = found.get("installationId")
    return Profile(
        installation_id if isinstance(installation_id, str) else "",
        found.get("subscriptions") or [],
    )


def targets(
    profile: Profile | list[Row], home_ids: HomeIds | None = None
) -> list[tuple[Target, bool]]:
    """Return what every row points at, and whether it is az's default of its cloud.

    `home_ids` comes from `azcaches.home_ids`; az's profile itself knows users by name only.
    """
    rows = profile.rows if isinstance(profile, Profile) else profile
    return [(_target(row, home_ids or {}), row.get("isDefault") is True) for row in rows]


def _target(row: Row, home_ids: HomeIds) -> Target:
    tenant = Tenant(
        row["tenantId"], _text(row, "tenantDefaultDomain"), _text(row, "tenantDisplayName")
    )
    subscription = None
    if row["name"] != azrows.TENANT_LEVEL:
        subscription = Subscription(
            id=row["id"],
            name=row["name"],
            state=_text(row, "state") or "Enabled",
            home_tenant=_text(row, "homeTenantId"),
            managed_by=_managed_by(row),
        )
    return Target(row["environmentName"], _account(row, home_ids), tenant, subscription)


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return str(value) if azrows.is_text(value) else ""


def _managed_by(row: Row) -> tuple[str, ...]:
    tenants = row.get("managedByTenants")
    found = tenants if isinstance(tenants, list) else []
    return tuple(_text(item, "tenantId") for item in found if isinstance(item, dict))


def _account(row: Row, home_ids: HomeIds) -> Account:
    user, tenant = row["user"], row["tenantId"]
    name = user["name"]
    if user.get("cloudShellID"):
        return Account(name, USER, f"{CLOUD_SHELL}{name}")
    if user["type"] != "servicePrincipal":
        named = (row["environmentName"].casefold(), name.casefold())
        home_id = home_ids.get((*named, tenant.casefold())) or home_ids.get(named, "")
        return Account(name, USER, home_id, home_id.rpartition(".")[2])
    if name in (SYSTEM_ASSIGNED, USER_ASSIGNED):
        return Account(name, MANAGED_IDENTITY, _text(user, "assignedIdentityInfo") or "MSI", tenant)
    has_sni = user.get("useCertSNIssuerAuth") is True
    return Account(name, SERVICE_PRINCIPAL, f"{name}.{tenant}", tenant, has_sni)


def row(target: Target, default: bool = False) -> Row:  # noqa: FBT001, FBT002  az's own flag
    """Return the row as az itself would write it: the inverse of `targets`."""
    subscription = target.subscription
    if subscription is None:
        found = azrows.tenant_level(target.cloud, target.tenant.id, _user(target.account))
        found["isDefault"] = default
        return found
    found = {
        "id": subscription.id,
        "name": subscription.name,
        "state": subscription.state,
        "user": _user(target.account),
        "isDefault": default,
        "tenantId": target.tenant.id,
        "environmentName": target.cloud,
    }
    if subscription.home_tenant:
        found["homeTenantId"] = subscription.home_tenant
    if target.tenant.domain:
        found["tenantDefaultDomain"] = target.tenant.domain
    if target.tenant.name:
        found["tenantDisplayName"] = target.tenant.name
    if subscription.home_tenant or subscription.managed_by:
        found["managedByTenants"] = [{"tenantId": tenant} for tenant in subscription.managed_by]
    return found


def _user(account: Account) -> Row:
    if account.kind == USER:
        found: Row = {"name": account.username, "type": "user"}
        if account.home_id.startswith(CLOUD_SHELL):
            found["cloudShellID"] = True
        return found
    found = {"name": account.username, "type": "servicePrincipal"}
    if account.kind == MANAGED_IDENTITY:
        is_system = account.home_id in ("", "MSI")
        # az fetches a token by this name; what Azure PowerShell calls it would mean nothing to az
        found["name"] = SYSTEM_ASSIGNED if is_system else USER_ASSIGNED
        found["assignedIdentityInfo"] = account.home_id or "MSI"
    elif account.certificate_sni:
        found["useCertSNIssuerAuth"] = True
    return found


def default_row(base: str) -> tuple[Row, str] | None:
    """Return az's default row in az's active cloud, and its fingerprint.

    The fingerprint changes when `az account set` or `az login` selects another one.
    """
    cloud = azclouds.active(base)
    for found in load(base).rows:
        if found["environmentName"] == cloud and found.get("isDefault") is True:
            return found, "\x1f".join(azrows.key(found))
    return None


def default_target(base: str, home_ids: HomeIds | None = None) -> tuple[Target, str] | None:
    """Return what az's default points at, and the fingerprint of its row."""
    found = default_row(base)
    return (_target(found[0], home_ids or {}), found[1]) if found else None


def set_default(base: str, target: Target) -> bool:
    """Make `target` az's default as `az account set` would; False where az has no such row."""
    wanted = row(target)

    def select(data: bytes | None) -> bytes | None:
        profile = azrows.parse(data, azrows.path(base)) if data is not None else {}
        rows = profile.get("subscriptions") or []
        chosen = next((item for item in rows if azrows.key(item) == azrows.key(wanted)), None)
        if chosen is None:
            return None
        for item in rows:
            item["isDefault"] = item is chosen
        return azrows.dump(profile)

    if not foreign.change(azrows.path(base), select):
        return False
    chosen_id = wanted["id"]
    _set_option(base, azclouds.CLOUDS_FILE, target.cloud, "subscription", chosen_id)
    if azclouds.active(base) != target.cloud:
        _set_option(base, azclouds.CONFIG_FILE, "cloud", "name", target.cloud)
    return True


def _set_option(base: str, name: str, section: str, option: str, value: str) -> None:
    """Write one option as az does: read and written again by configparser."""
    from configparser import ConfigParser, Error

    from azenv.core.errors import DamagedError

    path = os.path.join(base, name)

    def edit(data: bytes | None) -> bytes:
        config = ConfigParser()
        try:
            config.read_string((data or b"").decode("utf-8"), source=path)
            if not config.has_section(section):
                config.add_section(section)
            config.set(section, option, value.replace("%", "%%"))
        except (Error, ValueError) as error:
            reason = str(error).replace("\n", " ")
            raise DamagedError(
                f"{path} does not parse ({reason})", hint=f"mv {path} {path}.bad"
            ) from None
        return _written(config)

    foreign.change(path, edit)


def _written(config: ConfigParser) -> bytes:
    out = io.StringIO()
    config.write(out)
    return out.getvalue().encode("utf-8")
