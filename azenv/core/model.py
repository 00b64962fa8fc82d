"""The nouns: context, account, tenant, subscription, token. Values, compared by content."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

USER = "user"
SERVICE_PRINCIPAL = "servicePrincipal"
MANAGED_IDENTITY = "managedIdentity"
ACCOUNT_KINDS = (USER, SERVICE_PRINCIPAL, MANAGED_IDENTITY)

AZURE_CLOUD = "AzureCloud"

# How an account proves itself to azenv. An account that only az signed in has no credential here.
METHODS = ("user", "secret", "certificate", "federated", "managed", "token")

# What a context exports beside the default; `core.slots` knows what each family means.
FAMILIES = ("az-tokens", "terraform", "ansible", "azd", "dotnet", "kube", "sdk")
DEFAULT_FAMILIES = ("az-tokens", "terraform", "ansible")


@dataclass(frozen=True, slots=True)
class Account:
    """Who signed in.

    `home_id` is MSAL's home_account_id (`uid.utid`) for a user; `<client id>.<tenant>` for a
    service principal; az's assignedIdentityInfo (`MSI`, `MSIClient-<guid>` …) for a managed
    identity; empty where only the user name is known (az's profile does not hold it).
    """

    username: str
    kind: str = USER
    home_id: str = ""
    home_tenant: str = ""
    certificate_sni: bool = False

    @property
    def key(self) -> str:
        """Return what two rows of one account have in common, ignoring case."""
        return (self.home_id or f"{self.kind}:{self.username}").casefold()


@dataclass(frozen=True, slots=True)
class Credential:
    """How an account proves itself, without the secret, which only a vault holds.

    `client_id` is the application that a user signed in through; a service principal's own name
    is its account's. `certificate` is the absolute path of a PEM or PFX file. `federated` is the
    absolute path of a token file, or the CI whose OIDC endpoint is asked: `github`, `azure-devops`.
    """

    method: str = "user"
    client_id: str = ""
    certificate: str = ""
    send_chain: bool = False
    federated: str = ""
    broker: bool = False


@dataclass(frozen=True, slots=True)
class Tenant:
    """A directory: its id, and the domain and display name where they are known."""

    id: str
    domain: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The billing and resource container; `state` as Azure says it (Enabled, Disabled …)."""

    id: str
    name: str
    state: str = "Enabled"
    home_tenant: str = ""
    managed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a context points at, and through whom: everything but what the user adds to it."""

    cloud: str
    account: Account
    tenant: Tenant
    subscription: Subscription | None = None

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return (cloud, account, tenant, subscription), comparable ignoring case."""
        subscription = self.subscription.id if self.subscription else ""
        return (
            self.cloud.casefold(),
            self.account.key,
            self.tenant.id.casefold(),
            subscription.casefold(),
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """A tenant that a sign-in could not list: what it asks for before it lets the account in.

    `reason` is for the user; `claims` is the challenge to answer (JSON), empty where there is none.
    """

    cloud: str
    account: Account
    tenant: Tenant
    reason: str
    claims: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return (cloud, account, tenant), comparable ignoring case."""
        return (self.cloud.casefold(), self.account.key, self.tenant.id.casefold())


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, when it ends (seconds since 1970), and what it is for."""

    text: str
    expires_on: int
    resource: str
    tenant: str
    username: str


@dataclass(frozen=True, slots=True)
class Context:
    """A named target. The id is random, never changes and never comes back."""

    id: str
    name: str
    target: Target
    group: str = ""
    location: str = ""
    protected: bool = False
    locked: bool = False
    also: tuple[str, ...] = ()
    exports: tuple[str, ...] = DEFAULT_FAMILIES
    keep: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = field(default=())

    @property
    def is_locked(self) -> bool:
        """Tell whether the overlay holds this subscription only: `protected` implies it."""
        return self.locked or self.protected

    def renamed(self, name: str) -> Context:
        """Return the same context under another name."""
        return replace(self, name=name)
