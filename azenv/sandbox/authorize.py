"""The pages a browser is sent to: authorize, and the one where a device code is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from azenv.sandbox import device, pages, signin
from azenv.sandbox.cloud import Grant
from azenv.sandbox.web import Request, Response, redirect

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud

ANY_TENANT = ("common", "organizations", "consumers")


def authorize(cloud: Cloud, request: Request, tenant: str) -> Response:
    """Answer GET and POST /{tenant}/oauth2/v2.0/authorize."""
    asked = request.query
    where = None if tenant in ANY_TENANT else cloud.population.tenant(tenant)
    if where is None and tenant not in ANY_TENANT:
        return pages.message("Sign in", f"AADSTS90002: Tenant '{tenant}' not found.", 400)
    target = asked.get("redirect_uri", "")
    if urlsplit(target).hostname not in ("localhost", "127.0.0.1"):
        text = "AADSTS50011: The redirect URI does not match those of the application."
        return pages.message("Sign in", text, 400)
    if asked.get("response_type") != "code" or not asked.get("client_id"):
        return _back(request, {"error": "unsupported_response_type"})
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return _back(request, {"error": "invalid_request"})
    outcome = signin.proceed(cloud, request, where, asked["client_id"])
    if isinstance(outcome, Response):
        return outcome
    if isinstance(outcome, signin.Declined):
        text = "AADSTS65004: User declined to consent to access the app."
        return _back(request, {"error": "access_denied", "error_description": text})
    grant = Grant(
        outcome.user,
        asked["client_id"],
        tenant,
        asked.get("scope", ""),
        mfa=outcome.mfa,
        consented=outcome.consented,
        nonce=asked.get("nonce", ""),
        redirect_uri=target,
        challenge=asked.get("code_challenge", ""),
    )
    return _back(request, {"code": cloud.keep_code(grant), "session_state": "sandbox"})


def _back(request: Request, fields: dict[str, str]) -> Response:
    """Send the browser to the client with the answer, as the client asked for it."""
    target = request.query["redirect_uri"]
    if "state" in request.query:
        fields["state"] = request.query["state"]
    if request.query.get("response_mode") == "form_post":
        return pages.form_post(target, fields)
    return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(fields)}")


def device_login(cloud: Cloud, request: Request) -> Response:
    """Answer /devicelogin: the code first, then the sign-in."""
    typed = request.query.get("user_code", "")
    found = device.waiting(cloud, typed) if typed else None
    if found is None:
        error = "No device waits with this code." if typed else ""
        return pages.device_code(typed, error)
    where = None if found.tenant in ANY_TENANT else cloud.population.tenant(found.tenant)
    outcome = signin.proceed(cloud, request, where, found.client_id)
    if isinstance(outcome, Response):
        return outcome
    if isinstance(outcome, signin.Declined):
        found.declined = True
        return pages.message("Declined", "You can close this window.")
    found.grant = Grant(
        outcome.user,
        found.client_id,
        found.tenant,
        found.oauth_scopes,
        mfa=outcome.mfa,
        consented=outcome.consented,
    )
    return pages.message("Signed in", "You can close this window.")
