from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from azenv.core.errors import AzenvError, DamagedError
from azenv.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away or mount")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_written_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"one", b"", b"x" * 3_000_000):
        files.write_private(str(path), data)
        assert path.read_bytes() == data == files.read_private(str(path))
        assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert files.read_private(str(tmp_path / "missing")) is None


def test_a_mode_that_lets_others_read_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0o644)
    assert files.read_private(str(path)) == b"x"
    assert mode(path) == 0o600


def test_a_mode_that_lets_others_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0o622)
    with pytest.raises(DamagedError, match="others may write"):
        files.read_private(str(path))


def test_a_link_a_fifo_a_directory_and_a_device_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    for name in ("link", "fifo", "directory", "link/x"):
        with pytest.raises(DamagedError):
            files.read_private(str(tmp_path / name))
    with pytest.raises(DamagedError):
        files.read_private("/dev/zero")


def test_a_giant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(files.LARGEST + 1)
    with pytest.raises(DamagedError, match="larger than 64 MiB"):
        files.read_private(str(path))


@needs_root
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    os.chown(path, 12345, -1)
    with pytest.raises(DamagedError, match="another user owns"):
        files.read_private(str(path))
    os.chown(tmp_path, 12345, -1)
    with pytest.raises(DamagedError, match="another user owns"):
        files.ensure_private_directory(str(tmp_path))


def test_a_directory_is_made_private_or_checked(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    files.ensure_private_directory(str(path))
    assert mode(path) == 0o700
    path.chmod(0o755)
    files.ensure_private_directory(str(path))
    assert mode(path) == 0o700
    path.chmod(0o777)
    with pytest.raises(DamagedError, match="others may write"):
        files.ensure_private_directory(str(path))


def test_a_link_or_a_file_for_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    for name in ("link", "file", "dangling", "file/below"):
        with pytest.raises(AzenvError):
            files.ensure_private_directory(str(tmp_path / name))


def test_a_written_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "link"
    precious.write_bytes(b"precious")
    link.symlink_to(precious)
    files.write_private(str(link), b"new", backup=True)
    assert precious.read_bytes() == b"precious"
    assert not link.is_symlink()


def test_the_backup_is_never_missing_nor_torn(tmp_path: Path) -> None:
    path, backup = tmp_path / "file", tmp_path / "file.bak"
    files.write_private(str(path), b"0" * 100, backup=True)
    files.write_private(str(path), b"1" * 100, backup=True)
    done = threading.Event()
    seen: list[bytes] = []

    def look() -> None:
        while not done.is_set():
            seen.append(backup.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(200):
        files.write_private(str(path), str(number % 10).encode() * 100, backup=True, sync=False)
    done.set()
    thread.join()
    assert seen
    assert all(len(data) == 100 and len(set(data)) == 1 for data in seen)


def test_a_new_file_is_private_and_an_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.create_private(str(path), b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
    with pytest.raises(AzenvError, match="already"):
        files.create_private(str(path), b"two")
    assert path.read_bytes() == b"one"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "azenv-test", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@needs_root
def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "file"
    files.write_private(str(path), b"precious", backup=True)
    with pytest.raises(AzenvError, match="No space left"):
        files.write_private(str(path), b"x" * 100_000, backup=True)
    with pytest.raises(AzenvError, match="No space left"):
        files.create_private(str(small_disk / "other"), b"x" * 100_000)
    assert files.read_private(str(path)) == b"precious"
    assert [entry.name for entry in small_disk.iterdir()] == ["file"]


HOLD = """
import sys, time
from azenv.store.files import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(lock: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_is_exclusive_and_goes_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with hold(lock) as holder:
        with pytest.raises(AzenvError, match="another azenv"), files.locked(str(lock), 0.2):
            pass
        holder.kill()
        holder.wait()
        start = time.monotonic()
        with files.locked(str(lock), 10):
            assert time.monotonic() - start < 5
    assert lock.exists()
    assert mode(lock) == 0o600


def test_a_link_for_a_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(AzenvError, match="cannot open the lock"),
        files.locked(str(tmp_path / "lock")),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()
