"""What Entra ID tells anyone: where its endpoints are, which keys sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.sandbox.aadsts import Refused
from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud

ANY_TENANT = ("common", "organizations", "consumers")


def openid(cloud: Cloud, _request: Request, tenant: str) -> Response:
    """Answer /{tenant}/v2.0/.well-known/openid-configuration. Raises Refused."""
    if tenant in ANY_TENANT:
        issuer, where = f"{cloud.url}/{{tenantid}}/v2.0", tenant
    else:
        found = cloud.population.tenant(tenant)
        if found is None:
            raise Refused(90002, where=tenant)
        issuer, where = f"{cloud.url}/{found.id}/v2.0", found.id
    base = f"{cloud.url}/{where}/oauth2/v2.0"
    return as_json(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "device_authorization_endpoint": f"{base}/devicecode",
            "jwks_uri": f"{cloud.url}/{where}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "form_post"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "tenant_region_scope": None,
            "cloud_instance_name": cloud.url.removeprefix("https://"),
        }
    )


def keys(cloud: Cloud, _request: Request, _tenant: str) -> Response:
    """Answer /{tenant}/discovery/v2.0/keys."""
    return as_json({"keys": [cloud.signer.jwk()]})


def instance(cloud: Cloud, request: Request, _tenant: str) -> Response:
    """Answer /{tenant}/discovery/instance: the sandbox is one cloud with one host."""
    host = cloud.url.removeprefix("https://")
    asked = request.query.get("authorization_endpoint", f"{cloud.url}/common/")
    where = asked.removeprefix(cloud.url).strip("/").partition("/")[0] or "common"
    openid_url = f"{cloud.url}/{where}/v2.0/.well-known/openid-configuration"
    return as_json(
        {
            "tenant_discovery_endpoint": openid_url,
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": host, "preferred_cache": host, "aliases": [host]},
            ],
        }
    )
