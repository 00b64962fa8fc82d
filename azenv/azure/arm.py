"""Azure Resource Manager's lists: tenants and subscriptions, page by page, row by row.

A token goes to the hosts of its cloud only; the address of the next page is checked like any.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from azenv.azure import claims
from azenv.azure.transport import json_of
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import Subscription, Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import Response

    from azenv.azure.endpoints import Endpoints
    from azenv.azure.transport import Transport

    # tenant, claims challenge (JSON, mostly empty) -> an access token for ARM
    GetToken = Callable[[str, str], str]

VERSION = "api-version=2022-12-01"
MOST_PAGES = 1000
UNAUTHORIZED = 401

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLAIMS = re.compile(r'claims="([^"]*)"')


class ChallengeError(SignInNeededError):
    """ARM wants a token that answers `claims` (JSON), and only a person can get it."""

    def __init__(self, message: str, *, hint: str | None, claims: str) -> None:
        super().__init__(message, hint=hint)
        self.claims = claims


class Arm:
    """The ARM of one cloud, asked for one account: `get_token` says for whom, tenant by tenant."""

    def __init__(self, cloud: Endpoints, transport: Transport, get_token: GetToken) -> None:
        self._cloud = cloud
        self._transport = transport
        self._get_token = get_token

    def tenants(self, tenant: str) -> Iterator[Tenant]:
        """Yield the tenants of the account, as `tenant` shows them. Raises AzenvError."""
        for row in self._rows(tenant, "/tenants"):
            if found := _id(row, "tenantId"):
                yield Tenant(found, _text(row, "defaultDomain"), _text(row, "displayName"))

    def subscriptions(self, tenant: str) -> Iterator[Subscription]:
        """Yield the subscriptions that the account sees through `tenant`. Raises AzenvError."""
        for row in self._rows(tenant, "/subscriptions"):
            if found := _id(row, "subscriptionId"):
                name = _text(row, "displayName") or found
                state = _text(row, "state") or "Enabled"
                yield Subscription(found, name, state, _id(row, "tenantId"), _managed_by(row))

    def _rows(self, tenant: str, path: str) -> Iterator[dict[str, Any]]:
        url = f"{self._cloud.resource_manager}{path}?{VERSION}"
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= MOST_PAGES:
                raise AzenvError("ARM's list does not end: it leads back to where it was")
            seen.add(url)
            page = json_of(self._asked(tenant, url))
            yield from _objects(page, "value")
            following = page.get("nextLink") or ""
            url = following if isinstance(following, str) else ""

    def _asked(self, tenant: str, url: str) -> Response:
        """Return a good answer; a claims challenge is answered once. Raises AzenvError."""
        if not self._cloud.allows(url):
            raise AzenvError(
                f"ARM's list goes on at an address outside {self._cloud.name}; no token goes there"
            )
        response = self._get(url, self._get_token(tenant, ""))
        if response.status_code == UNAUTHORIZED and (challenge := challenge_of(response)):
            response = self._get(url, self._stronger(tenant, challenge))
        if response.status_code == 200:  # noqa: PLR2004  what an answer has
            return response
        raise self._refused(response)

    def _get(self, url: str, token: str) -> Response:
        return self._transport.get(url, headers={"Authorization": f"Bearer {token}"})

    def _stronger(self, tenant: str, challenge: str) -> str:
        try:
            return self._get_token(tenant, challenge)
        except SignInNeededError as error:
            raise ChallengeError(error.message, hint=error.hint, claims=challenge) from None

    def _refused(self, response: Response) -> AzenvError:
        code, said = _words(response)
        message = f"ARM of {self._cloud.name} refuses ({response.status_code}): {said or code}"
        if response.status_code != UNAUTHORIZED:
            return AzenvError(message, hint=self._transport.clock_trouble() or None)
        hint = self._transport.clock_trouble() or "azenv refresh, or azenv login"
        if challenge := challenge_of(response):
            return ChallengeError(message, hint=hint, claims=challenge)
        return SignInNeededError(message, hint=hint)


def challenge_of(response: Response) -> str:
    """Return the claims (JSON) that a refusal asks for, empty where it asks for none."""
    found = _CLAIMS.search(response.headers.get("WWW-Authenticate", ""))
    try:
        return claims.challenge(found[1]) if found else ""
    except ValueError:
        return ""


def _words(response: Response) -> tuple[str, str]:
    """Return ARM's code and message for a refusal, as far as it has them."""
    try:
        error = json_of(response).get("error")
    except AzenvError:
        error = None
    if not isinstance(error, dict):
        return "no reason given", ""
    return _text(error, "code") or "no reason given", _text(error, "message")[:200].rstrip(". ")


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _id(row: dict[str, Any], key: str) -> str:
    """Return an id: it goes into addresses and names of files, so nothing else will do."""
    value = _text(row, key)
    return value.lower() if _ID.fullmatch(value) else ""


def _managed_by(row: dict[str, Any]) -> tuple[str, ...]:
    found = (_id(one, "tenantId") for one in _objects(row, "managedByTenants"))
    return tuple(filter(None, found))


def _objects(row: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects in the list at `key`; whatever else stands there is passed over."""
    value = row.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
