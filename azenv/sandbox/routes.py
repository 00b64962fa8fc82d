"""From a path to the endpoint that answers it, past the faults in force."""

from __future__ import annotations

import hmac
import re
import time
from typing import TYPE_CHECKING

from azenv.sandbox import arm, authorize, device, discovery, grants, identity, metadata, tokens
from azenv.sandbox.aadsts import Refused
from azenv.sandbox.faults import BROKEN, Fault
from azenv.sandbox.web import Request, Response, as_json, broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from azenv.sandbox.cloud import Cloud

    Answer = Callable[[Cloud, Request, str], Response]

# What follows the tenant -> the endpoint's name, and what answers.
ENTRA: dict[str, tuple[str, Answer]] = {
    ".well-known/openid-configuration": ("discovery", discovery.openid),
    "discovery/instance": ("discovery", discovery.instance),
    "discovery/keys": ("discovery", discovery.keys),
    "oauth2/authorize": ("authorize", authorize.authorize),
    "oauth2/devicecode": ("devicecode", device.start),
    "oauth2/token": ("token", grants.answer),
}


def answer(cloud: Cloud, request: Request) -> Response:
    """Answer a request to the TLS listener."""
    request.path = re.sub("/{2,}", "/", request.path)
    if cloud.latency_ms:
        time.sleep(cloud.latency_ms / 1000)
    first, _, rest = request.path.strip("/").partition("/")
    if request.path == "/sandbox/faults":
        return _control(cloud, request)
    if request.path == "/devicelogin":
        return authorize.device_login(cloud, request)
    if request.path == "/metadata/endpoints":
        return _guarded(cloud, request, "arm", "") or metadata.answer(cloud, request)
    if first in ("tenants", "subscriptions"):
        return _guarded(cloud, request, "arm", _tenant(request)) or arm.answer(cloud, request)
    if found := ENTRA.get(rest.replace("v2.0/", "")):
        name, answers = found
        tenant = cloud.population.tenant(first)
        busy = _guarded(cloud, request, name, tenant.id if tenant else first)
        try:
            return busy or answers(cloud, request, first)
        except Refused as refused:
            return refused.response()
    return as_json({"error": {"code": "NotFound", "message": "No such endpoint."}}, 404)


def answer_identity(cloud: Cloud, request: Request) -> Response:
    """Answer a request to the plain listener, where managed identity lives."""
    return _guarded(cloud, request, "identity", "") or identity.answer(cloud, request)


def _guarded(cloud: Cloud, request: Request, endpoint: str, tenant: str) -> Response | None:
    """Count the call; return the broken answer that a fault wants."""
    cloud.count(endpoint)
    fault = cloud.faults.take(BROKEN, endpoint, tenant=tenant, path=request.path)
    return broken(fault, endpoint) if fault else None


def _tenant(request: Request) -> str:
    """Return the tenant that the bearer token names, so that one alone can be down."""
    try:
        return str(tokens.parts(request.bearer)[1].get("tid", ""))
    except ValueError:
        return ""


def _control(cloud: Cloud, request: Request) -> Response:
    """Let whoever holds the control token read, add and clear faults."""
    if not hmac.compare_digest(request.bearer.encode(), cloud.control_token.encode()):
        return as_json({"error": "the control token is missing or wrong"}, 403)
    if request.method == "DELETE":
        cloud.faults.clear()
    elif request.method == "POST":
        try:
            asked = request.json()
            for one in asked if isinstance(asked, list) else [asked]:
                cloud.faults.add(Fault(**one))
        except (ValueError, TypeError) as error:
            return as_json({"error": str(error)}, 400)
    return as_json({"faults": cloud.faults.describe()})
