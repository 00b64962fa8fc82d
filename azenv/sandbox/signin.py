"""Signing a person in, page by page: password, second factor, consent.

The pages keep no state on the server: what was proved travels in a signed ticket.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, NamedTuple

from azenv.sandbox import pages
from azenv.sandbox.aadsts import steps_up
from azenv.sandbox.cloud import FAMILY

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud
    from azenv.sandbox.population import Tenant, User
    from azenv.sandbox.web import Request, Response

CODE = "123456"
TICKET_LIFETIME_S = 600


class SignedIn(NamedTuple):
    """Who signed in, and what else was settled on the way."""

    user: User
    mfa: bool
    consented: bool


class Declined(NamedTuple):
    """The user said no."""


def proceed(
    cloud: Cloud, request: Request, tenant: Tenant | None, client_id: str
) -> SignedIn | Declined | Response:
    """Return the person, or the page that is to come next. Without a tenant: the user's own."""
    stepping_up = steps_up(request.query.get("claims", ""))
    if here := automatic(cloud, tenant, stepping_up=stepping_up):
        return here
    form = request.form if request.method == "POST" else {}
    action = form.get("action", "")
    if action == "decline":
        return Declined()
    if action in ("", "sign-in"):
        user = cloud.population.user(form.get("username", ""))
        hint = form.get("username", request.query.get("login_hint", ""))
        known = _known(user, tenant, form.get("password", ""))
        if user is None or not known:
            error = "The user name or the password is wrong." if action else ""
            return pages.sign_in(_people(cloud, tenant), hint, error)
        here = SignedIn(user, mfa=False, consented=False)
        return _next(cloud, here, tenant, client_id, stepping_up=stepping_up)
    proved = _open(cloud, form.get("ticket", ""))
    if proved is None:
        return pages.sign_in(_people(cloud, tenant), "", "That took too long.")
    if action == "verify":
        if form.get("otc") != CODE:
            ticket = _ticket(cloud, proved)
            return pages.second_factor(proved.user.username, CODE, ticket, "That is not the code.")
        return _next(cloud, proved._replace(mfa=True), tenant, client_id)
    return proved._replace(consented=True)


def automatic(cloud: Cloud, tenant: Tenant | None, *, stepping_up: bool = False) -> SignedIn | None:
    """Return the user who signs in by itself, if there is one; it settles what it is asked for."""
    user = cloud.population.user(cloud.auto_user)
    if user is None:
        return None
    mfa, consented = (_wanted(cloud, user, tenant, kind) for kind in ("mfa", "consent"))
    return SignedIn(user, mfa or stepping_up, consented)


def _wanted(cloud: Cloud, user: User, tenant: Tenant | None, kind: str) -> bool:
    where = tenant.id if tenant else user.home
    fault = cloud.faults.take((kind,), "authorize", tenant=where, principal=user.username)
    return fault is not None


def _next(
    cloud: Cloud,
    here: SignedIn,
    tenant: Tenant | None,
    client_id: str,
    *,
    stepping_up: bool = False,
) -> SignedIn | Response:
    user = here.user
    if not here.mfa and (stepping_up or _wanted(cloud, user, tenant, "mfa")):
        return pages.second_factor(user.username, CODE, _ticket(cloud, here), "")
    if not here.consented and _wanted(cloud, user, tenant, "consent"):
        return pages.consent(FAMILY.get(client_id, client_id), _ticket(cloud, here))
    return here


def _people(cloud: Cloud, tenant: Tenant | None) -> dict[str, str]:
    """Return who may sign in here, with the passwords: they are invented, and no secret."""
    return {
        one.username: one.password
        for one in cloud.population.users.values()
        if tenant is None or tenant.id in one.tenants
    }


def _known(user: User | None, tenant: Tenant | None, password: str) -> bool:
    return (
        user is not None
        and not user.disabled
        and (tenant is None or tenant.id in user.tenants)
        and hmac.compare_digest(password.encode(), user.password.encode())
    )


def _ticket(cloud: Cloud, proved: SignedIn) -> dict[str, str]:
    claims = {"ticket": proved.user.username, "mfa": proved.mfa, "iat": time.time()}
    return {"ticket": cloud.signer.sign(claims)}


def _open(cloud: Cloud, ticket: str) -> SignedIn | None:
    try:
        claims = cloud.signer.open(ticket)
        if claims["iat"] + TICKET_LIFETIME_S < time.time():
            return None
        user = cloud.population.user(claims["ticket"])
    except (ValueError, KeyError):
        return None
    return SignedIn(user, claims["mfa"], consented=False) if user else None
