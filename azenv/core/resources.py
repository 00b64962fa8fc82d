"""What a token may be asked for by name: the words of az and of Azure PowerShell.

`az account get-access-token --resource-type`, `Get-AzAccessToken -ResourceTypeName`. The fast
path of `azenv token` imports this module: no imports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ARM = "arm"
PUBLIC_CLOUD = "AzureCloud"  # core.model has it, too, and takes 15 ms

# name, folded -> its address in AzureCloud
_PUBLIC = {
    ARM: "https://management.core.windows.net/",
    "aadgraph": "https://graph.windows.net/",
    "appconfiguration": "https://azconfig.io",
    "attestation": "https://attest.azure.net",
    "batch": "https://batch.core.windows.net/",
    "cosmos": "https://cosmos.azure.com",
    "datalake": "https://datalake.azure.net/",
    "devops": "499b84ac-1321-427f-aa17-267ca6975798",
    "eventhubs": "https://eventhubs.azure.net",
    "keyvault": "https://vault.azure.net",
    "media": "https://rest.media.azure.net",
    "msgraph": "https://graph.microsoft.com/",
    "operationalinsights": "https://api.loganalytics.io",
    "ossrdbms": "https://ossrdbms-aad.database.windows.net",
    "servicebus": "https://servicebus.azure.net",
    "sql": "https://database.windows.net/",
    "storage": "https://storage.azure.com/",
    "synapse": "https://dev.azuresynapse.net",
}
_ALIASES = {
    "graph": "msgraph",
    "loganalytics": "operationalinsights",
    "monitor": "operationalinsights",
    "postgres": "ossrdbms",
    "mysql": "ossrdbms",
    "management": ARM,
    "resourcemanager": ARM,
    "vault": "keyvault",
}
NAMES = tuple(sorted(_PUBLIC))

# name -> az's option in a cloud that is not AzureCloud
_OPTIONS = {
    ARM: "endpoint_active_directory_resource_id",
    "aadgraph": "endpoint_active_directory_graph_resource_id",
    "attestation": "endpoint_attestation_resource_id",
    "batch": "endpoint_batch_resource_id",
    "datalake": "endpoint_active_directory_data_lake_resource_id",
    "media": "endpoint_media_resource_id",
    "msgraph": "endpoint_microsoft_graph_resource_id",
    "operationalinsights": "endpoint_log_analytics_resource_id",
    "ossrdbms": "endpoint_ossrdbms_resource_id",
    "synapse": "endpoint_synapse_analytics_resource_id",
}
# name -> the suffix that its address ends with, there
_SUFFIXES = {"keyvault": "suffix_keyvault_dns", "sql": "suffix_sql_server_hostname"}
# The same in every cloud.
_EVERYWHERE = ("cosmos", "devops", "storage")


def folded(word: str) -> str:
    """Return the name that `word` means: `ms-graph`, `MSGraph` and `graph` are one."""
    name = word.casefold().replace("-", "").replace("_", "")
    return _ALIASES.get(name, name)


def is_address(word: str) -> bool:
    """Tell whether `word` is what a token is for, and no name of it: a URL or an id."""
    return "://" in word or (len(word) == 36 and word.count("-") == 4)  # noqa: PLR2004  a GUID


def public(word: str) -> str:
    """Return the address in AzureCloud, empty for an unknown name."""
    return _PUBLIC.get(folded(word), "")


def elsewhere(word: str, options: Mapping[str, str]) -> str:
    """Return the address in a cloud that az's `options` describe, empty where they do not say."""
    name = folded(word)
    if name in _EVERYWHERE:
        return _PUBLIC[name]
    if suffix := options.get(_SUFFIXES.get(name, ""), ""):
        return f"https://{suffix.lstrip('.')}"
    return options.get(_OPTIONS.get(name, ""), "")
