"""Rows of azureProfile.json as az writes them. The hook's lane: no dataclasses here."""

from __future__ import annotations

import json
import os

from azenv.core.errors import DamagedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

PROFILE_FILE = "azureProfile.json"
TENANT_LEVEL = "N/A(tenant level account)"
SYSTEM_ASSIGNED = "systemAssignedIdentity"
USER_ASSIGNED = "userAssignedIdentity"
_BOM = b"\xef\xbb\xbf"


def path(base: str) -> str:
    """Return where az's profile lies."""
    return os.path.join(base, PROFILE_FILE)


def parse(data: bytes, file: str) -> Row:
    """Return az's profile as it stands, every row checked for what azenv reads.

    Raises DamagedError that names the file and the key.
    """
    try:
        found = json.loads(data.removeprefix(_BOM).decode("utf-8"))
    except RecursionError:
        raise _damaged(file, "it is nested too deeply") from None
    except ValueError as error:
        raise _damaged(file, str(error)) from None
    if not isinstance(found, dict):
        raise _damaged(file, "it is not a JSON object")
    rows = found.get("subscriptions")
    if rows is not None and not isinstance(rows, list):
        raise _damaged(file, '"subscriptions" is not a list')
    for number, row in enumerate(rows or []):
        if problem := _problem(row):
            raise _damaged(file, f"subscriptions[{number}]{problem}")
    return found


def _problem(row: object) -> str:
    """Say what is wrong with a row, or return an empty string."""
    if not isinstance(row, dict):
        return " is not an object"
    for key in ("id", "name", "tenantId", "environmentName"):
        if not is_text(row.get(key)):
            return f".{key} is not a text"
    user = row.get("user")
    if not isinstance(user, dict):
        return ".user is not an object"
    for key in ("name", "type"):
        if not is_text(user.get(key)):
            return f".user.{key} is not a text"
    return ""


def is_text(value: object) -> bool:
    """Tell whether `value` is a text that UTF-8 can hold: JSON may carry lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _damaged(file: str, why: str) -> DamagedError:
    return DamagedError(
        f"az's profile does not parse: {file} ({why})", hint=f"mv {file} {file}.bad"
    )


def dump(profile: Row) -> bytes:
    """Return the bytes that az itself would write."""
    return _BOM + json.dumps(profile).encode("ascii")


def key(row: Row) -> tuple[str, str, str, str, str]:
    """Return what makes a row's identity, ignoring case: cloud, kind, user, tenant, id."""
    return (*account(row), row["tenantId"].casefold(), row["id"].casefold())


def account(row: Row) -> tuple[str, str, str]:
    """Return whose row it is: cloud, kind, user; managed identities by what az keeps of them."""
    user = row["user"]
    info = user.get("assignedIdentityInfo")
    name = info if is_text(info) else user["name"]
    if name == SYSTEM_ASSIGNED:  # rows of an older az do not say more
        name = "MSI"
    kind = "cloudShell" if user.get("cloudShellID") else user["type"]
    return (row["environmentName"].casefold(), kind.casefold(), name.casefold())


def tenant_level(cloud: str, tenant: str, user: dict[str, object]) -> Row:
    """Return az's row of an account without a subscription."""
    return {
        "id": tenant,
        "name": TENANT_LEVEL,
        "state": "Enabled",
        "user": user,
        "isDefault": False,
        "tenantId": tenant,
        "environmentName": cloud,
    }
