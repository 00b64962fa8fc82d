"""The real az in overlays: what it shows, what it breaks, what azenv learns and puts back."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.interop import azcaches, azclouds, azprofile, overlay
from tests.interop import fabricated
from tests.interop.fabricated import (
    ALICE,
    ALICE_ROWS,
    APP,
    APP_ROWS,
    BANK,
    BOB,
    BOB_ROWS,
    CONTOSO,
    DEV,
    FABRIKAM,
    PROD,
    Row,
)
from tests.interop.fake_azure import CLOUD, FakeAzure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.interop.overlay import Report

pytestmark = pytest.mark.az

ROBOTS = APP_ROWS[0]["id"]
UNTOUCHED = ("azureProfile.json", "clouds.config", "config", "msal_token_cache.json")


@pytest.fixture(scope="session")
def az_program() -> str:
    program = os.environ.get("AZENV_TEST_AZ") or shutil.which("az")
    if program is None:
        if os.environ.get("AZENV_REQUIRE_TOOLS"):
            pytest.fail("az is not on PATH")
        pytest.skip("az is not on PATH")
    return program


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAzure]:
    cloud = FakeAzure(tmp_path_factory.mktemp("fake-azure"))
    yield cloud
    cloud.close()


class World:
    """One user's home with az's base in it, and his runtime directory."""

    def __init__(self, home: Path, program: str, azure: FakeAzure, *, encrypted: bool) -> None:
        self.home = home
        self.azure = azure
        self.program = program
        self.base = fabricated.make_base(home / ".azure", CLOUD, "localhost")
        (self.base / "clouds.config").write_text(
            azure.section().rstrip("\n") + f"\nsubscription = {DEV}\n\n"
        )
        if encrypted:
            config = self.base / "config"
            config.write_text(config.read_text() + "[core]\nencrypt_token_cache = true\n\n")
        self.root = home / "run"
        self.root.mkdir(mode=0o700)
        self.before = self.digest()
        azure.next_user = BOB
        azure.subscriptions = {
            ALICE: [(DEV, "dev", CONTOSO), (PROD, "prod", CONTOSO)],
            BOB: [(BANK, "bank", FABRIKAM)],
            APP: [(ROBOTS, "robots", CONTOSO)],
        }

    def change_base(self, *users: str) -> None:
        """Do as an az in an unpinned shell: sign users in anew, in the base."""
        cache = fabricated.tokens(*users, written=time.time() + 2, host="localhost")
        fabricated.write_tokens(self.base, cache)
        self.before = self.digest()

    def digest(self) -> str:
        found = hashlib.sha256()
        for name in (*UNTOUCHED, "service_principal_entries.json"):
            found.update((self.base / name).read_bytes())
        return found.hexdigest()

    def refresh(
        self, context: str, user: str = ALICE, subscription: str = DEV, **more: object
    ) -> Report:
        known = {ALICE: ALICE_ROWS, BOB: BOB_ROWS, APP: APP_ROWS}[user]
        seed = fabricated.seed(user, subscription, cloud=CLOUD, **more)
        return self._refresh(context, seed, fabricated.in_cloud(known, CLOUD))

    def refresh_none(self) -> Report:
        return self._refresh("none", None, [])

    def _refresh(self, context: str, seed: Row | None, rows: list[Row]) -> Report:
        report = overlay.refresh(str(self.root), context, base=str(self.base), seed=seed, rows=rows)
        assert not self.is_stale(context)
        return report

    def directory(self, context: str) -> Path:
        return Path(overlay.directory(str(self.root), context))

    def is_stale(self, context: str) -> bool:
        """Ask as the shells do by -nt."""
        there = self.directory(context)
        stamp = (there / ".stamp").stat().st_mtime_ns
        caches = (there / "azureProfile.json", self.base / "msal_token_cache.json")
        return any(path.stat().st_mtime_ns > stamp for path in caches)

    def az(self, context: str, *words: str, fails: bool = False) -> str:
        blocked = context == "none"
        variables = {
            "AZURE_CLOUD_NAME": CLOUD,
            "AZURE_CORE_ENCRYPT_TOKEN_CACHE": "false",
        }
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AZURE_CONFIG_DIR": str(self.directory(context) if context else self.base),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_LOGIN_EXPERIENCE_V2": "false",
            "REQUESTS_CA_BUNDLE": str(self.azure.ca_file),
            # nothing but the cloud on localhost is reached: everything else fails at once
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "localhost",
            **({} if blocked else variables),
        }
        found = subprocess.run(
            [self.program, *words], env=environ, capture_output=True, text=True, check=False
        )
        assert (found.returncode != 0) == fails, found.stderr
        return found.stderr if fails else found.stdout.strip()

    def shown(self, context: str) -> str:
        return self.az(
            context, "account", "show", "--query", "join(' ', [name, user.name])", "-o", "tsv"
        )

    def listed(self, context: str) -> list[str]:
        names = self.az(context, "account", "list", "--query", "[].name", "-o", "tsv")
        return sorted(names.split())

    def token_of(self, context: str) -> str:
        return self.az(
            context, "account", "get-access-token", "--query", "accessToken", "-o", "tsv"
        )


def _kept(world: World) -> Iterator[World]:
    yield world
    assert world.digest() == world.before, "az's base was changed"


@pytest.fixture
def world(tmp_path: Path, az_program: str, azure: FakeAzure) -> Iterator[World]:
    """A world whose base must stay as it is, byte for byte."""
    yield from _kept(World(tmp_path / "home", az_program, azure, encrypted=False))


@pytest.fixture
def encrypted(tmp_path: Path, az_program: str, azure: FakeAzure) -> Iterator[World]:
    """The same with `encrypt_token_cache=true` in the base's config."""
    yield from _kept(World(tmp_path / "home", az_program, azure, encrypted=True))


