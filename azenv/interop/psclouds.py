"""Azure PowerShell's environments, and the options by which az describes the same clouds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azenv.interop.psjson import Part

# Azure PowerShell's key -> az's option in clouds.config
_OPTIONS = {
    "ServiceManagementUrl": "endpoint_management",
    "ResourceManagerUrl": "endpoint_resource_manager",
    "ManagementPortalUrl": "endpoint_portal",
    "ActiveDirectoryAuthority": "endpoint_active_directory",
    "GalleryUrl": "endpoint_gallery",
    "GraphUrl": "endpoint_active_directory_graph_resource_id",
    "ActiveDirectoryServiceEndpointResourceId": "endpoint_active_directory_resource_id",
    "StorageEndpointSuffix": "suffix_storage_endpoint",
    "SqlDatabaseDnsSuffix": "suffix_sql_server_hostname",
    "AzureKeyVaultDnsSuffix": "suffix_keyvault_dns",
    "DataLakeEndpointResourceId": "endpoint_active_directory_data_lake_resource_id",
    "BatchEndpointResourceId": "endpoint_batch_resource_id",
    "AzureDataLakeAnalyticsCatalogAndJobEndpointSuffix": (
        "suffix_azure_datalake_analytics_catalog_and_job_endpoint"
    ),
    "AzureDataLakeStoreFileSystemEndpointSuffix": (
        "suffix_azure_datalake_store_file_system_endpoint"
    ),
    "ContainerRegistryEndpointSuffix": "suffix_acr_login_server_endpoint",
}
_EXTENDED_OPTIONS = {
    "MicrosoftGraphUrl": "endpoint_microsoft_graph_resource_id",
    "ManagedHsmServiceEndpointSuffix": "suffix_mhsm_dns",
}
# az writes these suffixes with a leading dot, Azure PowerShell without.
_DOTTED = ("suffix_keyvault_dns", "suffix_acr_login_server_endpoint", "suffix_mhsm_dns")

_BUILT_IN = {
    "AzureCloud": {
        "ServiceManagementUrl": "https://management.core.windows.net/",
        "ResourceManagerUrl": "https://management.azure.com/",
        "ManagementPortalUrl": "https://portal.azure.com/",
        "PublishSettingsFileUrl": "https://go.microsoft.com/fwlink/?LinkID=301775",
        "ActiveDirectoryAuthority": "https://login.microsoftonline.com/",
        "GraphUrl": "https://graph.windows.net/",
        "ActiveDirectoryServiceEndpointResourceId": "https://management.core.windows.net/",
        "StorageEndpointSuffix": "core.windows.net",
        "SqlDatabaseDnsSuffix": ".database.windows.net",
        "TrafficManagerDnsSuffix": "trafficmanager.net",
        "AzureKeyVaultDnsSuffix": "vault.azure.net",
        "AzureKeyVaultServiceEndpointResourceId": "https://vault.azure.net",
        "GraphEndpointResourceId": "https://graph.windows.net/",
        "DataLakeEndpointResourceId": "https://datalake.azure.net/",
        "BatchEndpointResourceId": "https://batch.core.windows.net/",
        "AzureDataLakeAnalyticsCatalogAndJobEndpointSuffix": "azuredatalakeanalytics.net",
        "AzureDataLakeStoreFileSystemEndpointSuffix": "azuredatalakestore.net",
        "ContainerRegistryEndpointSuffix": "azurecr.io",
        "MicrosoftGraphUrl": "https://graph.microsoft.com",
        "ManagedHsmServiceEndpointSuffix": "managedhsm.azure.net",
    },
    "AzureChinaCloud": {
        "ServiceManagementUrl": "https://management.core.chinacloudapi.cn/",
        "ResourceManagerUrl": "https://management.chinacloudapi.cn/",
        "ManagementPortalUrl": "https://portal.azure.cn/",
        "ActiveDirectoryAuthority": "https://login.chinacloudapi.cn/",
        "GraphUrl": "https://graph.chinacloudapi.cn/",
        "ActiveDirectoryServiceEndpointResourceId": "https://management.core.chinacloudapi.cn/",
        "StorageEndpointSuffix": "core.chinacloudapi.cn",
        "SqlDatabaseDnsSuffix": ".database.chinacloudapi.cn",
        "TrafficManagerDnsSuffix": "trafficmanager.cn",
        "AzureKeyVaultDnsSuffix": "vault.azure.cn",
        "AzureKeyVaultServiceEndpointResourceId": "https://vault.azure.cn",
        "GraphEndpointResourceId": "https://graph.chinacloudapi.cn/",
        "BatchEndpointResourceId": "https://batch.chinacloudapi.cn/",
        "ContainerRegistryEndpointSuffix": "azurecr.cn",
        "MicrosoftGraphUrl": "https://microsoftgraph.chinacloudapi.cn",
        "ManagedHsmServiceEndpointSuffix": "managedhsm.azure.cn",
    },
    "AzureUSGovernment": {
        "ServiceManagementUrl": "https://management.core.usgovcloudapi.net/",
        "ResourceManagerUrl": "https://management.usgovcloudapi.net/",
        "ManagementPortalUrl": "https://portal.azure.us/",
        "ActiveDirectoryAuthority": "https://login.microsoftonline.us/",
        "GraphUrl": "https://graph.windows.net/",
        "ActiveDirectoryServiceEndpointResourceId": "https://management.core.usgovcloudapi.net/",
        "StorageEndpointSuffix": "core.usgovcloudapi.net",
        "SqlDatabaseDnsSuffix": ".database.usgovcloudapi.net",
        "TrafficManagerDnsSuffix": "usgovtrafficmanager.net",
        "AzureKeyVaultDnsSuffix": "vault.usgovcloudapi.net",
        "AzureKeyVaultServiceEndpointResourceId": "https://vault.usgovcloudapi.net",
        "GraphEndpointResourceId": "https://graph.windows.net/",
        "BatchEndpointResourceId": "https://batch.core.usgovcloudapi.net/",
        "ContainerRegistryEndpointSuffix": "azurecr.us",
        "MicrosoftGraphUrl": "https://graph.microsoft.us",
        "ManagedHsmServiceEndpointSuffix": "managedhsm.usgovcloudapi.net",
    },
}
_CANONICAL = {name.lower(): name for name in _BUILT_IN}
_WRITTEN = (
    *("ServiceManagementUrl", "ResourceManagerUrl", "ManagementPortalUrl"),
    *("PublishSettingsFileUrl", "ActiveDirectoryAuthority", "GalleryUrl", "GraphUrl"),
    *("ActiveDirectoryServiceEndpointResourceId", "StorageEndpointSuffix"),
    *("SqlDatabaseDnsSuffix", "TrafficManagerDnsSuffix", "AzureKeyVaultDnsSuffix"),
    *("AzureKeyVaultServiceEndpointResourceId", "GraphEndpointResourceId"),
    *("DataLakeEndpointResourceId", "BatchEndpointResourceId"),
    "AzureDataLakeAnalyticsCatalogAndJobEndpointSuffix",
    "AzureDataLakeStoreFileSystemEndpointSuffix",
)


def is_built_in(name: str) -> bool:
    """Tell whether Azure PowerShell and az both bring this cloud along."""
    return name.lower() in _CANONICAL


def canonical(name: str) -> str:
    """Return a cloud's name as az writes it: az minds the case, Azure PowerShell does not."""
    return _CANONICAL.get(name.lower(), name) or "AzureCloud"


