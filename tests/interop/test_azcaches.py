"""One identity out of az's caches, one identity into an overlay's, under az's lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azenv.core.errors import DamagedError
from azenv.interop import azcaches, azclouds
from azenv.interop.azlock import az_locked
from tests.interop import fabricated
from tests.interop.fabricated import ALICE, APP, BOB, CONTOSO, FABRIKAM, HOST

HOSTS = azclouds.hosts("AzureCloud")


def test_a_seed_holds_one_identity_and_no_access_token() -> None:
    part = azcaches.extract(fabricated.tokens(ALICE, BOB), fabricated.home_id(ALICE), HOSTS)
    assert set(part) == {"Account", "RefreshToken", "AppMetadata"}
    assert BOB not in json.dumps(part)
    assert [len(entries) for entries in part.values()] == [1, 1, 1]


def test_without_a_refresh_token_there_is_no_seed() -> None:
    cache = fabricated.tokens(ALICE)
    cache["RefreshToken"] = {}
    assert azcaches.extract(cache, fabricated.home_id(ALICE), HOSTS) == {}


def test_another_program_s_tokens_stay_out() -> None:
    cache = fabricated.tokens(ALICE)
    (entry,) = cache["RefreshToken"].values()
    entry.update(client_id="another", family_id=None)
    assert azcaches.extract(cache, fabricated.home_id(ALICE), HOSTS) == {}


def test_tokens_of_another_cloud_stay_out() -> None:
    cache = fabricated.tokens(ALICE, host="login.microsoftonline.us")
    assert azcaches.extract(cache, fabricated.home_id(ALICE), HOSTS) == {}
    government = azclouds.hosts("AzureUSGovernment")
    assert azcaches.extract(cache, fabricated.home_id(ALICE), government)


def test_an_own_cloud_is_known_by_its_authority() -> None:
    options = {"endpoint_active_directory": "https://Login.Lab.example:8443/adfs"}
    assert azclouds.hosts("Lab", options) == ("login.lab.example",)
    public = {"endpoint_active_directory": f"https://{HOST}/"}
    assert azclouds.hosts("Mine", public) == HOSTS
    assert azclouds.hosts("Unknown") == ()


def test_newer_entries_win_and_the_rest_stays() -> None:
    old, new = (
        fabricated.tokens(ALICE, written=100),
        fabricated.tokens(ALICE, written=200, mark="b"),
    )
    part = azcaches.extract(new, fabricated.home_id(ALICE), HOSTS)
    merged = azcaches.merged(old, part)
    assert azcaches.age(merged) == 200
    assert merged["AccessToken"] == old["AccessToken"]
    assert (
        azcaches.merged(merged, azcaches.extract(old, fabricated.home_id(ALICE), HOSTS)) == merged
    )


def test_a_user_name_of_two_home_accounts_is_told_apart_by_tenant(tmp_path: Path) -> None:
    cache = fabricated.tokens(ALICE)
    (work,) = cache["Account"].values()
    cache["Account"]["other"] = {**work, "home_account_id": "personal.x", "realm": FABRIKAM}
    fabricated.write_tokens(tmp_path, cache)
    found = azcaches.home_ids(str(tmp_path))
    cloud, name = "azurecloud", ALICE.casefold()
    assert (cloud, name) not in found
    assert found[cloud, name, CONTOSO] == fabricated.home_id(ALICE)
    assert found[cloud, name, FABRIKAM] == "personal.x"
    assert azcaches.find_home_id(cache, ALICE.upper(), CONTOSO, HOSTS) == fabricated.home_id(ALICE)
    assert azcaches.find_home_id(cache, ALICE, "elsewhere", HOSTS) == ""


def test_a_service_principal_of_this_tenant_first() -> None:
    entries = [{"client_id": APP, "tenant": tenant} for tenant in (FABRIKAM, CONTOSO)]
    assert azcaches.find_principal(entries, APP, CONTOSO) == entries[1]
    assert azcaches.find_principal(entries, APP, "elsewhere") == entries[0]
    assert azcaches.find_principal(entries, "other", CONTOSO) is None


@pytest.mark.parametrize("text", ["[]", '{"Account": [], "RefreshToken": {"k": 1}}', "7"])
def test_odd_caches_are_empty_ones(tmp_path: Path, text: str) -> None:
    (tmp_path / "msal_token_cache.json").write_text(text)
    cache = azcaches.read_tokens(str(tmp_path))
    assert not list(azcaches.accounts(cache))
    assert azcaches.extract(cache, "x", HOSTS) == {}


def test_a_broken_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "msal_token_cache.json").write_text("{}}")
    with pytest.raises(DamagedError, match=r"msal_token_cache\.json"):
        azcaches.read_tokens(str(tmp_path))


def test_half_a_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """az writes in place: what is torn now may be whole in a moment."""
    whole = json.dumps(fabricated.tokens(ALICE))
    file = tmp_path / "msal_token_cache.json"
    file.write_text(whole[:50])
    monkeypatch.setattr(time, "sleep", lambda _: file.write_text(whole))
    assert azcaches.read_tokens(str(tmp_path)) == json.loads(whole)


def test_the_lock_is_az_s(tmp_path: Path) -> None:
    lock = tmp_path / "cache.lockfile"
    with az_locked(str(tmp_path / "cache")):
        assert lock.exists()
    assert not lock.exists()


def test_a_killed_az_s_lock_file_is_overcome(tmp_path: Path) -> None:
    lock = tmp_path / "cache.lockfile"
    lock.write_text("1 az")
    os.utime(lock, (time.time() - 60, time.time() - 60))
    start = time.monotonic()
    with az_locked(str(tmp_path / "cache")):
        assert time.monotonic() - start < 1
    assert not lock.exists()


_COUNT = """
import sys
sys.path.insert(0, {root!r})
from azenv.interop.azlock import az_locked
for _ in range(50):
    with az_locked({cache!r}):
        number = int(open({cache!r}).read())
        open({cache!r}, "w").write(str(number + 1))
"""


def test_the_lock_excludes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("0")
    code = _COUNT.format(root=str(Path.cwd()), cache=str(cache))
    running = [subprocess.Popen([sys.executable, "-I", "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert cache.read_text() == "200"