def test_overlays_show_their_subscription_and_identity_at_once(world: World) -> None:
    world.refresh("dev")
    world.refresh("prod", ALICE, PROD)
    world.refresh("bank", BOB, BANK)
    world.refresh("robots", APP, ROBOTS)
    names = ["dev", "prod", "bank", "robots"]
    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(world.shown, names))
        tokens = list(pool.map(world.token_of, [*names, *names]))
    assert shown == [f"dev {ALICE}", f"prod {ALICE}", f"bank {BOB}", f"robots {APP}"]
    users = [f"{ALICE} in {CONTOSO}"] * 2 + [f"{BOB} in {FABRIKAM}", f"{APP} in {CONTOSO}"]
    assert tokens == [f"access of {user}" for user in users] * 2
    assert fabricated.users_in(world.directory("dev")) == {ALICE}
    assert not [path for path in world.root.rglob("*token_cache*") if path.is_symlink()]
    assert not [path for path in world.root.rglob("service_principal*") if path.is_symlink()]


def test_account_set_is_put_back_and_told(world: World) -> None:
    world.refresh("dev")
    world.az("dev", "account", "set", "--subscription", "prod")
    assert world.shown("dev") == f"prod {ALICE}"
    assert world.is_stale("dev")
    report = world.refresh("dev")
    assert report.messages == [
        (
            "this context decides the subscription, so az's default was put back; "
            'to change it: azenv set --subscription "prod"'
        )
    ]
    assert world.shown("dev") == f"dev {ALICE}"
    assert world.listed("dev") == ["dev", "prod"]
    assert world.refresh("dev").messages == []


def test_a_locked_context_shows_one_subscription(world: World) -> None:
    world.refresh("locked", locked=True)
    assert world.listed("locked") == ["dev"]
    assert "doesn't exist" in world.az("locked", "account", "set", "-s", "prod", fails=True)
    world.az("locked", "account", "list", "--refresh")
    assert world.listed("locked") == ["dev", "prod"]
    world.refresh("locked", locked=True)
    assert world.listed("locked") == ["dev"]


def test_config_set_goes_through_to_the_base(world: World) -> None:
    world.refresh("dev")
    world.az("dev", "config", "set", "defaults.group=rg1")
    assert (world.directory("dev") / "config").is_symlink()
    assert azclouds.defaults(str(world.base)) == ("rg1", "")
    world.before = world.digest()


