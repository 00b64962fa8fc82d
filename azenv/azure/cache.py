"""MSAL's token cache, in memory until it is kept: one sign-in or refresh is one change of a vault.

MSAL hands over each entry by itself; here they are noted, and `commit` makes them over to the
vault in one locked read and write. So a refresh token and what came with it are stored together,
and whoever is interrupted before leaves nothing.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import msal

from azenv.azure import claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from azenv.store.vault import Vault

    Entry = dict[str, Any]
    Entries = dict[str, dict[str, Entry]]

# At these the user's own tenant answers: what comes is filed under that tenant.
ANY_TENANT = ("common", "organizations")


class TokenCache(msal.TokenCache):  # type: ignore[misc]  # msal has no types
    """The entries of `vault`, and what was added since; without a vault it begins empty."""

    def __init__(self, vault: Vault | None = None) -> None:
        super().__init__()
        self._vault = vault
        self._stamp: tuple[int, int, int] | None = None
        self._noted: list[tuple[str, Entry, Entry | None]] = []

    def add(self, event: Entry, now: float | None = None) -> None:
        """Note what the token endpoint answered, under the tenant that answered."""
        _, _, rest = event.get("token_endpoint", "").partition("://")
        realm = rest.partition("/")[2].partition("/")[0]
        if realm in ANY_TENANT:
            tenant = _tenant_of(event.get("response", {}).get("id_token", ""))
            endpoint = event["token_endpoint"].replace(f"/{realm}/", f"/{tenant or realm}/", 1)
            event = event | {"token_endpoint": endpoint}
        super().add(event, now=now)

    def modify(self, credential_type: str, old_entry: Entry, new: Entry | None = None) -> None:
        """Add, change or (without `new`) remove one entry; it is noted for the vault."""
        super().modify(credential_type, old_entry, new)
        self._noted.append((credential_type, old_entry, new))

    def remove_at(self, at_item: Entry) -> None:
        """Do nothing: MSAL calls this for expired tokens that it meets; `commit` drops them."""

    def absorb(self, other: TokenCache) -> None:
        """Note what `other` has noted."""
        for noted in other._noted:
            self.modify(*noted)

    def search(self, *args: Any, **kwargs: Any) -> Iterator[Entry]:  # noqa: ANN401  msal's signature
        """Return the entries that fit, the vault's newest among them."""
        self._catch_up()
        found: Iterator[Entry] = super().search(*args, **kwargs)
        return found

    def _get(self, credential_type: str, key: str, default: object = None) -> Any:  # noqa: ANN401  msal's signature
        self._catch_up()
        return super()._get(credential_type, key, default)

    def _catch_up(self) -> None:
        """Read the vault again where it has changed; the stamp is taken first, so never too new."""
        if self._vault is None:
            return
        with self._lock:
            stamp = self._vault.stamp()
            if stamp != self._stamp:
                self._cache = self._applied(self._vault.cache())
                self._stamp = stamp

    def _applied(self, text: str) -> Entries:
        """Return the cache in `text` with what was noted, without tokens that have expired."""
        cache: Entries = json.loads(text or "{}")
        for kind, old, new in self._noted:
            key = self.key_makers[kind](**old)
            entries = cache.setdefault(kind, {})
            if new:
                entries[key] = old | new
            else:
                entries.pop(key, None)
        now = time.time()
        tokens = cache.get(self.CredentialType.ACCESS_TOKEN, {})
        for key in [key for key, one in tokens.items() if int(one.get("expires_on") or 0) < now]:
            del tokens[key]
        return cache

    def commit(self, vault: Vault, *, unless: Callable[[], bool] | None = None) -> bool:
        """Make over to `vault` what was noted; return False where `unless` forbade it.

        That is asked under the vault's lock: an account signed out meanwhile stays so.
        """
        dropped = False

        def edit(text: str) -> str:
            nonlocal dropped
            dropped = unless is not None and unless()
            return text if dropped else json.dumps(self._applied(text))

        with self._lock:
            if not self._noted:
                return True
            vault.change_cache(edit)
            self._noted = []
            self._stamp = None
        return not dropped


def _tenant_of(id_token: str) -> str:
    try:
        return claims.text(claims.read(id_token), "tid")
    except ValueError:
        return ""
