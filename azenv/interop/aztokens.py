"""Where an overlay gets its identity's tokens: az's caches in the base, and what was learnt.

What an `az login` inside an overlay brought is kept in `<root>/az/learnt`, so in the runtime
directory: in memory, 0600. Seeds go one way; az's caches in the base are never written.
"""

from __future__ import annotations

import json
import os

from azenv.core.errors import DamagedError
from azenv.interop import azcaches, azclouds, foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azenv.interop.azcaches import Cache, Principal

LEARNT = "learnt"


class Tokens:
    """One identity's tokens in az's own form, and when they were written (seconds)."""

    __slots__ = ("cache", "home_id", "principal", "time", "username")

    def __init__(
        self,
        time: float,
        *,
        home_id: str = "",
        username: str = "",
        cache: Cache | None = None,
        principal: Principal | None = None,
    ) -> None:
        self.time = time
        self.home_id = home_id
        self.username = username
        self.cache = cache or {}
        self.principal = principal

    @property
    def key(self) -> str:
        """Return whose it is: the home account, or the application in its tenant."""
        if self.principal:
            return f"{self.principal['client_id']}.{self.principal['tenant']}".casefold()
        return self.home_id.casefold()

    def is_newer_than(self, other: Tokens | None) -> bool:
        """Tell whether these tokens say more than the other's; equal secrets are never newer."""
        if other is None:
            return True
        if self.principal is not None and self.principal == other.principal:
            return False
        return self.time > other.time

    def to_json(self) -> bytes:
        """Return what `learnt` keeps."""
        kept = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(kept).encode("ascii")


class Directory:
    """The tokens in one of az's directories: the base, or an overlay."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.cache: Cache = azcaches.read_tokens(path)
        self.principals: list[Principal] = azcaches.read_principals(path)

    def user(self, home_id: str, username: str, tenant: str, hosts: Sequence[str]) -> Tokens | None:
        """Return a user's tokens, known by home id or else by name; None without any."""
        home_id = home_id or azcaches.find_home_id(self.cache, username, tenant, hosts)
        part = azcaches.extract(self.cache, home_id, hosts) if home_id else {}
        if not part:
            return None
        return Tokens(azcaches.age(part), home_id=home_id, username=username, cache=part)

    def service(self, client_id: str, tenant: str) -> Tokens | None:
        """Return a service principal's entry, None where az has none."""
        entry = azcaches.find_principal(self.principals, client_id, tenant)
        if entry is None:
            return None
        file = os.path.join(self.path, azcaches.PRINCIPALS_FILE)
        return Tokens(foreign.modified_ns(file) / 1e9, principal=entry)

    def like(self, other: Tokens) -> Tokens | None:
        """Return what is here of the same identity."""
        if other.principal:
            return self.service(other.principal["client_id"], other.principal["tenant"])
        return self.user(other.home_id, other.username, "", _hosts_of(other))

    def every(self) -> Iterator[Tokens]:
        """Yield every identity that is signed in here."""
        seen = set()
        for entry in azcaches.accounts(self.cache):
            host = entry["environment"].lower()
            mark = (entry["home_account_id"], host)
            if mark not in seen:
                seen.add(mark)
                found = self.user(entry["home_account_id"], entry["username"], "", _aliases(host))
                if found:
                    yield found
        for principal in self.principals:
            if found := self.service(principal["client_id"], principal["tenant"]):
                yield found


def _hosts_of(tokens: Tokens) -> tuple[str, ...]:
    entries = tokens.cache.get("Account", {}).values()
    return next((_aliases(str(entry["environment"]).lower()) for entry in entries), ())


def _aliases(host: str) -> tuple[str, ...]:
    """Return the aliases of an authority's host, itself among them."""
    for cloud in azclouds.BUILT_IN:
        if host in azclouds.hosts(cloud):
            return azclouds.hosts(cloud)
    return (host,)


class Learnt:
    """What `az login` brought inside overlays below the runtime directory `root`."""

    def __init__(self, root: str) -> None:
        self._directory = os.path.join(root, "az", LEARNT)

    def every(self) -> Iterator[Tokens]:
        """Yield what is kept; a file that is not ours to trust is passed over."""
        for _, found in self._files():
            yield found

    def _files(self) -> Iterator[tuple[str, Tokens]]:
        from azenv.store.files import read_private

        try:
            names = os.listdir(self._directory)
        except OSError:
            return
        for name in names:
            if name.startswith("."):
                continue
            path = os.path.join(self._directory, name)
            try:
                found = json.loads(read_private(path) or b"{}")
                yield (
                    path,
                    Tokens(
                        found["time"],
                        home_id=found["home_id"],
                        username=found["username"],
                        cache=found["cache"],
                        principal=found["principal"],
                    ),
                )
            except (DamagedError, ValueError, KeyError, TypeError):
                continue

    def forget(self, username: str, home_id: str) -> None:
        """Remove what is kept of an account: a user, or a service principal's client id."""
        for path, found in self._files():
            name = found.principal["client_id"] if found.principal else found.username
            is_his = found.home_id == home_id if home_id and found.home_id else False
            if is_his or name.casefold() == username.casefold():
                os.unlink(path)

    def user(self, home_id: str, username: str, hosts: Sequence[str]) -> Tokens | None:
        """Return a user's learnt tokens, known by home id or else by name."""
        for found in self.every():
            is_his = (
                found.home_id == home_id
                if home_id
                else found.username.casefold() == username.casefold()
            )
            if is_his and azcaches.extract(found.cache, found.home_id, hosts):
                return found
        return None

    def service(self, client_id: str, tenant: str) -> Tokens | None:
        """Return a service principal's learnt entry."""
        key = f"{client_id}.{tenant}".casefold()
        return next((item for item in self.every() if item.principal and item.key == key), None)

    def like(self, other: Tokens) -> Tokens | None:
        """Return what is kept of the same identity."""
        if other.principal:
            return self.service(other.principal["client_id"], other.principal["tenant"])
        return self.user(other.home_id, other.username, _hosts_of(other))

    def save(self, tokens: Tokens) -> None:
        """Keep `tokens` in place of an older one of the same identity."""
        from azenv.store.files import ensure_private_directory, write_private

        ensure_private_directory(self._directory)
        host = next(iter(_hosts_of(tokens)), "principal")
        path = os.path.join(self._directory, _file_name(f"{tokens.key}@{host}"))
        write_private(path, tokens.to_json(), sync=False)


def _file_name(key: str) -> str:
    """Return `key` so that any file system holds it: other characters than [a-z0-9.@-] as hex."""
    kept = "abcdefghijklmnopqrstuvwxyz0123456789.@-"
    name = "".join(char if char in kept else f"_{ord(char):x}_" for char in key.lower())
    return name.lstrip(".")[:200]
