"""A throw-away home: az has signed in, directories are pinned, direnv and mise have their own."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AZ_CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
DEEP = "1/2/3/4/5/6/7/8"
USER = "ada@contoso.com"


def made_up_id(*what: object) -> str:
    """Return the same id for the same words in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, what))))


@dataclass(frozen=True)
class World:
    """A home for every tool alike; `import_contexts` brings as many as az knows."""

    top: Path
    tenants: int
    subscriptions: int

    def __post_init__(self) -> None:
        for name in ("unpinned", "a", "b"):
            self.directory(name).joinpath(DEEP).mkdir(parents=True)
        # Without it the first prompt of fish in a new home parses every manual page, for minutes.
        (self.home / ".local/share/fish/generated_completions").mkdir(parents=True)

    @property
    def home(self) -> Path:
        return self.top / "home"

    def directory(self, name: str) -> Path:
        return self.home / "src" / name

    @cached_property
    def env(self) -> dict[str, str]:
        """Nothing of the caller but PATH: no context of theirs, no direnv, no CI."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {
            "AZENV_HOME": str(self.home),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",  # az would start a process that uploads
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": path,
            "TERM": "xterm-256color",
        }

    def run(self, *argv: str, cwd: Path | None = None) -> None:
        subprocess.run(
            argv,
            env=self.env,
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )

    def name(self, number: int) -> str:
        """Return the name of a subscription, counted through all tenants."""
        tenant, subscription = divmod(number, self.subscriptions)
        return f"Contoso {tenant:02} {subscription:03}"

    def sign_in_to_az(self) -> None:
        """Write what `az login` leaves in ~/.azure."""
        base = self.home / ".azure"
        base.mkdir(mode=0o700)
        profile = {"installationId": made_up_id("az"), "subscriptions": list(self._profile_rows())}
        data = codecs.BOM_UTF8 + json.dumps(profile).encode()
        (base / "azureProfile.json").write_bytes(data)
        (base / "msal_token_cache.json").write_text(json.dumps(self._token_cache()))
        (base / "msal_token_cache.json").chmod(0o600)

    def _profile_rows(self) -> Iterator[dict[str, object]]:
        for tenant in range(self.tenants):
            tenant_id = made_up_id("tenant", tenant)
            for number in range(tenant * self.subscriptions, (tenant + 1) * self.subscriptions):
                yield {
                    "id": made_up_id("subscription", number),
                    "name": self.name(number),
                    "state": "Enabled",
                    "user": {"name": USER, "type": "user"},
                    "isDefault": number == 0,
                    "tenantId": tenant_id,
                    "environmentName": "AzureCloud",
                    "homeTenantId": tenant_id,
                    "tenantDefaultDomain": f"contoso{tenant}.onmicrosoft.com",
                    "tenantDisplayName": f"Contoso {tenant}",
                    "managedByTenants": [],
                }

    def _token_cache(self) -> dict[str, object]:
        host, user, tenant = (
            "login.microsoftonline.com",
            made_up_id("user"),
            made_up_id("tenant", 0),
        )
        account = f"{user}.{tenant}"
        common = {"environment": host, "home_account_id": account}
        return {
            "Account": {
                f"{account}-{host}-{tenant}": common
                | {
                    "realm": tenant,
                    "local_account_id": user,
                    "username": USER,
                    "authority_type": "MSSTS",
                }
            },
            "RefreshToken": {
                f"{account}-{host}-refreshtoken-1--": common
                | {
                    "client_id": AZ_CLIENT,
                    "credential_type": "RefreshToken",
                    "family_id": "1",
                    "secret": "not-a-token",
                    "target": "",
                    "last_modification_time": "1700000000",
                }
            },
            "AppMetadata": {
                f"appmetadata-{host}-{AZ_CLIENT}": {
                    "client_id": AZ_CLIENT,
                    "environment": host,
                    "family_id": "1",
                }
            },
        }

    def import_contexts(self) -> None:
        self.sign_in_to_az()
        self.run("azenv", "import", "az")

    def pin(self) -> None:
        self.run("azenv", "pin", self.name(1), cwd=self.directory("a"))
        self.run("azenv", "pin", self.name(2), cwd=self.directory("b"))

    def untrusted_pins(self, label: str, count: int) -> Path:
        """Make directories whose pins nobody has seen or allowed, and return their parent."""
        parent = self.directory("untrusted") / label
        for step in ("warm-1", "warm-2", *range(count)):
            directory = parent / str(step)
            directory.mkdir(parents=True)
            (directory / ".azenv.toml").write_text(f'context = "{self.name(1)}"\n')
        return parent

    def allow_direnv(self) -> None:
        for name in ("a", "b"):
            directory = self.directory(f"direnv/{name}")
            (directory / DEEP).mkdir(parents=True)
            lines = (f"export BENCH_{n}=value-{name}-{n}\n" for n in range(5))
            (directory / ".envrc").write_text("".join(lines))
            self.run("direnv", "allow", str(directory))

    def trust_mise(self) -> None:
        for name in ("a", "b"):
            directory = self.directory(f"mise/{name}")
            (directory / DEEP).mkdir(parents=True)
            lines = (f'BENCH_{n} = "value-{name}-{n}"\n' for n in range(5))
            (directory / "mise.toml").write_text("[env]\n" + "".join(lines))
            self.run("mise", "trust", str(directory / "mise.toml"))
