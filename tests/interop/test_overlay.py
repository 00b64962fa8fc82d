"""Overlays without az: how they are built, stamped, put in step, and what survives."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.core.errors import AzenvError, DamagedError
from azenv.interop import azrows, overlay
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
    PROD,
    Row,
)

if TYPE_CHECKING:
    from azenv.interop.overlay import Report

_SECOND_NS = 1_000_000_000


class World:
    """az's base and a runtime directory."""

    def __init__(self, home: Path) -> None:
        self.base = fabricated.make_base(home / ".azure")
        self.root = home / "run"
        self.root.mkdir(mode=0o700)

    def refresh(
        self, context: str = "dev", seed: Row | None = None, rows: list[Row] | None = None
    ) -> Report:
        seed = seed or fabricated.seed()
        known = {ALICE: ALICE_ROWS, BOB: BOB_ROWS, APP: APP_ROWS}.get(seed["username"], [])
        return overlay.refresh(
            str(self.root),
            context,
            base=str(self.base),
            seed=seed,
            rows=known if rows is None else rows,
        )

    def refresh_none(self) -> Report:
        return overlay.refresh(str(self.root), "none", base=str(self.base), seed=None, rows=[])

    def directory(self, context: str = "dev") -> Path:
        return Path(overlay.directory(str(self.root), context))

    def is_stale(self, context: str = "dev", unit: int = 1) -> bool:
        """Ask as shells do by -nt, comparing times in units of so many nanoseconds."""
        there = self.directory(context)
        stamp = (there / ".stamp").stat().st_mtime_ns // unit
        caches = (there / "azureProfile.json", self.base / "msal_token_cache.json")
        return any(path.stat().st_mtime_ns // unit > stamp for path in caches)

    def as_az(self, rows: list[Row], default: str = "", context: str = "dev") -> None:
        """Write the overlay's profile as az does."""
        fabricated.write_profile(self.directory(context), [dict(row) for row in rows], default)

    def rows(self, context: str = "dev") -> dict[str, bool]:
        found = fabricated.read_profile(self.directory(context))
        return {row["name"]: row["isDefault"] for row in found}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_overlay_is_private_and_shares_the_rest(world: World) -> None:
    assert world.refresh().built
    there = world.directory()
    own = {"azureProfile.json", "clouds.config", "msal_token_cache.json", ".stamp"}
    for path in there.iterdir():
        found = path.lstat()
        if path.name in own:
            assert stat.S_ISREG(found.st_mode), path
            assert found.st_mode & 0o777 == 0o600, path
        else:
            assert path.is_symlink(), path
            assert path.readlink().parent == world.base
    for directory in (there, there.parent, there.parent.parent):
        assert directory.stat().st_mode & 0o777 == 0o700
    assert (there / "logs").is_dir()
    assert fabricated.users_in(there) == {ALICE}
    assert "AccessToken" not in fabricated.read_tokens(there)


def test_a_service_principal_gets_its_own_secret_only(world: World) -> None:
    others = [*fabricated.PRINCIPALS, {"client_id": "other", "tenant": CONTOSO}]
    (world.base / "service_principal_entries.json").write_text(json.dumps(others))
    world.refresh("robots", fabricated.seed(APP, APP_ROWS[0]["id"]))
    there = world.directory("robots")
    assert json.loads((there / "service_principal_entries.json").read_text()) == (
        fabricated.PRINCIPALS
    )
    assert not (there / "msal_token_cache.json").exists()


def test_no_tokens_where_the_context_wants_none(world: World) -> None:
    assert world.refresh(seed=fabricated.seed(tokens=False)).messages == []
    assert world.rows() == {"dev": True, "prod": False}
    assert not (world.directory() / "msal_token_cache.json").exists()


def test_a_context_without_subscription(world: World) -> None:
    world.refresh(seed=fabricated.seed(subscription=""))
    assert world.rows() == {"dev": False, "prod": False, "N/A(tenant level account)": True}
    world.refresh("alone", fabricated.seed(subscription="", locked=True), [])
    (row,) = fabricated.read_profile(world.directory("alone"))
    assert (row["id"], row["user"]) == (CONTOSO, {"name": ALICE, "type": "user"})


def test_a_lost_subscription_is_an_error_and_leaves_nothing(world: World) -> None:
    with pytest.raises(AzenvError, match="lost the subscription"):
        world.refresh(rows=ALICE_ROWS[1:])
    assert not world.directory().exists()
    assert world.refresh().built
    left = {path.name for path in world.directory().parent.iterdir()}
    assert left == {".azure", "lock"}


@pytest.mark.parametrize(
    ("kind", "home_id", "user"),
    [
        (
            "managedIdentity",
            "MSI",
            {"name": "systemAssignedIdentity", "assignedIdentityInfo": "MSI"},
        ),
        ("user", f"cloudShell:{ALICE}", {"name": ALICE, "type": "user", "cloudShellID": True}),
    ],
)
def test_accounts_whose_tokens_az_does_not_keep(
    world: World, kind: str, home_id: str, user: Row
) -> None:
    seed = fabricated.seed(kind=kind, home_id=home_id, username=user["name"])
    rows = [{**row, "user": {"type": "servicePrincipal", **user}} for row in ALICE_ROWS]
    assert world.refresh(seed=seed, rows=rows).messages == []
    world.as_az(rows, PROD)
    assert "put back" in world.refresh(seed=seed, rows=rows).messages[0]
    world.as_az([])
    assert world.refresh(seed=seed, rows=rows).signed_out
    assert world.rows() == {}
    world.as_az(rows, DEV)
    assert not world.refresh(seed=seed, rows=rows).signed_out


def test_a_cloud_that_az_does_not_know_gets_a_config_of_its_own(world: World) -> None:
    rows = fabricated.in_cloud(ALICE_ROWS, "Lab")
    endpoints = {"endpoint_active_directory": "https://login.lab.example"}
    world.refresh(seed=fabricated.seed(cloud="Lab", endpoints=endpoints), rows=rows)
    there = world.directory()
    assert not (there / "config").is_symlink()
    clouds = (there / "clouds.config").read_text()
    assert "[Lab]" in clouds
    assert "endpoint_active_directory = https://login.lab.example" in clouds
    assert f"subscription = {DEV}" in clouds.partition("[Lab]")[2]


def test_az_remembers_the_context_s_subscription_in_its_cloud(world: World) -> None:
    world.refresh(seed=fabricated.seed(subscription=PROD))
    assert (world.directory() / "clouds.config").read_text() == (
        f"[AzureCloud]\nsubscription = {PROD}\n"
    )


# -- the stamp


def test_nothing_changed_is_not_stale_whatever_the_clock(world: World) -> None:
    world.refresh()
    assert not world.is_stale()
    assert not world.is_stale(unit=_SECOND_NS)
    (there, base) = (world.directory() / ".stamp", world.base / "msal_token_cache.json")
    assert there.stat().st_mtime_ns % _SECOND_NS == 0
    assert there.stat().st_mtime_ns > base.stat().st_mtime_ns


def test_any_later_write_is_stale_even_in_whole_seconds(world: World) -> None:
    world.refresh()
    world.as_az(ALICE_ROWS, PROD)
    assert world.is_stale(unit=_SECOND_NS)
    world.refresh()
    assert not world.is_stale(unit=_SECOND_NS)
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE))
    assert world.is_stale(unit=_SECOND_NS)


