"""The machine's own identity: IMDS, App Service, Azure Arc and whatever else MSAL finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msal
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from azenv.core.errors import AzenvError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Answer = dict[str, Any]

SYSTEM, ASSIGNED = "systemAssignedIdentity", "userAssignedIdentity"
# Where there is no IMDS, nothing answers at all.
_CONNECT_S, _READ_S = 2.0, 20.0
# IMDS: not ready yet, too many, being updated, failing.
_AGAIN = (404, 410, 429, 500, 502, 503, 504)


class _Line(requests.Session):
    """A line to the machine itself: no proxy, a short wait for whoever is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        retry = Retry(
            total=3,
            connect=0,
            read=1,
            backoff_factor=0.3,
            status_forcelist=_AGAIN,
            raise_on_status=False,
        )
        self.mount("http://", HTTPAdapter(max_retries=retry))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401  the base class's signature
        kwargs.setdefault("timeout", (_CONNECT_S, _READ_S))
        return super().request(*args, **kwargs)


def home_id(client_id: str) -> str:
    """Return what az calls the identity: its assignedIdentityInfo."""
    return f"MSIClient-{client_id}" if client_id else "MSI"


def acquire(client_id: str, resource: str, *, claims: str = "") -> Answer:
    """Return a token for `resource`: the machine's identity, or the one with this client id.

    Raises AzenvError where no identity answers.
    """
    identity: Mapping[str, Any] = (
        msal.UserAssignedManagedIdentity(client_id=client_id)
        if client_id
        else msal.SystemAssignedManagedIdentity()
    )
    with _Line() as line:
        client = msal.ManagedIdentityClient(identity, http_client=line)
        try:
            answer: Answer = client.acquire_token_for_client(
                resource=resource, claims_challenge=claims or None
            )
        except requests.RequestException:
            raise AzenvError(
                "no managed identity answers on this machine",
                hint="azenv login --identity works on Azure's own machines and services",
            ) from None
        except (
            ValueError,
            OSError,
        ) as error:  # what MSAL raises, and Arc's key that we may not read
            raise AzenvError(
                f"the managed identity does not answer well: {_short(error)}"
            ) from None
    if "access_token" not in answer:
        who = f"the managed identity {client_id}" if client_id else "the machine's managed identity"
        said = answer.get("error_description") or answer.get("error") or "no reason given"
        raise AzenvError(f"there is no token for {who}: {said}")
    return answer


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
