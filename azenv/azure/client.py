"""MSAL's applications for one cloud: all tenants share one line, one memory and one cache."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msal
from msal.exceptions import MsalServiceError
from msal.oauth2cli.oauth2 import BrowserInteractionTimeoutError

from azenv.azure.refusals import number_of, refused
from azenv.core.errors import AzenvError, SignInNeededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.azure.cache import TokenCache
    from azenv.azure.refusals import Attempt

ORGANIZATIONS = "organizations"

# MSAL logs answers that do not parse, and they may hold tokens: without a handler of anybody's
# they would reach stderr.
_log = logging.getLogger("msal")
_log.addHandler(logging.NullHandler())
_log.propagate = False


class Cloud(Protocol):
    """What a sign-in needs to know of a cloud."""

    @property
    def name(self) -> str:
        """Return what the cloud is called."""

    @property
    def authority(self) -> str:
        """Return where its Entra ID is, as a URL."""


class Clients:
    """What makes MSAL's applications.

    MSAL asks each tenant for its endpoints; `http_cache` remembers the answers for this run. It
    is told not to ask Microsoft whether an authority is one: azenv's clouds say that, and it would
    ask again for each alias. Raises what `telling` raises.
    """

    def __init__(self, cloud: Cloud, http: Any, cache: TokenCache) -> None:  # noqa: ANN401  msal's http_client
        self.cloud = cloud
        self.http = http
        self.cache = cache
        self._memory: dict[str, Any] = {}

    @property
    def host(self) -> str:
        """Return the host under which MSAL files what this cloud gives, without a port."""
        return urlsplit(self.cloud.authority).hostname or ""

    def public(self, client_id: str, tenant: str = ORGANIZATIONS, *, broker: bool = False) -> Any:  # noqa: ANN401  msal has no types
        """Return the application that a user signs in through."""
        wanted = dict.fromkeys(("on_windows", "on_mac", "on_linux", "on_wsl"), broker)
        brokers = {f"enable_broker_{name}": value for name, value in wanted.items()}
        return msal.PublicClientApplication(client_id, **self._common(tenant), **brokers)

    def confidential(self, client_id: str, tenant: str, proof: object) -> Any:  # noqa: ANN401  msal has no types
        """Return the application that proves itself by `proof`: MSAL's client_credential."""
        return msal.ConfidentialClientApplication(
            client_id, client_credential=proof, **self._common(tenant)
        )

    def _common(self, tenant: str) -> dict[str, Any]:
        return {
            "authority": f"{self.cloud.authority.rstrip('/')}/{tenant}",
            "instance_discovery": False,
            "http_client": self.http,
            "http_cache": self._memory,
            "token_cache": self.cache,
        }


@contextmanager
def telling(attempt: Attempt) -> Iterator[None]:
    """Turn what MSAL raises into what a user can act on; an answer with an error is no exception.

    Raises AzenvError, SignInNeededError.
    """
    where = attempt.tenant or attempt.cloud
    try:
        yield
    except BrowserInteractionTimeoutError:
        raise SignInNeededError(
            "nobody signed in in time", hint=attempt.command("--no-browser")
        ) from None
    except MsalServiceError as error:
        raise AzenvError(f"Entra ID does not answer well for {where} ({error})") from None
    except ValueError as error:
        # what MSAL says of an authority hides what Entra ID said
        inner = error.__context__ or error
        answer = {"error_description": str(inner)}
        if number_of(answer):
            raise refused(answer, attempt) from None
        if isinstance(error, json.JSONDecodeError) or isinstance(inner, json.JSONDecodeError):
            raise AzenvError(
                f"what answers for Entra ID ({where}) is not Entra ID: a proxy, or a network that "
                "wants a sign-in of its own?"
            ) from None
        raise AzenvError(f"MSAL refuses this sign-in for {where}: {error}") from None