def test_a_base_written_just_now(world: World) -> None:
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE))
    world.refresh()
    assert not world.is_stale()
    base_ns = (world.base / "msal_token_cache.json").stat().st_mtime_ns
    assert (world.directory() / ".stamp").stat().st_mtime_ns == base_ns
    world.as_az(ALICE_ROWS, DEV)
    assert world.is_stale()


def test_a_coarse_clock_waits_until_the_second_is_over(world: World) -> None:
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE))
    overlay.refresh(
        str(world.root),
        "dev",
        base=str(world.base),
        seed=fabricated.seed(),
        rows=ALICE_ROWS,
        coarse=True,
    )
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE))
    assert world.is_stale(unit=_SECOND_NS)


def test_a_base_from_the_future_is_not_asked_about_for_ever(world: World) -> None:
    cache = world.base / "msal_token_cache.json"
    os.utime(cache, (time.time() + 3600, time.time() + 3600))
    world.refresh()
    assert not world.is_stale()


# -- in step


def test_a_default_that_az_set_is_put_back(world: World) -> None:
    world.refresh()
    world.as_az(ALICE_ROWS, PROD)
    assert 'azenv set --subscription "prod"' in world.refresh().messages[0]
    assert world.rows() == {"dev": True, "prod": False}


def test_hostile_names_do_not_reach_the_terminal(world: World) -> None:
    hostile = {**ALICE_ROWS[1], "name": 'x";rm -rf /\x1b[2J\u202e'}
    world.refresh()
    world.as_az([ALICE_ROWS[0], hostile], PROD)
    (message,) = world.refresh().messages
    assert message.endswith(f'azenv set --subscription "{PROD}"')