def to_az(environment: Part) -> dict[str, str]:
    """Return az's options of one of the user's own clouds."""
    extended = environment.part("ExtendedProperties")
    found = {option: environment.text(key) for key, option in _OPTIONS.items()}
    found |= {option: extended.text(key) for key, option in _EXTENDED_OPTIONS.items()}
    return {option: _dotted(option, value) for option, value in found.items() if value}


def _dotted(option: str, value: str) -> str:
    return f".{value.lstrip('.')}" if option in _DOTTED else value


def options(name: str) -> dict[str, str]:
    """Return az's options of a built-in cloud, as far as Azure PowerShell knows it."""
    facts = _BUILT_IN.get(canonical(name), {})
    names = _OPTIONS | _EXTENDED_OPTIONS
    found = {option: facts[key] for key, option in names.items() if key in facts}
    return {option: _dotted(option, value) for option, value in found.items()}


def from_az(name: str, options: dict[str, str]) -> dict[str, Any]:
    """Return the environment that Azure PowerShell keeps; built-in ones need no options."""
    known = _BUILT_IN.get(canonical(name))
    facts: dict[str, str] = known or {
        key: options[option].lstrip(".") if option in _DOTTED else options[option]
        for key, option in (_OPTIONS | _EXTENDED_OPTIONS).items()
        if options.get(option)
    }
    return {
        "Name": canonical(name),
        "Type": "Built-in" if known else "User-defined",
        "OnPremise": False,
        **{key: facts.get(key) for key in _WRITTEN},
        "AdTenant": "Common",
        "ContainerRegistryEndpointSuffix": facts.get("ContainerRegistryEndpointSuffix"),
        "VersionProfiles": [],
        "ExtendedProperties": {key: facts[key] for key in _EXTENDED_OPTIONS if key in facts},
    }
