"""ARM's description of the cloud, in the shapes that az and Azure PowerShell read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.sandbox.web import Request, Response, as_json

if TYPE_CHECKING:
    from azenv.sandbox.cloud import Cloud

# Nobody answers there: .invalid is reserved for that.
SUFFIX = "azenv-sandbox.invalid"


def answer(cloud: Cloud, request: Request) -> Response:
    """Answer /metadata/endpoints; versions before 2019 have one flat object."""
    version = request.query.get("api-version", "2022-09-01")
    if version.startswith("2019"):
        return as_json([_cloud(cloud)])
    if version < "2019":
        return as_json(_flat(cloud))
    return as_json(_cloud(cloud))


def _cloud(cloud: Cloud) -> dict[str, object]:
    return {
        "name": "AzenvSandbox",
        "portal": f"{cloud.url}/",
        "resourceManager": f"{cloud.url}/",
        "authentication": {
            "loginEndpoint": cloud.url,
            "audiences": [f"{cloud.url}/", "https://management.core.windows.net/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": f"https://graph.{SUFFIX}",
        "graphAudience": f"https://graph.{SUFFIX}/",
        "microsoftGraphResourceId": f"https://graph.{SUFFIX}/",
        "batch": f"https://batch.{SUFFIX}/",
        "gallery": f"https://gallery.{SUFFIX}/",
        "media": f"https://media.{SUFFIX}",
        "sqlManagement": f"https://sql.{SUFFIX}/",
        "vmImageAliasDoc": f"https://aliases.{SUFFIX}/aliases.json",
        "suffixes": {
            "acrLoginServer": f"azurecr.{SUFFIX}",
            "keyVaultDns": f"vault.{SUFFIX}",
            "sqlServerHostname": f"database.{SUFFIX}",
            "storage": f"core.{SUFFIX}",
        },
    }


def _flat(cloud: Cloud) -> dict[str, object]:
    """Return the shape of 2015-01-01, which Add-AzEnvironment -ARMEndpoint asks for."""
    return {
        "galleryEndpoint": f"https://gallery.{SUFFIX}/",
        "graphEndpoint": f"https://graph.{SUFFIX}/",
        "portalEndpoint": f"{cloud.url}/",
        "authentication": {"loginEndpoint": f"{cloud.url}/", "audiences": [f"{cloud.url}/"]},
    }
