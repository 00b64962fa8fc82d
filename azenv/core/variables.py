"""The one table of environment variables that a context governs.

Everything else is derived from it: the records that shells read by position, the unrolled
code in each shell's prologue, `azenv env` and `azenv exec`. The names and the reasons are the
design's variables table (tools.md section 3.3). Only strings here: the hook imports this module.

A *kind* says what a context does with a name:

    =  set it        -  unset it        .  leave it alone        ?  set it where the user has none
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The first two are composed by the shell, never read from a record: a record that somebody
# forged must not choose the directory that az unpickles and imports code from.
COMPOSED = ("AZURE_CONFIG_DIR", "AZENV_SOURCE")

# Names that nearly every context sets: a shell sets them all in one statement.
USUAL = (
    *COMPOSED,
    *("AZENV_CONTEXT_ID", "AZENV_CONTEXT", "AZENV_SUBSCRIPTION_NAME", "AZENV_TENANT_NAME"),
    *("AZENV_ACCOUNT", "AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID"),
    *("ARM_ENVIRONMENT", "AZURE_CLOUD_NAME", "AZURE_CORE_ENCRYPT_TOKEN_CACHE"),
    "ANSIBLE_AZURE_AUTH_SOURCE",
)

# Names that a context may set, unset or leave alone.
SETTABLE = (
    *USUAL,
    *("AZENV_BLOCKED", "AZENV_PROTECTED", "AZURE_EXTENSION_DIR", "AZURE_DEFAULTS_GROUP"),
    *("AZURE_DEFAULTS_LOCATION", "AZURE_AUTHORITY_HOST", "AZURE_CLOUD_ENVIRONMENT"),
    *("AZURE_ENVIRONMENT", "ARM_METADATA_HOSTNAME", "AZURE_TENANT_ID", "AZURE_TOKEN_CREDENTIALS"),
    *("AZURE_LOCATION", "AZD_CONFIG_DIR", "KUBECONFIG", "KUBECACHEDIR", "AAD_LOGIN_METHOD"),
)

# Names that a context only ever unsets (or keeps): leftovers that would lead a tool elsewhere.
UNSETTABLE = (
    *("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"),
    *("AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"),
    *("AZURE_USERNAME", "AZURE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_SECRET"),
    *("AZURE_TENANT", "AZURE_AD_USER", "ARM_CLIENT_ID", "ARM_CLIENT_ID_FILE_PATH"),
    *("ARM_CLIENT_SECRET", "ARM_CLIENT_SECRET_FILE_PATH", "ARM_CLIENT_CERTIFICATE"),
    *("ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PASSWORD", "ARM_USE_MSI"),
    *("ARM_MSI_ENDPOINT", "ARM_USE_OIDC", "ARM_USE_CLI", "ARM_USE_AKS_WORKLOAD_IDENTITY"),
    *("ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "ARM_OIDC_REQUEST_TOKEN"),
    *("ARM_OIDC_REQUEST_URL", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"),
    *("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY"),
    *("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN", "IDENTITY_ENDPOINT"),
    *("IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"),
)

NAMES = SETTABLE + UNSETTABLE

# Old values of these never enter the exported undo record.
SECRET = frozenset(
    (
        *("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD"),
        *("AZURE_SECRET", "ARM_CLIENT_SECRET", "ARM_CLIENT_CERTIFICATE"),
        *("ARM_CLIENT_CERTIFICATE_PASSWORD", "ARM_OIDC_TOKEN", "ARM_OIDC_REQUEST_TOKEN"),
        *("AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN"),
        *("IDENTITY_HEADER", "MSI_SECRET"),
    )
)

# Set only where the user has none of his own.
SOFT = "AZURE_EXTENSION_DIR"

# What a managed-identity and a federated context need to keep.
MANAGED_IDENTITY_KEEPS = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET")
FEDERATED_KEEPS = ("ARM_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_URL", "AZURE_FEDERATED_TOKEN_FILE")

SET, UNSET, LEAVE, SET_IF_ABSENT = "=", "-", ".", "?"
SEPARATOR = "\x1f"


def digest(text: str) -> str:
    """Return 12 hex digits that name `text`: FNV-1a, since importing hashlib costs 3 ms."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"[:12]


# Names the order of the table. A running shell reads no record of another layout by position.
LAYOUT = digest(" ".join(("1", *NAMES, str(len(SETTABLE)), SOFT)))

# The built-in context `none`: nothing may be reached until the user decides.
NONE_ID = "none"
NONE_KINDS = "".join(
    SET
    if name in {"AZURE_CONFIG_DIR", "AZENV_SOURCE", "AZENV_CONTEXT_ID", "AZENV_BLOCKED"}
    else UNSET
    for name in NAMES
)


def kinds(slots: Mapping[str, str | None]) -> str:
    """Return one kind character per table name; `AZURE_EXTENSION_DIR` is always soft."""
    out = []
    for name in NAMES:
        if name in COMPOSED:
            out.append(SET)
        elif name not in slots:
            out.append(LEAVE)
        elif slots[name] is None:
            out.append(UNSET)
        else:
            out.append(SET_IF_ABSENT if name == SOFT else SET)
    return "".join(out)


def record(context_id: str, label: str, slots: Mapping[str, str | None]) -> str:
    """Return the text of `contexts/<id>`: id, label, kinds, values from the third on, a dot.

    Raises ValueError for a value that cannot stand in a record (it holds the separator, NUL or
    a line break); such a value never comes from azenv itself.
    """
    values = [slots.get(name) or "" for name in SETTABLE[len(COMPOSED) :]]
    fields = [context_id, label, kinds(slots), *values, "."]
    if any(char in field for field in fields for char in "\x1f\0\n\r"):
        msg = "a value holds a control character"
        raise ValueError(msg)
    return SEPARATOR.join(fields)


def positions(names: Iterable[str]) -> list[int]:
    """Return the positions, from 0, of `names` in the table."""
    return [NAMES.index(name) for name in names]
