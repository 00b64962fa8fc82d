"""The token endpoint: what a client may bring, and what it gets for it."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from azenv.sandbox import clients, device, issue, tokens
from azenv.sandbox.aadsts import Refused
from azenv.sandbox.cloud import FAMILY
from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud, Grant
    from azenv.sandbox.population import Tenant

COMMON = ("common", "organizations")
# fault -> AADSTS number, for whoever asks for a token
REFUSALS = {
    "mfa": 50076,
    "consent": 65001,
    "revoked": 50173,
    "expired": 700082,
    "blocked": 53003,
    "disabled": 50057,
}


def answer(cloud: Cloud, request: Request, tenant: str) -> Response:
    """Answer POST /{tenant}/oauth2/v2.0/token. Raises Refused."""
    form = request.form
    kind = form.get("grant_type", "")
    if kind == "client_credentials":
        return as_json(_client_credentials(cloud, tenant, form))
    if kind == "authorization_code":
        grant = _code(cloud, form)
        default, old = grant.oauth_scopes, ""
    elif kind == "refresh_token":
        old = form.get("refresh_token", "")
        grant = _refresh(cloud, form, old)
        default = grant.oauth_scopes
    elif kind in ("device_code", "urn:ietf:params:oauth:grant-type:device_code"):
        grant = device.redeem(cloud, form)
        default, old = grant.oauth_scopes, ""
    else:
        raise Refused(70003, who=kind)
    where = directory(cloud, tenant, grant)
    check(cloud, grant, where)
    return as_json(
        issue.for_user(
            cloud,
            grant,
            where,
            form.get("scope", default),
            claims=form.get("claims", ""),
            old=old,
        )
    )


def directory(cloud: Cloud, tenant: str, grant: Grant) -> Tenant:
    """Return the tenant to issue for; the common ones mean the user's own. Raises Refused."""
    found = cloud.population.tenant(grant.user.home if tenant in COMMON else tenant)
    if found is None:
        raise Refused(90002, where=tenant)
    if found.id not in grant.user.tenants:
        raise Refused(50034, who=grant.user.username, where=found.name)
    return found


def check(cloud: Cloud, grant: Grant, tenant: Tenant) -> None:
    """Refuse a user for whom a fault is set, unless the sign-in has settled it. Raises Refused."""
    if grant.user.disabled:
        raise Refused(50057)
    settled = {"mfa": grant.mfa, "consent": grant.consented}
    kinds = tuple(kind for kind in REFUSALS if not settled.get(kind))
    fault = cloud.faults.take(kinds, "token", tenant=tenant.id, principal=grant.user.username)
    if fault:
        raise Refused(REFUSALS[fault.kind], who=grant.client_id, where=tenant.name)


def _client_credentials(cloud: Cloud, tenant: str, form: dict[str, str]) -> dict[str, object]:
    found = cloud.population.tenant(tenant)
    if found is None:
        raise Refused(90002, where=tenant)
    application = clients.authenticate(cloud, found, form)
    kinds = ("blocked", "disabled", "expired", "consent")
    client = application.client_id
    fault = cloud.faults.take(kinds, "token", tenant=found.id, principal=client)
    if fault:
        numbers = {"disabled": 7000112, "expired": 7000222}
        number = numbers.get(fault.kind, REFUSALS[fault.kind])
        raise Refused(number, who=client, where=found.name)
    audience = issue.resource(form.get("scope", ""))
    claims = form.get("claims", "")
    return issue.for_application(cloud, application, found, audience, claims)


def _code(cloud: Cloud, form: dict[str, str]) -> Grant:
    grant = cloud.take_code(form.get("code", ""))
    if (
        grant is None
        or grant.client_id != form.get("client_id")
        or grant.redirect_uri != form.get("redirect_uri")
    ):
        raise Refused(70000)
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if grant.challenge and tokens.encode(digest) != grant.challenge:
        raise Refused(501481)
    return grant


def _refresh(cloud: Cloud, form: dict[str, str], token: str) -> Grant:
    grant = cloud.refresh_tokens.get(token)
    client = form.get("client_id", "")
    if grant is None:
        raise Refused(70000)
    if client != grant.client_id and not (client in FAMILY and grant.client_id in FAMILY):
        raise Refused(70000)
    revoked = cloud.revoked.get(grant.user.username.casefold(), 0.0)
    if grant.made <= revoked <= time.time():
        raise Refused(50173)
    return grant
