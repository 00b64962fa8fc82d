"""What a cloud tells anyone about itself: ARM's endpoints, and the id of a tenant's domain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from azenv.azure import endpoints
from azenv.azure.transport import json_of, parsed
from azenv.core.errors import AzenvError, NotFoundError
from azenv.interop import psclouds

if TYPE_CHECKING:
    from azenv.azure.endpoints import Endpoints
    from azenv.azure.transport import Transport

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PATH = "/metadata/endpoints?api-version=2022-09-01"

# ARM's key -> az's option, as `az cloud register` maps them
_OPTIONS = {
    "portal": endpoints.PORTAL,
    "graphAudience": "endpoint_active_directory_graph_resource_id",
    "microsoftGraphResourceId": endpoints.GRAPH,
    "activeDirectoryDataLake": "endpoint_active_directory_data_lake_resource_id",
    "appInsightsResourceId": "endpoint_app_insights_resource_id",
    "appServiceResourceId": "endpoint_app_service_resource_id",
    "attestationResourceId": "endpoint_attestation_resource_id",
    "batch": "endpoint_batch_resource_id",
    "gallery": "endpoint_gallery",
    "logAnalyticsResourceId": "endpoint_log_analytics_resource_id",
    "media": "endpoint_media_resource_id",
    "ossrdbmsResourceId": "endpoint_ossrdbms_resource_id",
    "sqlManagement": "endpoint_sql_management",
    "synapseAnalyticsResourceId": "endpoint_synapse_analytics_resource_id",
    "vmImageAliasDoc": "endpoint_vm_image_alias_doc",
}
_SUFFIXES = {
    "storage": "suffix_storage_endpoint",
    "storageSyncEndpointSuffix": "suffix_storage_sync_endpoint",
    "azureDataLakeAnalyticsCatalogAndJob": (
        "suffix_azure_datalake_analytics_catalog_and_job_endpoint"
    ),
    "azureDataLakeStoreFileSystem": "suffix_azure_datalake_store_file_system_endpoint",
}
# az writes these with a leading dot
_DOTTED_SUFFIXES = {
    "acrLoginServer": "suffix_acr_login_server_endpoint",
    "attestationEndpoint": "suffix_attestation_endpoint",
    "keyVaultDns": "suffix_keyvault_dns",
    "mariadbServerEndpoint": "suffix_mariadb_server_endpoint",
    "mhsmDns": "suffix_mhsm_dns",
    "mysqlServerEndpoint": "suffix_mysql_server_endpoint",
    "postgresqlServerEndpoint": "suffix_postgresql_server_endpoint",
    "sqlServerHostname": "suffix_sql_server_hostname",
    "synapseAnalytics": "suffix_synapse_analytics_endpoint",
}


def discover(name: str, arm_url: str, transport: Transport) -> dict[str, str]:
    """Return az's options of the cloud whose ARM is at `arm_url`, to be called `name`.

    A built-in cloud's own are known without a call. Raises AzenvError where that is no cloud,
    or one that no token may go to.
    """
    url = arm_url.rstrip("/")
    known = next((one for one in endpoints.BUILT_IN.values() if one.allows(url)), None)
    if known:
        return psclouds.options(known.name) | _essentials(known)
    if not endpoints.is_usable(url):
        raise AzenvError(f'"{arm_url}" is no address of an ARM', hint="--arm-endpoint https://HOST")
    found = _asked(url, transport)
    options = _options(found, url)
    checked = endpoints.of_options(name, options)
    said = found.get("resourceManager")
    if isinstance(said, str) and said and not checked.allows(said):
        raise AzenvError(
            f"{url} says that its ARM is elsewhere: {said}", hint=f"--arm-endpoint {said}"
        )
    return options


def _asked(url: str, transport: Transport) -> dict[str, Any]:
    response = transport.get(url + PATH)
    if response.status_code != 200:  # noqa: PLR2004  what an answer has
        raise _no_cloud(url, f"it answers {response.status_code} when asked for its endpoints")
    found = parsed(response)
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict) and isinstance(one.get("authentication"), dict):
            return one
    raise _no_cloud(url, "what it answers does not describe one")


def _options(found: dict[str, Any], url: str) -> dict[str, str]:
    sign_in = found["authentication"]
    audiences = sign_in.get("audiences")
    authority = sign_in.get("loginEndpoint")
    if not isinstance(audiences, list) or not audiences or not isinstance(authority, str):
        raise _no_cloud(url, "it does not say where to sign in, and for what")
    suffixes = found.get("suffixes")
    options = {
        endpoints.RESOURCE_MANAGER: url,
        endpoints.AUTHORITY: authority.rstrip("/"),
        endpoints.RESOURCE: audiences[0],
        "endpoint_management": audiences[0],
        **_picked(found, _OPTIONS),
    }
    if isinstance(suffixes, dict):
        options |= _picked(suffixes, _SUFFIXES)
        dotted = _picked(suffixes, _DOTTED_SUFFIXES)
        texts = {option: text for option, text in dotted.items() if isinstance(text, str)}
        options |= dotted | {option: f".{text.lstrip('.')}" for option, text in texts.items()}
    for option, value in options.items():
        if not isinstance(value, str) or not value.isprintable():
            raise _no_cloud(url, f"its {option} is no text")
    return options


def _picked(found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {option: found[key] for key, option in names.items() if found.get(key)}


def _essentials(cloud: Endpoints) -> dict[str, str]:
    return {
        endpoints.AUTHORITY: cloud.authority,
        endpoints.RESOURCE_MANAGER: cloud.resource_manager,
        endpoints.RESOURCE: cloud.resource,
        "endpoint_management": cloud.resource,
    }


def _no_cloud(url: str, why: str) -> AzenvError:
    return AzenvError(
        f"{url} is no cloud's ARM: {why}", hint="azenv cloud add NAME --arm-endpoint https://HOST"
    )


def tenant_id(cloud: Endpoints, tenant: str, transport: Transport) -> str:
    """Return the id of a tenant, given its id or one of its domains. Raises NotFoundError."""
    if _ID.fullmatch(tenant):
        return tenant.lower()
    try:
        word = quote(tenant, safe="")
    except UnicodeEncodeError:  # bytes of the command line that are no UTF-8: nobody's domain
        word = ""
    url = f"{cloud.authority}/{word}/v2.0/.well-known/openid-configuration"
    response = transport.get(url) if word else None
    if response is not None and response.status_code == 200:  # noqa: PLR2004  what an answer has
        issuer = json_of(response).get("issuer")
        if found := _ID.search(issuer if isinstance(issuer, str) else ""):
            return found[0].lower()
    raise NotFoundError(
        f'no tenant "{tenant}" is known in {cloud.name}', hint="azenv tenants --refresh"
    )