def test_a_torn_profile_is_made_whole(world: World) -> None:
    world.refresh()
    for text in ("", "\ufeff{}", '{"subscriptions": [{"id'):
        (world.directory() / "azureProfile.json").write_text(text)
        report = world.refresh()
        assert not report.signed_out
        assert world.rows() == {"dev": True, "prod": False}
        assert report.messages == []


def test_a_changed_context_changes_its_overlay(world: World) -> None:
    world.refresh()
    world.refresh(seed=fabricated.seed(locked=True))
    assert world.rows() == {"dev": True}
    assert not world.is_stale()
    world.refresh(seed=fabricated.seed(locked=True, also=[PROD.upper()]))
    assert world.rows() == {"dev": True, "prod": False}


def test_newcomers_are_reported_once_known_no_more(world: World) -> None:
    world.refresh()
    new = fabricated.row("n", "new", ALICE, CONTOSO)
    renamed = {**ALICE_ROWS[1], "name": "prod2"}
    world.as_az([ALICE_ROWS[0], renamed, new], DEV)
    assert [row["name"] for row in world.refresh().newcomers] == ["prod2", "new"]
    assert world.rows() == {"dev": True, "prod2": False, "new": False}
    assert world.refresh(rows=[ALICE_ROWS[0], renamed, new]).newcomers == []


def test_a_stranger_in_the_same_subscription_does_not_push_out_the_owner(world: World) -> None:
    world.refresh()
    theirs = [{**row, "user": {"name": BOB, "type": "user"}} for row in ALICE_ROWS]
    fabricated.write_tokens(world.directory(), fabricated.tokens(ALICE, BOB))
    world.as_az(theirs, DEV)
    report = world.refresh()
    assert not report.signed_out
    assert {row["user"]["name"] for row in report.newcomers} == {BOB}
    found = fabricated.read_profile(world.directory())
    assert {row["user"]["name"] for row in found} == {ALICE}
    assert fabricated.users_in(world.directory()) == {ALICE}


def test_an_az_that_writes_meanwhile_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh()
    world.as_az(ALICE_ROWS, PROD)
    dump, new = azrows.dump, fabricated.row("n", "new", ALICE, CONTOSO)

    def slow(profile: Row) -> bytes:
        monkeypatch.setattr(azrows, "dump", dump)
        world.as_az([*ALICE_ROWS, new], "n")
        return dump(profile)

    monkeypatch.setattr(azrows, "dump", slow)
    assert [row["name"] for row in world.refresh().newcomers] == ["new"]
    assert world.rows() == {"dev": True, "prod": False, "new": False}


def test_newer_tokens_of_the_base_come_in_and_nobody_else_s(world: World) -> None:
    world.refresh()
    fabricated.write_tokens(
        world.base, fabricated.tokens(ALICE, BOB, written=time.time(), mark="new")
    )
    world.refresh()
    (entry,) = fabricated.read_tokens(world.directory())["RefreshToken"].values()
    assert entry["secret"] == f"new of {ALICE}"


def test_a_login_here_serves_the_account_s_other_overlays(world: World) -> None:
    world.refresh("dev")
    world.refresh("prod", fabricated.seed(subscription=PROD))
    world.refresh("bank", fabricated.seed(BOB, BANK))
    later = fabricated.tokens(ALICE, written=time.time() + 5, mark="later")
    fabricated.write_tokens(world.directory("dev"), later)
    world.as_az(ALICE_ROWS, DEV, "dev")
    world.refresh("dev")
    assert world.is_stale("prod")
    assert not world.is_stale("bank")
    world.refresh("prod", fabricated.seed(subscription=PROD))
    (entry,) = fabricated.read_tokens(world.directory("prod"))["RefreshToken"].values()
    assert entry["secret"] == f"later of {ALICE}"
    (kept,) = (world.root / "az" / "learnt").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    overlay.drop(str(world.root), "dev")
    world.refresh("dev")
    (entry,) = fabricated.read_tokens(world.directory("dev"))["RefreshToken"].values()
    assert entry["secret"] == f"later of {ALICE}"


