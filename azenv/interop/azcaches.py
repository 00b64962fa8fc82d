"""az's token caches: who is in them, one identity taken out, one identity put in.

Only read in the base; written in overlays alone. Access tokens are never copied: az gets its own
from the refresh token, which Entra ID does not revoke when it is used.
"""

from __future__ import annotations

import json
import os
import time

from azenv.core.errors import DamagedError
from azenv.interop import azclouds, foreign
from azenv.interop.azrows import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Cache = dict[str, dict[str, dict[str, Any]]]
    Principal = dict[str, Any]

TOKENS_FILE = "msal_token_cache.json"
PRINCIPALS_FILE = "service_principal_entries.json"
AZ_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
# az writes in place: a reader may meet half a file, and tries again.
_ATTEMPTS = 10
_PAUSE_S = 0.02


def _read(path: str) -> object:
    for attempt in range(_ATTEMPTS):
        data = foreign.read(path)
        if data is None:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE_S)
    raise DamagedError(f"az's token cache does not parse: {path}", hint=f"mv {path} {path}.bad")


def read_tokens(directory: str) -> Cache:
    """Return az's token cache: type -> key -> entry. Raises DamagedError."""
    found = _read(os.path.join(directory, TOKENS_FILE))
    if not isinstance(found, dict):
        return {}
    return {
        kind: {key: entry for key, entry in entries.items() if isinstance(entry, dict)}
        for kind, entries in found.items()
        if isinstance(entries, dict)
    }


def read_principals(directory: str) -> list[Principal]:
    """Return az's service principals, each with its secret. Raises DamagedError."""
    found = _read(os.path.join(directory, PRINCIPALS_FILE))
    entries = found if isinstance(found, list) else []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict)
        and is_text(entry.get("client_id"))
        and is_text(entry.get("tenant"))
    ]


def accounts(cache: Cache) -> Iterator[dict[str, str]]:
    """Yield az's account entries that name a user: one for each tenant that he used."""
    for entry in cache.get("Account", {}).values():
        if all(is_text(entry.get(key)) for key in ("home_account_id", "environment", "username")):
            yield entry


def home_ids(base: str) -> dict[tuple[str, ...], str]:
    """Return whose accounts az's base holds; empty where az encrypts its tokens."""
    if azclouds.encrypts_tokens(base):
        return {}
    return home_ids_in(read_tokens(base), base)


def home_ids_in(cache: Cache, base: str) -> dict[tuple[str, ...], str]:
    """Return (cloud, user) and (cloud, user, tenant), all case-folded, -> home_account_id.

    A user name of two home accounts (a personal and a work account) is told apart by tenant only.
    """
    clouds = azclouds.custom(base)
    names = [*azclouds.BUILT_IN, *clouds]
    hosts = {host: cloud for cloud in names for host in azclouds.hosts(cloud, clouds.get(cloud))}
    found: dict[tuple[str, ...], set[str]] = {}
    for entry in accounts(cache):
        cloud = hosts.get(entry["environment"].lower())
        if cloud:
            named = (cloud.casefold(), entry["username"].casefold())
            realm = entry.get("realm")
            for key in (named, (*named, str(realm).casefold())):
                found.setdefault(key, set()).add(entry["home_account_id"])
    return {key: ids.pop() for key, ids in found.items() if len(ids) == 1}


def find_home_id(cache: Cache, username: str, tenant: str, hosts: Sequence[str]) -> str:
    """Return the home_account_id of a user known by name, empty where it is not clear."""
    mine = [
        entry
        for entry in accounts(cache)
        if entry["environment"].lower() in hosts
        and entry["username"].casefold() == username.casefold()
    ]
    found = {entry["home_account_id"] for entry in mine}
    if len(found) > 1:
        found = {entry["home_account_id"] for entry in mine if entry.get("realm") == tenant}
    return found.pop() if len(found) == 1 else ""


def extract(cache: Cache, home_id: str, hosts: Sequence[str]) -> Cache:
    """Return one user's part: accounts, az's or the family's refresh tokens, the application.

    Empty unless there is a refresh token: without one az could do nothing.
    """
    tokens = {
        key: entry
        for key, entry in cache.get("RefreshToken", {}).items()
        if _is_of(entry, home_id, hosts)
        and (entry.get("client_id") == AZ_CLIENT_ID or entry.get("family_id"))
    }
    if not tokens:
        return {}
    clients = {entry.get("client_id") for entry in tokens.values()} | {AZ_CLIENT_ID}
    return {
        "Account": {
            key: entry
            for key, entry in cache.get("Account", {}).items()
            if _is_of(entry, home_id, hosts)
        },
        "RefreshToken": tokens,
        "AppMetadata": {
            key: entry
            for key, entry in cache.get("AppMetadata", {}).items()
            if str(entry.get("environment")).lower() in hosts and entry.get("client_id") in clients
        },
    }


def _is_of(entry: dict[str, Any], home_id: str, hosts: Sequence[str]) -> bool:
    return (
        str(entry.get("home_account_id")).casefold() == home_id.casefold()
        and str(entry.get("environment")).lower() in hosts
    )


def age(cache: Cache) -> int:
    """Return when the newest refresh token was written, in seconds since the epoch."""
    return max((_written(entry) for entry in cache.get("RefreshToken", {}).values()), default=0)


def _written(entry: dict[str, Any]) -> int:
    try:
        return int(entry.get("last_modification_time") or 0)
    except (TypeError, ValueError):
        return 0


def merged(cache: Cache, part: Cache) -> Cache:
    """Return `cache` with what is new or newer in `part`."""
    out = {kind: dict(entries) for kind, entries in cache.items()}
    for kind, entries in part.items():
        mine = out.setdefault(kind, {})
        for key, entry in entries.items():
            if key not in mine or _written(entry) > _written(mine[key]):
                mine[key] = entry
    return out


def without(cache: Cache, name: str) -> Cache:
    """Return `cache` without anything of a user, or of a service principal's client id."""
    gone = {
        entry["home_account_id"]
        for entry in accounts(cache)
        if entry["username"].casefold() == name.casefold()
    }
    return {
        kind: {
            key: entry
            for key, entry in entries.items()
            if entry.get("home_account_id") not in gone and entry.get("client_id") != name
        }
        for kind, entries in cache.items()
    }


def find_principal(entries: list[Principal], client_id: str, tenant: str) -> Principal | None:
    """Return the entry that az itself would use: of this tenant, else of any."""
    mine = [entry for entry in entries if entry["client_id"] == client_id]
    return next((entry for entry in mine if entry["tenant"] == tenant), mine[0] if mine else None)


def dump_tokens(cache: Cache) -> bytes:
    """Return the bytes that msal writes."""
    return json.dumps(cache, indent=4).encode("ascii")


def dump_principals(entries: list[Principal]) -> bytes:
    """Return the bytes that az writes."""
    return json.dumps(entries, indent=4).encode("ascii")
