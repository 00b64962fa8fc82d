"""azenv's own token cache, as MSAL writes it: who is in it, and all without one account."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    Entry = dict[str, Any]

# An application's entry says which application it is, not whose token.
_APPLICATIONS = "AppMetadata"
_ACCESS = "AccessToken"


def without(text: str, account: str, hosts: Collection[str]) -> str:
    """Return the cache without the account whose `Account.key` is `account`.

    `hosts` are those of its cloud; empty where nobody knows the cloud any more: then everywhere.
    """
    if not text:
        return text
    cache: dict[str, dict[str, Entry]] = json.loads(text)
    kept = {
        kind: {
            key: entry
            for key, entry in entries.items()
            if kind == _APPLICATIONS or not is_of(entry, account, hosts)
        }
        for kind, entries in cache.items()
    }
    return text if kept == cache else json.dumps(kept)


def only(text: str, *, account: str, hosts: Collection[str]) -> str:
    """Return the cache with nothing but that account's entries, and its applications."""
    cache: dict[str, dict[str, Entry]] = json.loads(text or "{}")
    return json.dumps(
        {
            kind: {
                key: entry
                for key, entry in entries.items()
                if kind == _APPLICATIONS or is_of(entry, account, hosts)
            }
            for kind, entries in cache.items()
        }
    )


def merged(text: str, part: str) -> str:
    """Return the cache with the entries of another; those count where both have one."""
    cache: dict[str, dict[str, Entry]] = json.loads(text or "{}")
    for kind, entries in json.loads(part or "{}").items():
        cache[kind] = cache.get(kind, {}) | entries
    return json.dumps(cache)


def without_access(
    text: str, *, account: str, hosts: Collection[str], keep: Collection[str]
) -> str:
    """Return the cache without the access tokens of an account, but for those in `keep`."""
    if not text:
        return text
    cache: dict[str, dict[str, Entry]] = json.loads(text)
    old = cache.get(_ACCESS, {})
    kept = {
        key: entry
        for key, entry in old.items()
        if entry.get("secret") in keep or not is_of(entry, account, hosts)
    }
    return text if kept == old else json.dumps(cache | {_ACCESS: kept})


def is_of(entry: Entry, account: str, hosts: Collection[str]) -> bool:
    """Tell whether an entry is the account's: by home id, or an application's by its client id."""
    if hosts and str(entry.get("environment", "")).lower() not in hosts:
        return False
    if home_id := entry.get("home_account_id"):
        return str(home_id).casefold() == account
    client_id = str(entry.get("client_id", "")).casefold()
    return bool(client_id) and account.partition(".")[0] == client_id