def test_a_half_done_logout_counts(world: World) -> None:
    """Offline az removes the tokens, fails, and leaves the rows."""
    world.refresh()
    fabricated.write_tokens(world.directory(), {})
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE, written=time.time() - 3600))
    assert world.refresh().signed_out
    assert fabricated.read_tokens(world.directory()) == {}
    fabricated.write_tokens(world.base, fabricated.tokens(ALICE, written=time.time() + 2))
    assert not world.refresh().signed_out
    assert fabricated.users_in(world.directory()) == {ALICE}


def test_a_half_done_clear_is_finished(world: World) -> None:
    """Offline az empties the profile, fails, and leaves the tokens."""
    world.refresh()
    world.as_az([])
    assert world.refresh().signed_out
    assert fabricated.users_in(world.directory()) == set()
    assert world.refresh().messages == []


def test_a_broken_cache_in_the_overlay_is_made_again(world: World) -> None:
    world.refresh()
    (world.directory() / "msal_token_cache.json").write_text("{}}")
    (world.directory() / "service_principal_entries.json").write_text("[")
    inode = world.directory().stat().st_ino
    assert not world.refresh().signed_out
    assert fabricated.users_in(world.directory()) == {ALICE}
    assert world.directory().stat().st_ino == inode, "an az may be at work in there"


def test_a_broken_cache_in_the_base_is_named_and_left_alone(world: World) -> None:
    world.refresh()
    cache = world.base / "msal_token_cache.json"
    cache.write_text("{}}")
    assert str(cache) in world.refresh().messages[0]
    assert cache.read_text() == "{}}"
    assert fabricated.users_in(world.directory()) == {ALICE}


def test_none_holds_nobody(world: World) -> None:
    assert world.refresh_none().built
    there = world.directory("none")
    assert fabricated.read_profile(there) == []
    assert not (there / "msal_token_cache.json").exists()
    assert not (there / "config").is_symlink()
    fabricated.write_tokens(there, fabricated.tokens(BOB))
    world.as_az(BOB_ROWS, BANK, "none")
    report = world.refresh_none()
    assert [row["name"] for row in report.newcomers] == ["bank"]
    assert report.home_ids["azurecloud", BOB] == fabricated.home_id(BOB)
    assert "azenv use" in report.messages[0]
    assert fabricated.read_profile(there) == []
    assert fabricated.users_in(there) == set()
    world.as_az([], context="none")
    assert not world.refresh_none().signed_out


# -- what may stand in the way


@pytest.mark.parametrize("name", ["..", "a/b", "", ".azure", "a\nb"])
def test_only_ids_name_an_overlay(world: World, name: str) -> None:
    with pytest.raises(DamagedError):
        overlay.directory(str(world.root), name)


def test_a_link_in_place_of_the_overlays_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (world.root / "az").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedError, match="link"):
        world.refresh()


def test_what_a_killed_builder_left_is_swept(world: World) -> None:
    left = world.root / "az" / "dev" / ".unfinished-1" / "deep"
    left.mkdir(parents=True, mode=0o700)
    (left / "msal_token_cache.json").write_text("secret")
    world.refresh()
    assert not left.parent.exists()


def test_a_dropped_overlay_leaves_the_base_alone(world: World) -> None:
    world.refresh()
    overlay.drop(str(world.root), "dev")
    overlay.drop(str(world.root), "dev")
    assert not world.directory().parent.exists()
    assert (world.base / "logs").is_dir()
    assert (world.base / "config").is_file()


# What az's telemetry process does, over and over: it outlives the az that started it.
_UPLOAD = """
import os, sys, time
print("ready", flush=True)
while True:
    for name in ("logs/telemetry.log", "telemetry/cache", "telemetry.txt"):
        path = os.path.join(sys.argv[1], name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "a").close()
        except OSError:
            pass
        time.sleep(0.001)
    if len(sys.argv) > 2:
        break
"""


