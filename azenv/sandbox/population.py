"""Who and what exists in the local Azure: generated to any size, the same each time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

NAMESPACE = uuid.UUID("6f1d5b0e-51a1-4d6e-9b57-0a5b0c1f7a11")
COMPANIES = ("contoso", "fabrikam", "northwind", "adatum", "litware", "proseware", "tailspin")
STAGES = ("dev", "test", "prod", "shared", "sandbox", "data")
PASSWORD = "correct horse"  # noqa: S105  invented, and good for nothing outside the sandbox


def identifier(*words: object) -> str:
    """Return the id that belongs to these words: the same in every run."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, words))))


@dataclass
class Tenant:
    """A directory; a guest in it has an object id of its own there."""

    id: str
    domain: str
    name: str


@dataclass
class Subscription:
    """A subscription and its resource groups (name -> location)."""

    id: str
    name: str
    tenant: str
    state: str = "Enabled"
    home_tenant: str = ""
    managed_by: tuple[str, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)


@dataclass
class User:
    """A person: a member of `home`, a guest in `guest_of`."""

    username: str
    home: str
    password: str = PASSWORD
    guest_of: list[str] = field(default_factory=list)
    disabled: bool = False
    sees: set[str] | None = None  # subscription ids; None: all of the tenants it is in

    @property
    def tenants(self) -> list[str]:
        """Return the ids of the tenants that know this user, the home tenant first."""
        return [self.home, *self.guest_of]

    @property
    def uid(self) -> str:
        """Return the object id in the home tenant, which leads the home account id."""
        return self.object_id(self.home)

    def object_id(self, tenant: str) -> str:
        """Return the object id that this user has in `tenant`."""
        return identifier("user", self.username, tenant)


@dataclass
class Federation:
    """Whose assertions stand for an application; without a key, the sandbox's own issuer's."""

    issuer: str
    subject: str
    public_key_pem: bytes | None = None


@dataclass
class Application:
    """A service principal or a managed identity: lives in one tenant."""

    client_id: str
    tenant: str
    name: str
    secrets: list[str] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)  # PEM
    federations: list[Federation] = field(default_factory=list)
    disabled: bool = False
    sees: set[str] | None = None

    @property
    def tenants(self) -> list[str]:
        """Return the only tenant that knows this application."""
        return [self.tenant]

    def object_id(self, tenant: str) -> str:
        """Return the object id of the service principal."""
        return identifier("principal", self.client_id, tenant)


Principal = User | Application


@dataclass
class Population:
    """Everything that exists, by id; tests add to it and change it while the sandbox runs."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    identities: dict[str, Application] = field(default_factory=dict)

    @classmethod
    def generate(cls, tenants: int = 2, subscriptions: int = 3, users: int = 2) -> Population:
        """Return `tenants` with that many `subscriptions` each, an application and an identity.

        The first user, ada@contoso.com, is a guest in every other tenant.
        """
        population = cls()
        for number in range(tenants):
            tenant = _tenant(number)
            population.tenants[tenant.id] = tenant
            for index in range(subscriptions):
                made = _subscription(tenant, index)
                population.subscriptions[made.id] = made
            for kind, into in (
                ("app", population.applications),
                ("identity", population.identities),
            ):
                client = identifier(kind, tenant.domain)
                company = tenant.domain.partition(".")[0]
                secrets = [f"secret-of-{company}"] if kind == "app" else []
                into[client] = Application(client, tenant.id, f"{company}-{kind}", secrets)
        homes = list(population.tenants.values())
        for number in range(users if homes else 0):
            home = homes[number % len(homes)]
            first = ("ada", "grace")[number] if number < 2 else f"user{number}"  # noqa: PLR2004  both named
            user = User(f"{first}@{home.domain}", home.id)
            if number == 0:
                user.guest_of = [tenant.id for tenant in homes[1:]]
            population.users[user.username] = user
        return population

    def tenant(self, word: str) -> Tenant | None:
        """Return the tenant with this id or domain, in any case."""
        folded = word.casefold()
        found = self.tenants.get(folded)
        return found or next((t for t in self.tenants.values() if t.domain == folded), None)

    def user(self, username: str) -> User | None:
        """Return the user with this name, in any case."""
        return self.users.get(username.casefold())

    def principal(self, object_id: str, tenant: str) -> Principal | None:
        """Return whoever has this object id in `tenant`."""
        everyone: list[Principal] = [
            *self.users.values(),
            *self.applications.values(),
            *self.identities.values(),
        ]
        for one in everyone:
            if tenant in one.tenants and one.object_id(tenant) == object_id:
                return one
        return None

    def visible(self, principal: Principal, tenant: str) -> list[Subscription]:
        """Return the subscriptions of `tenant` that `principal` may see."""
        if tenant not in principal.tenants:
            return []
        return [
            one
            for one in self.subscriptions.values()
            if (one.tenant == tenant or tenant in one.managed_by)
            and (principal.sees is None or one.id in principal.sees)
        ]


def _tenant(number: int) -> Tenant:
    company = COMPANIES[number % len(COMPANIES)]
    if number >= len(COMPANIES):
        company += str(number // len(COMPANIES) + 1)
    return Tenant(identifier("tenant", company), f"{company}.com", company.capitalize())


def _subscription(tenant: Tenant, index: int) -> Subscription:
    stage = STAGES[index % len(STAGES)]
    if index >= len(STAGES):
        stage += f" {index // len(STAGES) + 1}"
    return Subscription(
        identifier("subscription", tenant.domain, index),
        f"{tenant.name} {stage.capitalize()}",
        tenant.id,
        home_tenant=tenant.id,
        groups={f"rg-{stage.replace(' ', '-')}": "westeurope"},
    )
