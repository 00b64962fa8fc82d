from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from azenv.core.errors import AzenvError
from azenv.store import paths, sealing, tokentable
from azenv.store.keys import KeyMissingError
from azenv.store.vault import user_vault
from tests.shells.harness import REPOSITORY, require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.store.paths import Paths

CACHE = json.dumps({"RefreshToken": {"k": {"secret": "a refresh token"}}})


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    return paths.locate({"AZENV_HOME": str(tmp_path / "home")})


def test_what_is_kept_comes_back(place: Paths) -> None:
    vault = user_vault(place)
    vault.change_cache(lambda old: old or CACHE)
    vault.put_secret("who", {"secret": "s3cret"})
    assert "the key is in a file that only you can read" in vault.notice()
    again = user_vault(place)
    assert (again.cache(), again.secret("who")) == (CACHE, {"secret": "s3cret"})
    assert again.notice() == ""
    for name in ("tokens.bin", "sp.bin"):
        path = f"{place.store}/{name}"
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read()
        assert b"refresh" not in data
        assert b"s3cret" not in data
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116


def test_a_copy_opens_nowhere(place: Paths, tmp_path: Path) -> None:
    user_vault(place).change_cache(lambda _: CACHE)
    other = paths.locate({"AZENV_HOME": str(tmp_path / "other")})
    os.makedirs(other.store, mode=0o700)  # noqa: PTH103
    for directory in (tmp_path / "other", tmp_path / "other" / ".azure"):
        directory.chmod(0o700)
    with open(f"{place.store}/tokens.bin", "rb") as file:  # noqa: PTH123
        data = file.read()
    path = tmp_path / "other" / ".azure" / "azenv" / "tokens.bin"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(KeyMissingError) as caught:
        user_vault(other).cache()
    assert "the key of azenv's tokens is missing" in caught.value.message
    assert path.read_bytes() == data  # left alone


def test_every_changed_byte_is_seen(place: Paths) -> None:
    vault = user_vault(place)
    vault.change_cache(lambda _: CACHE)
    with open(f"{place.store}/tokens.bin", "rb") as file:  # noqa: PTH123
        data = file.read()
    key = next(iter(vault._files._keys.values()))
    for at in range(24, len(data), 7):
        flipped = bytearray(data)
        flipped[at] ^= 0x40
        with pytest.raises((ValueError, AzenvError)):
            sealing.unseal(bytes(flipped), key=key, label="tokens.bin", count=2)
    for cut in range(0, len(data), 11):
        with pytest.raises(ValueError):  # noqa: PT011  the one that says damage
            sealing.unseal(data[:cut], key=key, label="tokens.bin", count=2)


def test_a_rotation_destroys_the_old_key(place: Paths) -> None:
    vault = user_vault(place)
    vault.change_cache(lambda _: CACHE)
    (old,) = os.listdir(f"{place.state}/keys")  # noqa: PTH208
    vault.rotate()
    (new,) = os.listdir(f"{place.state}/keys")  # noqa: PTH208
    assert old != new
    assert user_vault(place).cache() == CACHE
    vault.erase()
    assert not os.listdir(f"{place.state}/keys")  # noqa: PTH208
    assert user_vault(place).cache() == ""


def test_a_foreign_mode_is_refused(place: Paths) -> None:
    user_vault(place).change_cache(lambda _: CACHE)
    os.chmod(f"{place.store}/tokens.bin", 0o622)  # noqa: PTH101, S103
    with pytest.raises(AzenvError, match=r"tokens\.bin"):
        user_vault(place).cache()


WRITER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from azenv.store import paths
from azenv.store.vault import user_vault
vault = user_vault(paths.locate(os.environ))
for number in range(25):
    name = f"{os.getpid()}-{number}"
    def edit(text):
        cache = json.loads(text or "{}")
        cache.setdefault("RefreshToken", {})[name] = {"secret": name}
        return json.dumps(cache)
    vault.change_cache(edit)
    print(name, flush=True)