def upload(overlay: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-c", _UPLOAD, str(overlay), *words]
    found = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert found.stdout is not None
    assert found.stdout.readline() == b"ready\n"
    return found


def test_what_az_s_telemetry_makes_anew_is_no_overlay(world: World) -> None:
    world.refresh()
    overlay.drop(str(world.root), "dev")
    with upload(world.directory(), "once") as process:
        process.wait()
    assert [path.name for path in world.directory().iterdir()] != []
    assert world.refresh().built
    assert (world.directory() / "telemetry").is_symlink()
    assert not world.is_stale()


def test_az_s_telemetry_does_not_keep_an_overlay(world: World) -> None:
    world.refresh()
    with upload(world.directory()) as process:
        try:
            for _ in range(20):
                world.refresh()
                overlay.drop(str(world.root), "dev")
        finally:
            process.kill()
    tokens = {"azureProfile.json", "msal_token_cache.json", "service_principal_entries.json"}
    assert not {path.name for path in world.root.rglob("*")} & tokens
    world.refresh()
    overlay.drop(str(world.root), "dev")
    assert not world.directory().parent.exists()


_BUILD = """
import json, sys
sys.path.insert(0, {here!r})
from azenv.interop import azrows, overlay
seed, rows = json.loads({seed!r}), json.loads({rows!r})
for _ in range(10):
    overlay.refresh({root!r}, "dev", base={base!r}, seed=seed, rows=rows)
"""


def test_many_builders_at_once(world: World) -> None:
    code = _BUILD.format(
        here=str(Path.cwd()),
        root=str(world.root),
        base=str(world.base),
        seed=json.dumps(fabricated.seed()),
        rows=json.dumps(ALICE_ROWS),
    )
    running = [subprocess.Popen([sys.executable, "-I", "-c", code]) for _ in range(12)]
    end = time.monotonic() + 30
    while any(process.poll() is None for process in running) and time.monotonic() < end:
        if world.directory().exists():
            assert world.rows() == {"dev": True, "prod": False}
        time.sleep(0.001)
    assert [process.wait() for process in running] == [0] * 12
    assert not world.is_stale()
    left = {path.name for path in world.directory().parent.iterdir()}
    assert left == {".azure", "lock"}


def test_only_light_modules_are_imported_to_build() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path.cwd())!r}); import azenv.interop.overlay;"
        "print(*sorted({'dataclasses', 'typing', 'pathlib', 'configparser', 'hashlib', 'inspect',"
        "'contextlib', 'unicodedata', 'subprocess', 'tempfile'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""


def test_a_full_disk_is_an_error_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", full)
        with pytest.raises(AzenvError, match="No space left") as caught:
            world.refresh()
    assert caught.value.hint is not None
    assert {path.name for path in world.directory().parent.iterdir()} == {"lock"}
    assert world.refresh().built


def test_a_rotated_secret_comes_in(world: World) -> None:
    seed = fabricated.seed(APP, APP_ROWS[0]["id"])
    world.refresh("robots", seed)
    file = world.base / "service_principal_entries.json"
    rotated = [{**fabricated.PRINCIPALS[0], "client_secret": "rotated"}]
    file.write_text(json.dumps(rotated))
    soon = time.time() + 2
    os.utime(file, (soon, soon))
    world.refresh("robots", seed)
    there = world.directory("robots") / "service_principal_entries.json"
    assert json.loads(there.read_text()) == rotated


def test_what_was_learnt_can_be_forgotten(world: World) -> None:
    world.refresh()
    fabricated.write_tokens(world.directory(), fabricated.tokens(ALICE, BOB, written=time.time()))
    world.refresh()
    assert len(list((world.root / "az" / "learnt").iterdir())) == 2
    overlay.forget(str(world.root), ALICE, fabricated.home_id(ALICE))
    (left,) = (world.root / "az" / "learnt").iterdir()
    assert left.name.startswith(fabricated.home_id(BOB))
    overlay.forget(str(world.root), BOB)
    assert not list((world.root / "az" / "learnt").iterdir())
