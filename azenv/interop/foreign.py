"""Files that belong to another tool: read with care, replaced whole, only if nobody was faster.

az and Azure PowerShell write in place and take no lock on these files, so a change is a
compare-and-swap: read, compute, read again, rename.
"""

from __future__ import annotations

import os
import stat
import time

from azenv.core.errors import AzenvError, DamagedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# A profile of 100,000 subscriptions has 50 MiB; nothing larger is az's.
LARGEST = 64 << 20
_ATTEMPTS = 10
_PAUSE_S = 0.02
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read(path: str) -> bytes | None:
    """Return the file's bytes, None where there is none; links are followed.

    Raises DamagedError for what is not a plain file, cannot be read, or exceeds 64 MiB.
    """
    try:
        handle = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedError(f"cannot read {path}: {error.strerror}", hint=f"ls -l {path}") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise DamagedError(f"not a plain file: {path}", hint=f"ls -l {path}")
        if found.st_size > LARGEST:
            raise DamagedError(f"larger than {LARGEST >> 20} MiB: {path}", hint=f"ls -l {path}")
        parts = []
        while part := os.read(handle, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    except OSError as error:
        raise DamagedError(f"cannot read {path}: {error.strerror}", hint=f"ls -l {path}") from error
    finally:
        os.close(handle)


def modified_ns(path: str) -> int:
    """Return the file's modification time in nanoseconds since the epoch, 0 without a file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def change(path: str, edit: Callable[[bytes | None], bytes | None]) -> bool:
    """Replace the file by what `edit` makes of it; False where `edit` returns None.

    The old file stays as `<path>.azenv-backup`; mode and link are kept. Raises AzenvError where
    another program keeps changing the file, or the disk refuses.
    """
    real = os.path.realpath(path)
    for _ in range(_ATTEMPTS):
        old = read(real)
        new = edit(old)
        if new is None:
            return False
        if new == old or _swap(real, old, new):
            return True
        time.sleep(_PAUSE_S)
    raise AzenvError(f"another program keeps changing {path}", hint="try again in a moment")


def _swap(path: str, old: bytes | None, new: bytes) -> bool:
    from azenv.store.files import write_private

    mode = stat.S_IMODE(os.stat(path).st_mode) if old is not None else 0o600
    temporary = f"{path}.azenv-{os.getpid()}"
    write_private(temporary, new)
    try:
        os.chmod(temporary, mode)
        if old is not None:
            write_private(f"{path}.azenv-backup", old)
        if read(path) != old:
            return False
        os.replace(temporary, path)
    except OSError as error:
        raise AzenvError(f"cannot write {path}: {error.strerror}") from error
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)
    return True
