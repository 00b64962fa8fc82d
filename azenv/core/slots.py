"""A context's slots: the value of each table name, None to unset, no slot to leave alone.

Which names, and why, is tools.md section 3.3; the table itself is `core.variables`.
"""

from __future__ import annotations

from azenv.core import variables
from azenv.core.model import AZURE_CLOUD, MANAGED_IDENTITY
from azenv.core.names import display

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.core.model import Context

    Slots = dict[str, str | None]

# az's cloud names, as Terraform, Ansible and the SDKs spell the same clouds.
_ARM_ENVIRONMENT = {
    "AzureCloud": "public",
    "AzureUSGovernment": "usgovernment",
    "AzureChinaCloud": "china",
}
AUTHORITIES = {
    "AzureCloud": "https://login.microsoftonline.com",
    "AzureUSGovernment": "https://login.microsoftonline.us",
    "AzureChinaCloud": "https://login.chinacloudapi.cn",
}

# Removes the managed-identity probe from DefaultAzureCredential.
_CLI_ONLY = "AzureCliCredential"


class CloudFacts:
    """What the variables need to know of a user's own cloud: its hosts, as URLs."""

    __slots__ = ("authority", "resource_manager")

    def __init__(self, authority: str = "", resource_manager: str = "") -> None:
        self.authority = authority
        self.resource_manager = resource_manager


def slots(
    context: Context,
    *,
    extension_dir: str,
    store: str,
    cloud: CloudFacts | None = None,
    windows: bool = False,
) -> Slots:
    """Return the slots of `context`.

    `extension_dir` is az's directory of extensions in the base; `store` holds what the `azd` and
    `kube` families keep for each context; `cloud` describes a cloud that is not built in.
    """
    found: Slots = dict.fromkeys(variables.UNSETTABLE)
    found |= _shown(context)
    found |= _for_az(context, extension_dir)
    if windows:
        del found["AZURE_CORE_ENCRYPT_TOKEN_CACHE"]
    found |= _cloud(context, cloud)
    found |= _families(context, store)
    for name in _kept(context):
        if name in variables.UNSETTABLE:
            found.pop(name, None)
    return found


def label(context: Context) -> str:
    """Return what a hook prints: name, subscription, tenant, account, all in display form."""
    target = context.target
    subscription = target.subscription.name if target.subscription else "no subscription"
    parts = (subscription, target.tenant.domain or target.tenant.id, target.account.username)
    return f"{display(context.name)}  " + " · ".join(map(display, parts))


def _shown(context: Context) -> Slots:
    target = context.target
    return {
        "AZENV_CONTEXT_ID": context.id,
        "AZENV_CONTEXT": display(context.name),
        "AZENV_SUBSCRIPTION_NAME": (
            display(target.subscription.name) if target.subscription else None
        ),
        "AZENV_TENANT_NAME": display(
            target.tenant.name or target.tenant.domain or target.tenant.id
        ),
        "AZENV_ACCOUNT": display(target.account.username),
        "AZENV_PROTECTED": "1" if context.protected else None,
        "AZENV_BLOCKED": None,
    }


def _for_az(context: Context, extension_dir: str) -> Slots:
    target = context.target
    subscription_id = target.subscription.id if target.subscription else None
    found: Slots = {
        "AZURE_SUBSCRIPTION_ID": subscription_id,
        "ARM_SUBSCRIPTION_ID": subscription_id,
        "ARM_TENANT_ID": target.tenant.id,
        "AZURE_CLOUD_NAME": target.cloud,
        # az's own encryption has one keychain item for all directories: overlays would mix
        "AZURE_CORE_ENCRYPT_TOKEN_CACHE": "false",
        "ANSIBLE_AZURE_AUTH_SOURCE": "cli",
        variables.SOFT: extension_dir,
    }
    if context.group:
        found["AZURE_DEFAULTS_GROUP"] = context.group
    if context.location:
        found["AZURE_DEFAULTS_LOCATION"] = context.location
    return found


def _cloud(context: Context, cloud: CloudFacts | None) -> Slots:
    name = context.target.cloud
    elsewhere = ("AZURE_AUTHORITY_HOST", "AZURE_CLOUD_ENVIRONMENT", "AZURE_ENVIRONMENT")
    found: Slots = dict.fromkeys((*elsewhere, "ARM_METADATA_HOSTNAME"))
    if name in _ARM_ENVIRONMENT:
        found["ARM_ENVIRONMENT"] = _ARM_ENVIRONMENT[name]
    else:
        found["ARM_ENVIRONMENT"] = None
        if cloud and cloud.resource_manager:
            host = cloud.resource_manager.split("://", 1)[-1].split("/", 1)[0]
            found["ARM_METADATA_HOSTNAME"] = host
    if name != AZURE_CLOUD:
        found["AZURE_AUTHORITY_HOST"] = AUTHORITIES.get(name) or (cloud and cloud.authority) or None
        found["AZURE_CLOUD_ENVIRONMENT"] = found["AZURE_ENVIRONMENT"] = name
    return found


def _families(context: Context, store: str) -> Slots:
    found: Slots = {}
    families = set(context.exports)
    if families & {"azd", "dotnet"}:
        found["AZURE_TENANT_ID"] = context.target.tenant.id
    if "sdk" in families:
        found["AZURE_TOKEN_CREDENTIALS"] = _CLI_ONLY
    else:
        found["AZURE_TOKEN_CREDENTIALS"] = None
    if "azd" in families:
        found["AZD_CONFIG_DIR"] = f"{store}/azd/{context.id}"
        if context.location:
            found["AZURE_LOCATION"] = context.location
    if "kube" in families:
        found["KUBECONFIG"] = f"{store}/kube/{context.id}/config"
        found["KUBECACHEDIR"] = f"{store}/kube/{context.id}/cache"
        found["AAD_LOGIN_METHOD"] = "azurecli"
    return found


def _kept(context: Context) -> tuple[str, ...]:
    if context.target.account.kind == MANAGED_IDENTITY:
        return (*variables.MANAGED_IDENTITY_KEEPS, *context.keep)
    return context.keep
