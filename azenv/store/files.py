"""Private files: checked on open, written whole or not at all, under one lock.

A writer makes a temporary file beside the target, syncs it and renames it, so a reader needs no
lock and a kill at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import os
import stat

from azenv.core.errors import AzenvError, DamagedError

LOCK_TIMEOUT_S = 30.0
# 64 MiB: a store of 10,000 contexts has 4; anything larger is not ours.
LARGEST = 64 << 20

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a FIFO must not hang us


def ensure_private_directory(path: str) -> None:
    """Make `path` (0700) with its parents, or check that it is a directory of ours.

    Raises DamagedError for a link, a file, another user's directory, or one that others may
    write; a directory that others may only read is repaired.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
    except (FileExistsError, NotADirectoryError):
        message = f"not a directory: {path}"
        raise DamagedError(message, hint=f"mv {path} {path}.old") from None
    except OSError as error:
        message = f"cannot make the directory {path}: {error.strerror}"
        raise AzenvError(message, hint="check its owner and mode, or set AZENV_HOME") from error
    if not stat.S_ISDIR(found.st_mode):
        message = f"a link stands where azenv keeps its files: {path}"
        raise DamagedError(message, hint="move the real directory here, or set AZENV_HOME")
    _ensure_ours(path, found)
    if os.name == "posix" and found.st_mode & 0o077:
        os.chmod(path, 0o700)


def _ensure_ours(path: str, found: os.stat_result) -> None:
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        message = f"another user owns {path}"
        raise DamagedError(message, hint=f"sudo chown -R $USER {path}")
    if found.st_mode & 0o022:
        message = f"others may write {path}"
        raise DamagedError(message, hint=f"check what it holds, then: chmod go-rwx {path}")


def read_private(path: str) -> bytes | None:
    """Return the file's bytes, None where there is none. Raises DamagedError."""
    handle = open_private(path)
    if handle is None:
        return None
    try:
        return _read_all(handle)
    finally:
        os.close(handle)


def open_private(path: str) -> int | None:
    """Open a file for reading; return the descriptor, None where there is no file.

    Raises DamagedError for what is not a regular file of ours, or is writable by others; a mode
    that lets others read is repaired to 0600.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW | _NO_WAIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise DamagedError(message, hint="azenv doctor") from error
    try:
        _ensure_plain(path, os.fstat(handle), handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _ensure_plain(path: str, found: os.stat_result, handle: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        message = f"not a plain file: {path}"
        raise DamagedError(message, hint="azenv doctor")
    _ensure_ours(path, found)
    if found.st_size > LARGEST:
        message = f"larger than {LARGEST >> 20} MiB: {path}"
        raise DamagedError(message, hint="azenv doctor")
    if os.name == "posix" and found.st_mode & 0o077:
        os.fchmod(handle, 0o600)


def _read_all(handle: int) -> bytes:
    parts = []
    while part := os.read(handle, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def write_private(path: str, data: bytes, *, backup: bool = False, sync: bool = True) -> None:
    """Replace the file at `path` by `data`, mode 0600; keep the old one as `<path>.bak`.

    `sync=False` is for what can be made again: records, overlays. Raises AzenvError where the disk
    is full or read-only, or no plain file is there; the old one then still stands.
    """
    _ensure_replaceable(path)
    temporary = _temporary(path)
    try:
        _write_new(temporary, data, sync=sync)
        if backup:
            _keep_backup(path)
        os.replace(temporary, path)
        if sync:
            _sync_directory(os.path.dirname(path))
    except OSError as error:
        _discard(temporary)
        message = f"cannot write {path}: {error.strerror}"
        raise AzenvError(
            message, hint="nothing was changed; check the disk, then try again"
        ) from error


def _ensure_replaceable(path: str) -> None:
    """Refuse a device, a pipe or a directory: root would put a file in the place of /dev/null."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise AzenvError(f"not a plain file: {path}", hint=f"ls -ld {path}")


def create_private(path: str, data: bytes, *, hint: str = "add --force") -> None:
    """Write a new file, mode 0600; it appears whole.

    Raises AzenvError where one exists (then with `hint`), or the disk refuses.
    """
    temporary = _temporary(path)
    try:
        ensure_absent(path, hint=hint)
        _write_new(temporary, data, sync=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: a stick, a share
            ensure_absent(path, hint=hint)
            os.rename(temporary, path)
        else:
            os.unlink(temporary)
        _sync_directory(os.path.dirname(path))
    except OSError as error:
        _discard(temporary)
        if isinstance(error, FileExistsError):
            raise _exists(path, hint) from None
        raise AzenvError(f"cannot write {path}: {error.strerror}", hint="choose another") from error


def ensure_absent(path: str, *, hint: str) -> None:
    """Refuse a path where there is a file, or a link to nowhere. Raises AzenvError."""
    if os.path.lexists(path):
        raise _exists(path, hint)


def _exists(path: str, hint: str) -> AzenvError:
    return AzenvError(f"there is a file already: {path}", hint=hint)


def _write_new(path: str, data: bytes, *, sync: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        _write_all(handle, data)
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)


def _discard(path: str) -> None:
    try:  # noqa: SIM105  contextlib costs the hook 3 ms
        os.unlink(path)
    except OSError:
        pass


def _temporary(path: str) -> str:
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _keep_backup(path: str) -> None:
    """Leave the file as it was under `<path>.bak`, by a link: neither name is ever empty."""
    linked = _temporary(path)
    try:
        os.link(path, linked)
    except FileNotFoundError:
        return
    os.replace(linked, f"{path}.bak")


def _sync_directory(path: str) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class locked:  # noqa: N801  reads as a verb: `with locked(path):`; contextlib costs the hook 3 ms
    """Hold the exclusive lock file `path` (never deleted) while the block runs.

    Raises AzenvError where another process holds it for longer than `timeout_s` seconds.
    """

    def __init__(self, path: str, timeout_s: float = LOCK_TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._handle = -1

    def __enter__(self) -> None:
        ensure_private_directory(os.path.dirname(self._path))
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
        except OSError as error:
            message = f"cannot open the lock {self._path}: {error.strerror}"
            raise AzenvError(message, hint="check its owner and mode") from error
        from azenv.store.locks import acquire  # fcntl or msvcrt, by platform

        if not acquire(self._handle, self._timeout_s):
            os.close(self._handle)
            message = f"another azenv has held {self._path} for {self._timeout_s:.0f} seconds"
            raise AzenvError(message, hint=f"see who: fuser {self._path}")

    def __exit__(self, *_exception: object) -> None:
        os.close(self._handle)
