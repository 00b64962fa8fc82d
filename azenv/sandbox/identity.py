"""Managed identity: the App Service form with its secret header, and IMDS with `Metadata: true`."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from azenv.sandbox import issue
from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud
    from azenv.sandbox.population import Application

APP_SERVICE = "/msi/token"
IMDS = "/metadata/identity/oauth2/token"


def answer(cloud: Cloud, request: Request) -> Response:
    """Answer both forms; another machine's Host is refused (DNS rebinding)."""
    host = request.headers.get("host", "").partition(":")[0]
    if host not in ("127.0.0.1", "localhost"):
        return _refuse(403, "access_denied", "this host is not the machine itself")
    if request.path == APP_SERVICE:
        header = request.headers.get("x-identity-header", "")
        if not hmac.compare_digest(header.encode(), cloud.identity_header.encode()):
            return _refuse(401, "invalid_request", "the identity header is missing or wrong")
    elif request.path != IMDS:
        return _refuse(404, "not_found", "no such endpoint")
    elif request.headers.get("metadata", "").casefold() != "true":
        return _refuse(400, "invalid_request", "the header Metadata: true is missing")
    resource = request.query.get("resource", "")
    if not resource:
        return _refuse(400, "invalid_request", "the resource is missing")
    identity = _identity(cloud, request.query)
    if identity is None:
        return _refuse(400, "invalid_request", "Identity not found")
    tenant = cloud.population.tenants[identity.tenant]
    given = issue.for_application(cloud, identity, tenant, resource, "")
    lifetime = cloud.token_lifetime_s
    return as_json(
        {
            "access_token": given["access_token"],
            "client_id": identity.client_id,
            "expires_in": str(lifetime),
            "expires_on": str(int(cloud.now()) + lifetime),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def _identity(cloud: Cloud, query: dict[str, str]) -> Application | None:
    """Return the identity that is asked for; the first is the system-assigned one."""
    identities = cloud.population.identities
    if client := query.get("client_id"):
        return identities.get(client.casefold())
    for name in ("object_id", "principal_id"):
        if wanted := query.get(name):
            return next(
                (one for one in identities.values() if one.object_id(one.tenant) == wanted), None
            )
    return next(iter(identities.values()), None)


def _refuse(status: int, error: str, text: str) -> Response:
    return as_json({"error": error, "error_description": text}, status)
