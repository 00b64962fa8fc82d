"""An access token that the user brings: it is what it is, until it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from azenv.azure import claims
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import SERVICE_PRINCIPAL, Account

if TYPE_CHECKING:
    from azenv.azure.claims import Claims

_BRING = "azenv login --access-token FILE    # - is stdin"


class Brought(NamedTuple):
    """What such a token says of itself."""

    text: str
    account: Account
    tenant: str
    client_id: str
    resource: str
    expires_on: int


def look(typed: str) -> Brought:
    """Return what the token says. Raises AzenvError for what is none, or not Entra ID's.

    Raises SignInNeededError where it has expired.
    """
    text = typed.strip().removeprefix("Bearer ")
    try:
        said = claims.read(text)
    except ValueError:
        raise AzenvError(
            "that is no access token: three parts, divided by dots", hint=_BRING
        ) from None
    tenant, expires_on = claims.text(said, "tid"), claims.seconds(said, "exp")
    account, resource = _account(said, tenant), claims.text(said, "aud")
    if not tenant or not account.username or not resource or not expires_on:
        raise AzenvError("that is no access token of Entra ID for a resource", hint=_BRING)
    if expires_on <= time.time():
        raise SignInNeededError("the access token has expired", hint=_BRING)
    return Brought(text, account, tenant, _client_id(said), resource, expires_on)


def _client_id(said: Claims) -> str:
    return claims.text(said, "appid", "azp")


def _account(said: Claims, tenant: str) -> Account:
    username = claims.text(said, "upn", "preferred_username", "unique_name", "email")
    if username:
        return Account(username, home_id=f"{claims.text(said, 'oid')}.{tenant}", home_tenant=tenant)
    client_id = _client_id(said)
    return Account(client_id, SERVICE_PRINCIPAL, f"{client_id}.{tenant}", tenant)