def test_refresh_brings_newcomers(world: World) -> None:
    world.refresh("dev")
    new = "77777777-1111-4111-8111-111111111111"
    world.azure.subscriptions[ALICE].append((new, "new", CONTOSO))
    world.az("dev", "account", "list", "--refresh")
    report = world.refresh("dev")
    assert [row["name"] for row in report.newcomers] == ["new"]
    (target, _), *_ = azprofile.targets(report.newcomers, report.home_ids)
    assert target.account.home_id == fabricated.home_id(ALICE)
    assert world.listed("dev") == ["dev", "new", "prod"]
    assert world.shown("dev") == f"dev {ALICE}"


def test_logout_hurts_one_overlay_only_and_stays(world: World) -> None:
    world.refresh("dev")
    world.refresh("prod", ALICE, PROD)
    world.az("dev", "logout")
    report = world.refresh("dev")
    assert report.signed_out
    assert report.messages == [
        (
            f"{ALICE} is signed out in this context only; to sign in again here: "
            f"az login --tenant {CONTOSO}"
        )
    ]
    assert world.refresh("dev").messages == []
    assert "az login" in world.az("dev", "account", "show", fails=True)
    assert world.token_of("prod") == f"access of {ALICE} in {CONTOSO}"
    world.change_base(ALICE, BOB)
    assert world.is_stale("dev")
    assert not world.refresh("dev").signed_out
    assert world.token_of("dev") == f"access of {ALICE} in {CONTOSO}"


def test_account_clear_then_login_again(world: World) -> None:
    world.refresh("dev")
    world.az("dev", "account", "clear")
    assert world.refresh("dev").signed_out
    assert not (world.directory("dev") / "msal_token_cache.json").exists()
    world.azure.next_user = ALICE
    world.az("dev", "login", "--use-device-code")
    assert not world.refresh("dev").signed_out
    assert world.shown("dev") == f"dev {ALICE}"
    assert world.token_of("dev") == f"access of {ALICE} in {CONTOSO}"


def test_a_strangers_login_is_learnt_and_serves_his_own_overlay(world: World) -> None:
    world.change_base(ALICE)
    assert "holds no tokens" in world.refresh("bank", BOB, BANK).messages[0]
    world.refresh("dev")
    world.az("dev", "login", "--use-device-code")
    assert world.shown("dev") == f"bank {BOB}"
    report = world.refresh("dev")
    assert [row["name"] for row in report.newcomers] == ["bank"]
    assert report.messages[0].endswith('azenv use "bank"')
    assert world.shown("dev") == f"dev {ALICE}"
    assert fabricated.users_in(world.directory("dev")) == {ALICE}
    assert world.is_stale("bank"), "its shells are to renew it"
    world.refresh("bank", BOB, BANK)
    assert world.token_of("bank") == f"access of {BOB} in {FABRIKAM}"


def test_a_service_principals_login_is_learnt(world: World) -> None:
    (world.base / "service_principal_entries.json").write_text("[]")
    world.before = world.digest()
    words = ("login", "--service-principal", "-u", APP, "-p", "word", "-t", CONTOSO)
    world.refresh("dev")
    world.az("dev", *words)
    assert [row["name"] for row in world.refresh("dev").newcomers] == ["robots"]
    world.refresh("robots", APP, ROBOTS)
    assert world.token_of("robots") == f"access of {APP} in {CONTOSO}"
    assert not azcaches.read_principals(str(world.directory("dev")))


def test_none_reaches_nothing_and_keeps_nothing(world: World) -> None:
    world.refresh_none()
    for words in (("account", "show"), ("account", "get-access-token"), ("group", "list")):
        assert "az login" in world.az("none", *words, fails=True)
    # az in `none` is in its own cloud: AZURE_CLOUD_NAME is unset there, the config says it
    world.az("none", "login", "--use-device-code")
    report = world.refresh_none()
    assert [row["name"] for row in report.newcomers] == ["bank"]
    assert "az login" in world.az("none", "account", "show", fails=True)
    assert not fabricated.users_in(world.directory("none"))
    world.refresh("bank", BOB, BANK)
    assert world.token_of("bank") == f"access of {BOB} in {FABRIKAM}"


