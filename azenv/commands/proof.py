"""What a sign-in is made of: which way, as whom, and the secrets, which are never words."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from azenv.commands import secrets
from azenv.core.errors import UsageError
from azenv.core.model import Credential
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from azenv.app import App
    from azenv.azure.endpoints import Endpoints
    from azenv.azure.signin import SignedIn
    from azenv.azure.transport import Transport
    from azenv.store.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `azenv login`."""

    cloud: str
    tenant: str = ""
    subscription: str = ""
    name: str | None = None
    default: bool = False
    username: str = ""
    no_browser: bool = False
    broker: bool = False
    service_principal: bool = False
    client_id: str = ""
    secret_file: str = ""
    certificate: str = ""
    password_file: str = ""
    send_chain: bool = False
    federated: bool = False
    federated_token_file: str = ""
    identity: bool = False
    access_token: str = ""
    claims_challenge: str = ""
    timeout: int = 300
    force: bool = False
    scope: str | None = None

    @classmethod
    def of(cls, typed: Mapping[str, Any]) -> Self:
        """Return what click parsed."""
        return cls(**{item.name: typed[item.name] for item in fields(cls)})

    @property
    def method(self) -> str:
        """Return which of `core.model.METHODS` is meant."""
        if self.identity:
            return "managed"
        if self.access_token:
            return "token"
        if self.federated or self.federated_token_file:
            return "federated"
        if self.certificate:
            return "certificate"
        return "secret" if self.service_principal or self.secret_file else "user"

    def ensure_sound(self, app: App) -> None:
        """Refuse options that contradict each other, before anybody is asked anything.

        Raises UsageError.
        """
        ways = {
            "--identity": self.identity,
            "--access-token": bool(self.access_token),
            "--federated": self.federated or bool(self.federated_token_file),
            "--certificate": bool(self.certificate),
            "--secret-file": bool(self.secret_file),
            "--no-browser": self.no_browser,
            "--broker": self.broker,
        }
        given = [name for name, holds in ways.items() if holds]
        if len(given) > 1:
            raise UsageError(f"{given[0]} and {given[1]} are two ways to sign in")
        if self.service_principal and given and given[0] not in _OF_PRINCIPALS:
            raise UsageError(f"--service-principal and {given[0]} are two ways to sign in")
        if self.name is not None:
            from azenv.core.names import ensure_name

            ensure_name(self.name)
        if self.secret_file == self.password_file == secrets.STDIN:
            raise UsageError("stdin can be read once")
        if self.default and app.scope(self.scope) != "user":
            raise UsageError("the default outlives this session", hint="add --scope user")

    def described(self, app: App) -> str:
        """Return how it would be done, in words."""
        who = self.client_id or self.username
        if self.method != "user":
            return f"by {self.method}" + (f" as {who}" if who else "")
        from azenv.azure.user import Wish

        wish = Wish(
            tell=say, environ=app.environ, client_id="", way=_way(self), timeout_s=self.timeout
        )
        return f"by {wish.way}" + (f" as {who}" if who else "")


_OF_PRINCIPALS = ("--federated", "--certificate", "--secret-file")


def sign_in(app: App, wanted: Wanted, cloud: Endpoints, http: Transport) -> SignedIn:
    """Sign in as `wanted` says; nothing is kept yet. Raises SignInNeededError, AzenvError."""
    from azenv.azure import signin

    method = wanted.method
    if method == "managed":
        return signin.machine(cloud, http, app.environ, wanted.client_id)
    if method == "token":
        return signin.bearer(
            cloud, http, app.environ, secrets.read(app, wanted.access_token, "token")
        )
    if method == "user":
        return _person(app, wanted, cloud, http)
    client_id, tenant = _application(app, wanted)
    credential, secret = _proof(app, wanted, client_id)
    return signin.principal(
        cloud,
        http,
        app.environ,
        client_id=client_id,
        tenant=tenant,
        credential=credential,
        secret=secret,
    )


def _person(app: App, wanted: Wanted, cloud: Endpoints, http: Transport) -> SignedIn:
    from azenv.azure import claims, signin
    from azenv.azure.user import Wish
    from azenv.interop.azcaches import AZ_CLIENT_ID

    try:
        challenge = wanted.claims_challenge and claims.challenge(wanted.claims_challenge)
    except ValueError:
        raise UsageError("that is no claims challenge: neither JSON nor base64 of it") from None
    wish = Wish(
        tell=say,
        environ=app.environ,
        client_id=wanted.client_id or _settings(app).client_id or AZ_CLIENT_ID,
        tenant=wanted.tenant,
        account=wanted.username,
        claims=challenge,
        way=_way(wanted),
        timeout_s=wanted.timeout,
    )
    return signin.person(cloud, http, wish)


def _way(wanted: Wanted) -> str:
    from azenv.azure.user import BROKER, DEVICE_CODE

    if wanted.broker:
        return BROKER
    return DEVICE_CODE if wanted.no_browser else ""


def _settings(app: App) -> Settings:
    from azenv.store import settings

    return settings.load(app.paths.settings)


def _application(app: App, wanted: Wanted) -> tuple[str, str]:
    """Return client id and tenant: as typed, else where clusters and CI leave them."""
    client_id = wanted.client_id or wanted.username
    tenant = wanted.tenant
    if wanted.method == "federated":
        client_id = client_id or app.environ.get("AZURE_CLIENT_ID", "")
        tenant = tenant or app.environ.get("AZURE_TENANT_ID", "")
    if not client_id or not tenant:
        missing = "--client-id ID" if not client_id else "--tenant TENANT"
        raise UsageError(f"an application needs {missing} to sign in", hint=f"add {missing}")
    return client_id.casefold(), tenant


def _proof(app: App, wanted: Wanted, client_id: str) -> tuple[Credential, dict[str, str]]:
    """Return how the application proves itself, and what of it is secret."""
    if wanted.method == "federated":
        from azenv.azure import federation

        path = wanted.federated_token_file
        source = os.path.abspath(path) if path else federation.find(app.environ)
        return Credential("federated", federated=source), {}
    if wanted.method == "secret":
        secret = secrets.read(app, wanted.secret_file, f"secret of {client_id}")
        return Credential("secret"), {"secret": secret}
    path = os.path.abspath(os.path.expanduser(wanted.certificate))
    credential = Credential("certificate", certificate=path, send_chain=wanted.send_chain)
    password = _password(app, wanted, path)
    return credential, {"password": password} if password else {}


def _password(app: App, wanted: Wanted, path: str) -> str:
    """Return what opens the certificate's key; a person is asked where that is needed."""
    from azenv.azure import certificate

    if wanted.password_file:
        return secrets.read(app, wanted.password_file, "password")
    try:
        certificate.load(path)
    except certificate.PasswordNeededError:
        if not app.is_interactive:
            raise
        return secrets.read(app, "", f"password of {path}")
    return ""
