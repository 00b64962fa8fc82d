"""The state of one running sandbox, shared by its endpoints."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azenv.sandbox.faults import Faults
from azenv.sandbox.tokens import Signer

if TYPE_CHECKING:
    from azenv.sandbox.population import Population, User

# Applications of Microsoft's that need no registration, and share their refresh tokens.
FAMILY = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Microsoft Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Microsoft Azure PowerShell",
    "aebc6443-996d-45c2-90f0-388ff96faa56": "Visual Studio Code",
}
CODE_LIFETIME_S = 600
DEVICE_LIFETIME_S = 900


@dataclass
class Grant:
    """What a user allowed a client; codes and refresh tokens stand for it."""

    user: User
    client_id: str
    tenant: str  # where the sign-in was
    oauth_scopes: str
    mfa: bool = False
    consented: bool = False
    nonce: str = ""
    redirect_uri: str = ""
    challenge: str = ""
    made: float = field(default_factory=time.time)


@dataclass
class Device:
    """A device code that waits for someone to approve it."""

    code: str
    user_code: str
    client_id: str
    tenant: str
    oauth_scopes: str
    grant: Grant | None = None
    declined: bool = False
    polled: float = 0.0
    expires: float = field(default_factory=lambda: time.time() + DEVICE_LIFETIME_S)


class Cloud:
    """A local Azure: its people, its keys, what it handed out, and its moods."""

    def __init__(self, population: Population, url: str = "") -> None:
        self.population = population
        self.url = url
        self.faults = Faults()
        self.signer = Signer()
        self.federation = Signer()
        self.control_token = secrets.token_urlsafe(24)
        self.identity_header = secrets.token_urlsafe(24)
        self.auto_user = ""  # signs in by itself, without a form
        self.latency_ms = 0
        self.page_size = 100
        self.token_lifetime_s = 3600
        self.device_interval_s = 5
        self.clock_off_s = 0.0  # how far its clock is from this machine's
        self.strict_rotation = False  # a refresh token works once
        self.calls: dict[str, int] = {}
        self.lock = threading.Lock()
        self.codes: dict[str, Grant] = {}
        self.devices: dict[str, Device] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.revoked: dict[str, float] = {}  # username -> refresh tokens made before are void

    def count(self, endpoint: str) -> None:
        """Count a call, for those who promise to make few."""
        with self.lock:
            self.calls[endpoint] = self.calls.get(endpoint, 0) + 1

    def now(self) -> float:
        """Return the time by the cloud's own clock: what it stamps, and judges stamps by."""
        return time.time() + self.clock_off_s

    def revoke(self, username: str) -> None:
        """Void every refresh token of this user, as a changed password does."""
        self.revoked[username.casefold()] = time.time()

    def audiences(self) -> set[str]:
        """Return the resources that ARM answers to, without a slash at the end."""
        return {self.url, "https://management.core.windows.net", "https://management.azure.com"}

    def keep_code(self, grant: Grant) -> str:
        """Return a code that is worth this grant, once."""
        code = secrets.token_urlsafe(32)
        with self.lock:
            self.codes[code] = grant
        return code

    def take_code(self, code: str) -> Grant | None:
        """Return the grant of a code that is neither used nor old."""
        with self.lock:
            grant = self.codes.pop(code, None)
        return grant if grant and grant.made + CODE_LIFETIME_S > time.time() else None

    def keep_refresh_token(self, grant: Grant, old: str = "") -> str:
        """Return a new refresh token; with strict rotation `old` works no more."""
        token = f"1.{secrets.token_urlsafe(48)}"
        with self.lock:
            self.refresh_tokens[token] = grant
            if self.strict_rotation:
                self.refresh_tokens.pop(old, None)
        return token
