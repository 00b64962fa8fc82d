"""A person signs in: in the browser, by a device code, or through the system's broker."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING

from azenv.azure import browser
from azenv.azure.client import ORGANIZATIONS, telling
from azenv.azure.refusals import Attempt, refused
from azenv.core.errors import AzenvError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from azenv.azure.client import Clients

    Answer = dict[str, Any]

BROWSER, DEVICE_CODE, BROKER = WAYS = ("browser", "device code", "broker")
TIMEOUT_S = 300.0


class Wish:
    """How and as whom a person wants to sign in; `tell` shows a line on the terminal."""

    def __init__(  # noqa: PLR0913  each is an option of `azenv login`
        self,
        *,
        tell: Callable[[str], None],
        environ: Mapping[str, str],
        client_id: str,
        tenant: str = "",
        account: str = "",
        claims: str = "",
        way: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.tell = tell
        self.environ = environ
        self.client_id = client_id
        self.tenant = tenant
        self.account = account
        self.claims = claims
        self.way = way or (BROWSER if browser.is_there(environ) else DEVICE_CODE)
        self.timeout_s = timeout_s


def sign_in(clients: Clients, wish: Wish, oauth_scopes: list[str]) -> Answer:
    """Return what Entra ID answers to a person: tokens, and who it is in `id_token_claims`.

    Raises AzenvError, SignInNeededError.
    """
    attempt = Attempt(clients.cloud.name, wish.account, wish.tenant)
    if wish.way == BROKER:
        _ensure_broker()
    with telling(attempt):
        app = clients.public(
            wish.client_id, wish.tenant or ORGANIZATIONS, broker=wish.way == BROKER
        )
        if wish.way == DEVICE_CODE:
            answer = _by_device_code(app, wish, oauth_scopes)
        else:
            answer = _in_person(app, wish, oauth_scopes)
    if "access_token" not in answer:
        raise refused(answer, attempt)
    return answer


def _ensure_broker() -> None:
    if importlib.util.find_spec("pymsalruntime") is None:
        raise AzenvError(
            "the system's broker needs a package that is not installed",
            hint="pip install 'azenv[broker]'",
        )


def _in_person(app: Any, wish: Wish, oauth_scopes: list[str]) -> Answer:  # noqa: ANN401  msal has no types
    more = {}
    if wish.way == BROKER:
        if not app._enable_broker:  # noqa: SLF001  msal says it nowhere else, and goes on without
            raise AzenvError("no broker answers on this machine", hint="azenv login")
        more["parent_window_handle"] = app.CONSOLE_WINDOW_HANDLE
    else:
        browser.prepare(wish.environ)
        wish.tell("sign in in the browser that opens; Ctrl-C stops waiting")
    answer: Answer = app.acquire_token_interactive(
        oauth_scopes,
        prompt=None if wish.account else "select_account",
        login_hint=wish.account or None,
        claims_challenge=wish.claims or None,
        timeout=wish.timeout_s,
        success_template=browser.SUCCESS,
        error_template=browser.FAILURE,
        auth_uri_callback=lambda url: wish.tell(f"no browser opens; open this page: {url}"),
        **more,
    )
    return answer


def _by_device_code(app: Any, wish: Wish, oauth_scopes: list[str]) -> Answer:  # noqa: ANN401  msal has no types
    flow: Answer = app.initiate_device_flow(oauth_scopes, claims_challenge=wish.claims or None)
    if "user_code" not in flow:
        return flow
    flow["expires_at"] = min(flow["expires_at"], time.time() + wish.timeout_s)
    wish.tell(f"open {flow['verification_uri']}")
    wish.tell(f"and enter the code {flow['user_code']}")
    answer: Answer = app.acquire_token_by_device_flow(flow, claims_challenge=wish.claims or None)
    return answer


def renew(  # noqa: PLR0913  what a token depends on
    clients: Clients,
    client_id: str,
    home_id: str,
    tenant: str,
    oauth_scopes: list[str],
    *,
    claims: str = "",
    force: bool = False,
    broker: bool = False,
) -> Answer | None:
    """Return a token for who signed in before, by the refresh token in the cache; None without."""
    app = clients.public(client_id, tenant, broker=broker)
    account = {"home_account_id": home_id}
    if broker:
        known = [one for one in app.get_accounts() if one["home_account_id"] == home_id]
        account = known[0] if known else account
    answer: Answer | None = app.acquire_token_silent_with_error(
        oauth_scopes,
        account,
        claims_challenge=claims or None,
        force_refresh=force,
    )
    return answer and answer | {"tenant": app.authority.tenant}
