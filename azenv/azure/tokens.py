"""One way to an access token, whatever the credential: the cache, else one refresher, else a word.

Whoever finds no token takes the lock of that account and tenant, looks again, and only then asks
Entra ID: twenty processes make one call. The vault's own lock is held for the write alone.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from azenv.azure import application, managed, user
from azenv.azure.cache import TokenCache
from azenv.azure.client import Clients, telling
from azenv.azure.refusals import Attempt, refused
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import Token
from azenv.store.files import locked
from azenv.store.tokentable import resource_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from azenv.azure.client import Cloud
    from azenv.core.model import Account, Credential
    from azenv.store.vault import Secret, Vault

    Answer = dict[str, Any]
    Entry = dict[str, Any]


# A token that ends sooner is no use to whoever gets it; MSAL has the same margin.
MARGIN_S = 300
# As long as a slow network may take, and then some.
_PATIENCE_S = 120.0


class Party(NamedTuple):
    """An account, how it proves itself, and where: all that a token takes.

    `domains` are those of tenants, by id, as far as they are known: for messages.
    """

    cloud: Cloud
    account: Account
    credential: Credential
    secret: Callable[[], Secret]
    http: Any
    environ: Mapping[str, str]
    domains: Mapping[str, str] = {}

    @property
    def client_id(self) -> str:
        """Return under which application its tokens are filed."""
        return self.credential.client_id or self.account.username


class Keeping(NamedTuple):
    """Where tokens are kept: the vault, the directory of the locks, when the account signed out."""

    vault: Vault
    directory: str
    signed_out: Callable[[], float]


class Tokens:
    """The access tokens of one party. Without `keeping`, they stay in `cache` until it is kept."""

    def __init__(
        self, party: Party, cache: TokenCache | None = None, keeping: Keeping | None = None
    ) -> None:
        self._party = party
        self._keeping = keeping
        self.cache = cache or TokenCache(keeping.vault if keeping else None)
        self._clients = Clients(party.cloud, party.http, self.cache)

    def get(self, tenant: str, resource: str, *, claims: str = "", force: bool = False) -> Token:
        """Return a token for `resource` in `tenant`: with `claims` or by `force`, a new one.

        Raises SignInNeededError where only a person can help, AzenvError where nobody can.
        """
        must_ask = force or bool(claims)
        found = None if must_ask else self._find(tenant, resource)
        if found and not found.is_aging:
            return found.token
        with self._alone(tenant):
            found = None if must_ask else self._find(tenant, resource)
            if found and not found.is_aging:
                return found.token
            try:
                return self._ask(tenant, resource, claims=claims, force=force)
            except AzenvError:
                if found:  # old, but good
                    return found.token
                raise

    def _alone(self, tenant: str) -> AbstractContextManager[None]:
        if self._keeping is None:
            return nullcontext()
        name = f"{self._clients.host}\x1f{self._party.account.key}\x1f{tenant.casefold()}"
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        path = os.path.join(self._keeping.directory, f"refresh-{digest}.lock")
        return locked(path, _PATIENCE_S)

    def _find(self, tenant: str, resource: str) -> _Found | None:
        """Return the cached token that lasts longest."""
        query = {
            "environment": self._clients.host,
            "realm": tenant.casefold(),
            "client_id": self._party.client_id,
        }
        wanted, now = resource.rstrip("/").casefold(), time.time()
        found = [
            _Found(self._token(entry["secret"], int(entry["expires_on"]), resource, tenant), entry)
            for entry in self.cache.search(self.cache.CredentialType.ACCESS_TOKEN, query=query)
            if resource_of(entry.get("target") or "").casefold() == wanted
            and self._is_own(entry)
            and int(entry["expires_on"]) > now + MARGIN_S
        ]
        return max(found, key=lambda one: one.token.expires_on, default=None)

    def _is_own(self, entry: Entry) -> bool:
        home_id = entry.get("home_account_id") or f"{entry.get('client_id')}.{entry.get('realm')}"
        return home_id.casefold() == self._party.account.home_id.casefold()

    def _token(self, text: str, expires_on: int, resource: str, tenant: str) -> Token:
        return Token(text, expires_on, resource, tenant, self._party.account.username)

    def _ask(self, tenant: str, resource: str, *, claims: str, force: bool) -> Token:
        """Return a new token from Entra ID, kept. Raises SignInNeededError, AzenvError."""
        began = time.time()
        attempt = Attempt(
            self._party.cloud.name,
            self._party.account.username,
            tenant,
            self._party.credential.method,
            resource,
            self._party.domains.get(tenant.casefold(), ""),
        )
        with telling(attempt):
            answer = self._acquire(attempt, resource, claims=claims, force=force)
        if "access_token" not in answer:
            raise refused(answer, attempt)
        self._keep(attempt, began)
        expires_on = int(began) + int(answer.get("expires_in") or 0)
        return self._token(answer["access_token"], expires_on, resource, answer["tenant"])

    def _keep(self, attempt: Attempt, began: float) -> None:
        keeping = self._keeping
        if keeping is None:
            return
        if not self.cache.commit(keeping.vault, unless=lambda: keeping.signed_out() >= began):
            raise SignInNeededError(
                f"{attempt.account} was signed out meanwhile", hint=attempt.command()
            )

    def _acquire(self, attempt: Attempt, resource: str, *, claims: str, force: bool) -> Answer:
        party, credential = self._party, self._party.credential
        oauth_scopes = [f"{resource}/.default"]
        if credential.method == "user":
            answer = user.renew(
                self._clients,
                credential.client_id,
                party.account.home_id,
                attempt.tenant,
                oauth_scopes,
                claims=claims,
                force=force,
                broker=credential.broker,
            )
            if answer is None:
                message = f"{attempt.account} is not signed in any more"
                raise SignInNeededError(message, hint=attempt.command())
            return answer
        if credential.method == "managed":
            return self._acquire_managed(attempt.tenant, resource, claims)
        if credential.method == "token":
            raise SignInNeededError(
                f'the access token that {attempt.account} brought is not for "{resource}" in '
                f"{attempt.tenant}, or has expired",
                hint=attempt.command(),
            )
        # an empty cache: a new proof is tried, not an older token
        clients = Clients(party.cloud, party.http, TokenCache())
        proof = application.proof(credential, party.secret(), clients, party.environ, attempt)
        answer = application.acquire(
            clients, attempt.account, proof, attempt.tenant, oauth_scopes, claims=claims
        )
        self.cache.absorb(clients.cache)
        return answer

    def _acquire_managed(self, tenant: str, resource: str, claims: str) -> Answer:
        answer = managed.acquire(self._party.credential.client_id, resource, claims=claims)
        self.file(tenant, resource, answer["access_token"], int(answer["expires_in"]))
        return answer | {"tenant": tenant}

    def file(self, tenant: str, resource: str, text: str, expires_in: int) -> None:
        """File a token that MSAL did not get as MSAL would: every token is found in one way."""
        now = int(time.time())
        entry = {
            "credential_type": self.cache.CredentialType.ACCESS_TOKEN,
            "secret": text,
            "home_account_id": self._party.account.home_id,
            "environment": self._clients.host,
            "client_id": self._party.client_id,
            "target": f"{resource.rstrip('/')}/.default",
            "realm": tenant.casefold(),
            "token_type": "Bearer",
            "cached_at": str(now),
            "expires_on": str(now + expires_in),
            "extended_expires_on": str(now + expires_in),
        }
        self.cache.modify(self.cache.CredentialType.ACCESS_TOKEN, entry, entry)


class _Found(NamedTuple):
    """A cached token, and its entry."""

    token: Token
    entry: Entry

    @property
    def is_aging(self) -> bool:
        """Tell whether it is good, but time for the next one."""
        return int(self.entry.get("refresh_on") or 0) - 1 < time.time() and bool(
            self.entry.get("refresh_on")
        )