def test_with_encrypted_tokens_in_the_base(encrypted: World) -> None:
    report = encrypted.refresh("dev")
    assert report.messages == [
        (
            f"az keeps its tokens encrypted, so none of them can serve {ALICE} here; "
            f"to sign in once in this context: az login --tenant {CONTOSO}"
        )
    ]
    assert encrypted.shown("dev") == f"dev {ALICE}"
    assert encrypted.listed("dev") == ["dev", "prod"]
    encrypted.az("dev", "account", "set", "-s", "prod")
    encrypted.refresh("dev")
    assert encrypted.shown("dev") == f"dev {ALICE}"
    encrypted.azure.next_user = ALICE
    encrypted.az("dev", "login", "--use-device-code")
    encrypted.refresh("dev")
    encrypted.refresh("prod", ALICE, PROD)
    assert encrypted.token_of("prod") == f"access of {ALICE} in {CONTOSO}"
    encrypted.az("dev", "logout")
    assert encrypted.refresh("dev").signed_out


def test_none_with_encrypted_tokens_in_the_base(encrypted: World) -> None:
    encrypted.refresh_none()
    assert "az login" in encrypted.az("none", "account", "show", fails=True)
    # by the keychain it would sign the base out; here it cannot even ask for one
    encrypted.az("none", "account", "clear")
    encrypted.refresh_none()


def test_the_default_is_set_as_az_would(tmp_path: Path, az_program: str, azure: FakeAzure) -> None:
    ours = World(tmp_path / "ours", az_program, azure, encrypted=False)
    theirs = World(tmp_path / "theirs", az_program, azure, encrypted=False)
    theirs.az("", "account", "set", "--subscription", "prod")
    (row,) = fabricated.in_cloud([ALICE_ROWS[1]], CLOUD)
    ((target, _),) = azprofile.targets([row])
    assert azprofile.set_default(str(ours.base), target)
    for name in ("azureProfile.json", "clouds.config", "config"):
        assert (ours.base / name).read_bytes() == (theirs.base / name).read_bytes(), name
    assert ours.az("", "account", "show", "--query", "name", "-o", "tsv") == "prod"


_AZ_WRITES = """
import sys
from msal_extensions import FilePersistence, PersistedTokenCache
cache = PersistedTokenCache(FilePersistence(sys.argv[1]))
for number in range(20):
    realm = f"{sys.argv[2]}-{number}"
    entry = {"home_account_id": "h", "environment": "localhost", "client_id": "c", "realm": realm}
    cache.modify(cache.CredentialType.ACCESS_TOKEN, entry, {"secret": "s", "target": "t"})
"""


def test_az_and_azenv_write_one_token_cache_at_once(world: World) -> None:
    """az's own cache class against our merging: nothing lost, nothing torn."""
    world.refresh("dev")
    python = _python_of(world.az("dev", "--version"))
    cache = world.directory("dev") / "msal_token_cache.json"
    writers = [
        subprocess.Popen([python, "-c", _AZ_WRITES, str(cache), str(number)]) for number in range(3)
    ]
    merges = 0
    now = time.time()
    while any(writer.poll() is None for writer in writers):
        merges += 1
        newer = fabricated.tokens(ALICE, written=now + merges, host="localhost")
        fabricated.write_tokens(world.base, newer)
        world.refresh("dev")
    world.before = world.digest()
    assert [writer.returncode for writer in writers] == [0] * 3
    found = fabricated.read_tokens(world.directory("dev"))
    assert len(found["AccessToken"]) == 60
    (token,) = found["RefreshToken"].values()
    assert int(token["last_modification_time"]) == int(now + merges)
    assert merges > 5


def _python_of(version: str) -> str:
    (line,) = [line for line in version.splitlines() if line.startswith("Python location")]
    return line.partition("'")[2].rstrip("'")
