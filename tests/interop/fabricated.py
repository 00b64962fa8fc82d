"""az's directory as a real sign-in leaves it, without one: accounts, rows, tokens are invented."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from azenv.interop import azrows

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

CONTOSO = "22222222-bbbb-4bbb-8bbb-222222222222"
FABRIKAM = "33333333-cccc-4ccc-8ccc-333333333333"
DEV = "11111111-aaaa-4aaa-8aaa-111111111111"
PROD = "11111111-aaaa-4aaa-8aaa-222222222222"
BANK = "44444444-dddd-4ddd-8ddd-444444444444"
APP = "55555555-eeee-4eee-8eee-555555555555"
ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"
HOST = "login.microsoftonline.com"
AZ_CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
INSTALLATION = "5f0c1e0a-1111-4222-8333-abcdefabcdef"


def home_id(username: str) -> str:
    tenant = CONTOSO if username == ALICE else FABRIKAM
    return f"{username[0] * 8}-0000-4000-8000-000000000000.{tenant}"


def row(subscription: str, name: str, user: str, tenant: str, **more: object) -> Row:
    is_user = "@" in user
    return {
        "id": subscription,
        "name": name,
        "state": "Enabled",
        "user": {"name": user, "type": "user" if is_user else "servicePrincipal"},
        "isDefault": False,
        "tenantId": tenant,
        "environmentName": "AzureCloud",
        "homeTenantId": tenant,
        "managedByTenants": [],
        **more,
    }


ALICE_ROWS = [row(DEV, "dev", ALICE, CONTOSO), row(PROD, "prod", ALICE, CONTOSO)]
BOB_ROWS = [row(BANK, "bank", BOB, FABRIKAM)]
APP_ROWS = [row("66666666-ffff-4fff-8fff-666666666666", "robots", APP, CONTOSO)]


def tokens(
    *usernames: str, written: float | None = None, mark: str = "refresh", host: str = HOST
) -> Row:
    """Return a token cache as msal keeps it after these users signed in."""
    now = str(int(time.time() - 3600 if written is None else written))
    cache: Row = {"AccessToken": {}, "Account": {}, "IdToken": {}, "RefreshToken": {}}
    for username in usernames:
        home = home_id(username)
        realm = home.rpartition(".")[2]
        common = {"home_account_id": home, "environment": host}
        cache["Account"][f"{home}-{host}-{realm}"] = {
            **common,
            "realm": realm,
            "local_account_id": home.partition(".")[0],
            "username": username,
            "authority_type": "MSSTS",
            "account_source": "urn:ietf:params:oauth:grant-type:device_code",
        }
        cache["RefreshToken"][f"{home}-{host}-refreshtoken-{AZ_CLIENT}--"] = {
            **common,
            "credential_type": "RefreshToken",
            "secret": f"{mark} of {username}",
            "client_id": AZ_CLIENT,
            "target": "https://management.core.windows.net//.default",
            "last_modification_time": now,
            "family_id": "1",
        }
        cache["AccessToken"][f"{home}-{host}-accesstoken-{AZ_CLIENT}-{realm}-arm"] = {
            **common,
            "credential_type": "AccessToken",
            "secret": f"access of {username}",
            "client_id": AZ_CLIENT,
            "target": "https://management.core.windows.net//.default",
            "realm": realm,
            "token_type": "Bearer",
            "cached_at": now,
            "expires_on": str(int(time.time()) + 3600),
        }
    cache["AppMetadata"] = {
        f"appmetadata-{host}-{AZ_CLIENT}": {
            "client_id": AZ_CLIENT,
            "environment": host,
            "family_id": "1",
        }
    }
    return cache


def in_cloud(rows: list[Row], cloud: str) -> list[Row]:
    return [{**item, "environmentName": cloud} for item in rows]


PRINCIPALS = [{"client_id": APP, "tenant": CONTOSO, "client_secret": "not a real one"}]


def write_profile(directory: Path, rows: list[Row], default: str = "") -> None:
    """Write az's profile in place, as az does."""
    for item in rows:
        item["isDefault"] = item["id"] == default
    profile = {"installationId": INSTALLATION, "subscriptions": rows}
    (directory / "azureProfile.json").write_bytes(azrows.dump(profile))


def read_profile(directory: Path) -> list[Row]:
    data = (directory / "azureProfile.json").read_bytes()
    found: list[Row] = azrows.parse(data, "profile").get("subscriptions", [])
    return found


def write_tokens(directory: Path, cache: Row) -> None:
    (directory / "msal_token_cache.json").write_text(json.dumps(cache, indent=4))


def read_tokens(directory: Path) -> Row:
    found: Row = json.loads((directory / "msal_token_cache.json").read_text())
    return found


def users_in(directory: Path) -> set[str]:
    return {entry["username"] for entry in read_tokens(directory)["Account"].values()}


def make_base(directory: Path, cloud: str = "AzureCloud", host: str = HOST) -> Path:
    """Sign alice, bob and an application in."""
    directory.mkdir(parents=True)
    write_profile(directory, in_cloud([*ALICE_ROWS, *BOB_ROWS, *APP_ROWS], cloud), DEV)
    write_tokens(directory, tokens(ALICE, BOB, host=host))
    (directory / "service_principal_entries.json").write_text(json.dumps(PRINCIPALS, indent=4))
    (directory / "config").write_text(f"[cloud]\nname = {cloud}\n\n")
    (directory / "clouds.config").write_text(f"[{cloud}]\nsubscription = {DEV}\n\n")
    long_ago = time.time() - 3600
    for path in directory.iterdir():
        path.chmod(0o600)
        os.utime(path, (long_ago, long_ago))
    return directory


def seed(user: str = ALICE, subscription: str = DEV, **more: object) -> Row:
    """Return what azenv keeps of a context for its overlay."""
    kind = "user" if "@" in user else "servicePrincipal"
    tenant = FABRIKAM if user == BOB else CONTOSO
    return {
        "cloud": "AzureCloud",
        "kind": kind,
        "username": user,
        "home_id": home_id(user) if kind == "user" else f"{user}.{tenant}",
        "tenant": tenant,
        "subscription": subscription,
        "locked": False,
        "also": [],
        "tokens": True,
        "group": "g",
        **more,
    }