"""


def test_twenty_writers_and_kill_lose_nothing(place: Paths, tmp_path: Path) -> None:
    environ = os.environ | {"AZENV_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-c", WRITER, str(REPOSITORY)]
    running = [
        subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(20)
    ]
    rng = random.Random(4)  # noqa: S311  which are killed
    for one in rng.sample(running, 8):
        time.sleep(0.15)
        one.send_signal(signal.SIGKILL)
    said = [name for one in running for name in one.communicate(timeout=60)[0].split()]
    kept = json.loads(user_vault(place).cache())["RefreshToken"]
    assert len(said) > 12 * 25 - 1
    assert not set(said) - set(kept)


def test_the_table_finds_by_what_a_token_is_for() -> None:
    cache = {
        "AccessToken": {
            str(n): {
                "home_account_id": "u.t",
                "environment": "h",
                "client_id": "c",
                "realm": "t",
                "target": f"https://r{n}.test/.default",
                "secret": f"token-{n}",
                "expires_on": "200",
            }
            for n in range(50)
        }
    }
    table = tokentable.build(json.dumps(cache), 100)
    for n in range(50):
        wanted = tokentable.digest("U.T", "h", "c", "t", f"https://R{n}.test/")
        assert tokentable.find(table, wanted) == (f"token-{n}", 200)
    assert tokentable.find(table, b"\xff" * 16) is None
    wanted = tokentable.digest("u.t", "h", "c", "t", "https://r7.test")
    assert tokentable.find(tokentable.build(json.dumps(cache), 300), wanted) is None


KEYRING = """
import os, sys
sys.path.insert(0, sys.argv[1])
from azenv.core.errors import AzenvError
from azenv.store import paths
from azenv.store.vault import user_vault
place = paths.locate(os.environ)
vault = user_vault(place)
try:
    vault.change_cache(lambda old: "{}")
    print(vault.notice())
    print(user_vault(place).cache())
    vault.rotate()
    print(user_vault(place).where())
except AzenvError as error:
    print("refused:", error.message)
"""


def keyring(tmp_path: Path, unlock: str, setting: str = "auto") -> list[str]:
    """Run a vault below a real gnome-keyring of its own session bus."""
    for tool in ("dbus-run-session", "gnome-keyring-daemon"):
        require_tool(tool)
    script = tmp_path / "vault.py"
    script.write_text(KEYRING)
    if setting != "auto":
        (tmp_path / ".azure" / "azenv").mkdir(parents=True)
        for directory in (tmp_path / ".azure", tmp_path / ".azure" / "azenv"):
            directory.chmod(0o700)
        config = tmp_path / ".azure" / "azenv" / "config.toml"
        config.write_text(f'key_store = "{setting}"\n')
        config.chmod(0o600)
    call = f"{unlock}; exec {sys.executable} {script} {REPOSITORY}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", call],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout.splitlines()


UNLOCKED = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1"


def test_a_keyring_that_is_open_has_the_key(tmp_path: Path) -> None:
    told, cache, where = keyring(tmp_path, UNLOCKED)
    assert "the key is in the OS keyring (Secret Service)" in told
    assert cache == "{}"
    assert "Secret Service" in where
    assert not list(tmp_path.rglob("keys/*"))


def test_a_locked_keyring_means_a_file_and_says_so(tmp_path: Path) -> None:
    began = time.monotonic()
    told, cache, _ = keyring(tmp_path, LOCKED)
    assert "the key is in a file" in told
    assert ", since " in told
    assert cache == "{}"
    assert time.monotonic() - began < 15


def test_who_wants_the_keyring_gets_no_file(tmp_path: Path) -> None:
    (said,) = keyring(tmp_path, LOCKED, "keyring")
    assert said.startswith("refused: ")
    assert 'key_store is "keyring"' in said
    assert not list(tmp_path.rglob("keys/*"))


def test_a_bus_that_never_answers_costs_two_seconds(tmp_path: Path) -> None:
    silent = tmp_path / "bus"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(silent))
        listener.listen()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={silent}",
        }
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", KEYRING, str(REPOSITORY)],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    assert time.monotonic() - began < 10
    assert "the key is in a file" in done.stdout
