"""Signing in, whatever the way: who it is then, how it can be done again, and its first tokens.

Nothing is stored here. Each way begins with an empty cache, so that what is tried is what was
brought, and an interrupted sign-in leaves nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azenv.azure import brought, claims, managed, metadata, user
from azenv.azure.cache import TokenCache
from azenv.azure.client import Clients
from azenv.azure.tokens import Party, Tokens
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import (
    MANAGED_IDENTITY,
    SERVICE_PRINCIPAL,
    USER,
    Account,
    Credential,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azenv.azure.endpoints import Endpoints
    from azenv.azure.transport import Transport
    from azenv.azure.user import Wish
    from azenv.store.vault import Secret


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, in which tenant (an id), and all that is to be kept.

    `is_listable`: its tokens are for ARM, so its subscriptions can be asked for. `secret` is what
    the vault keeps for it beside tokens.
    """

    account: Account
    credential: Credential
    tenant: str
    tokens: Tokens
    secret: Secret = field(default_factory=dict)
    is_listable: bool = True


def person(cloud: Endpoints, http: Transport, wish: Wish) -> SignedIn:
    """Sign a person in. Raises SignInNeededError, AzenvError."""
    cache = TokenCache()
    clients = Clients(cloud, http, cache)
    answer = user.sign_in(clients, wish, [f"{cloud.resource}/.default"])
    said = answer.get("id_token_claims") or {}
    known = next(iter(cache.search(cache.CredentialType.ACCOUNT)), {})
    home_id = str(known.get("home_account_id") or "")
    username = claims.text(said, "preferred_username", "upn", "email") or str(
        known.get("username") or ""
    )
    tenant = claims.text(said, "tid")
    if not home_id or not username or not tenant:
        raise AzenvError(f"Entra ID of {cloud.name} does not say who signed in")
    if wish.account and username.casefold() != wish.account.casefold():
        raise SignInNeededError(
            f"{username} signed in, not {wish.account}; nothing was kept",
            hint="sign out there, or use a private window of the browser",
        )
    account = Account(username, USER, home_id, home_id.rpartition(".")[2])
    credential = Credential("user", wish.client_id, broker=wish.way == user.BROKER)
    party = Party(cloud, account, credential, dict, http, wish.environ)
    return SignedIn(account, credential, tenant, Tokens(party, cache))


def principal(  # noqa: PLR0913  what a service principal is made of
    cloud: Endpoints,
    http: Transport,
    environ: Mapping[str, str],
    *,
    client_id: str,
    tenant: str,
    credential: Credential,
    secret: Secret,
) -> SignedIn:
    """Sign an application in, by what `credential` and `secret` say. Raises what `Tokens` does."""
    tenant = metadata.tenant_id(cloud, tenant, http)
    account = Account(
        client_id,
        SERVICE_PRINCIPAL,
        f"{client_id}.{tenant}",
        tenant,
        certificate_sni=credential.send_chain,
    )
    party = Party(cloud, account, credential, lambda: secret, http, environ)
    tokens = Tokens(party)
    tokens.get(tenant, cloud.resource)
    return SignedIn(account, credential, tenant, tokens, secret)


def machine(
    cloud: Endpoints, http: Transport, environ: Mapping[str, str], client_id: str
) -> SignedIn:
    """Sign the machine's managed identity in, or the one with this client id."""
    answer = managed.acquire(client_id, cloud.resource)
    try:
        tenant = claims.text(claims.read(answer["access_token"]), "tid")
    except ValueError:
        tenant = ""
    if not tenant:
        raise AzenvError("the managed identity's token does not say of which tenant it is")
    name = managed.ASSIGNED if client_id else managed.SYSTEM
    account = Account(name, MANAGED_IDENTITY, managed.home_id(client_id), tenant)
    credential = Credential("managed", client_id)
    tokens = Tokens(Party(cloud, account, credential, dict, http, environ))
    tokens.file(tenant, cloud.resource, answer["access_token"], int(answer["expires_in"]))
    return SignedIn(account, credential, tenant, tokens)


def bearer(cloud: Endpoints, http: Transport, environ: Mapping[str, str], typed: str) -> SignedIn:
    """Take the access token that the user brings: it is asked for nothing that it is not for."""
    found = brought.look(typed)
    credential = Credential("token", found.client_id)
    tokens = Tokens(Party(cloud, found.account, credential, dict, http, environ))
    is_arm = found.resource.rstrip("/") in _audiences(cloud)
    resource = cloud.resource if is_arm else found.resource
    tokens.file(found.tenant, resource, found.text, found.expires_on - int(time.time()))
    return SignedIn(found.account, credential, found.tenant, tokens, is_listable=is_arm)


def _audiences(cloud: Endpoints) -> set[str]:
    """Return what ARM of this cloud takes tokens for: az's word for it, and its own address."""
    return {cloud.resource.rstrip("/"), cloud.resource_manager.rstrip("/")}
