"""The session stores of one runtime directory, seen from outside: whose they are, and their end.

A salted hash of each account lies beside the sealed file, so that a sign-out elsewhere, which has
no key, finds and removes the stores that hold the account.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from azenv.core.errors import DamagedError
from azenv.store import liveness
from azenv.store.files import read_private, write_private
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from azenv.core.book import Holder

_SID = re.compile(r"(?P<pid>\d+)-\d*-[0-9a-f]{8}", re.ASCII)


def _hash(salt: str, key: str) -> str:
    from hashlib import sha256

    return sha256((salt + key).encode()).hexdigest()


def _lines(directory: str) -> list[str]:
    data = read_private(os.path.join(directory, "accounts"))
    return data.decode().split("\n") if data else []


def _names(line: str, key: str) -> bool:
    salt, _, found = line.partition(":")
    return _hash(salt, key) == found


def _line(key: str) -> str:
    salt = os.urandom(8).hex()
    return f"{salt}:{_hash(salt, key)}"


class naming:  # noqa: N801  reads as a verb, as `locked` does
    """Name the accounts of a store: the new ones before the block writes it, the old ones after.

    A kill between leaves an account too many named, never one too few.
    """

    def __init__(self, directory: str, holders: Iterable[Holder], keys: Iterable[str]) -> None:
        self._path = os.path.join(directory, "accounts")
        self._old = _lines(directory)
        wanted = {*map(holder_key, holders), *keys}
        self._new = []
        for key in sorted(wanted):
            known = next((line for line in self._old if _names(line, key)), None)
            self._new.append(known or _line(key))

    def __enter__(self) -> None:
        self._before = self._old + [line for line in self._new if line not in self._old]
        self._write(self._before, self._old)

    def __exit__(self, kind: object, *_exception: object) -> None:
        if kind is None:
            self._write(self._new, self._before)

    def _write(self, lines: list[str], present: list[str]) -> None:
        if lines != present:
            write_private(self._path, "\n".join(lines).encode(), sync=False)


def sids(root: str) -> list[str]:
    """Return the ids of the session stores in a runtime directory."""
    try:
        names = os.listdir(os.path.join(root, "session"))
    except OSError:
        return []
    return sorted(filter(_SID.fullmatch, names))


def holding(root: str, holder: Holder) -> list[str]:
    """Return the ids of the session stores that hold anything of an account in a cloud."""
    key = holder_key(holder)
    return [sid for sid in sids(root) if any(_names(line, key) for line in _lines_of(root, sid))]


def _lines_of(root: str, sid: str) -> list[str]:
    return _lines(os.path.join(root, "session", sid))


def stale(root: str) -> list[str]:
    """Return the ids of the session stores whose shell is gone."""
    found = ((sid, owner(root, sid)) for sid in sids(root))
    return [sid for sid, known in found if known and liveness.has_ended(pid_of(sid), known)]


def of_shell(root: str, pid: str) -> list[str]:
    """Return the ids of the session stores of the shell that runs as `pid` now."""
    mine = [sid for sid in sids(root) if pid_of(sid) == pid]
    return [sid for sid in mine if owner(root, sid) == liveness.identity(pid)]


def pid_of(sid: str) -> str:
    """Return the process id of the shell whose store `sid` is."""
    return sid.partition("-")[0]


def owner(root: str, sid: str) -> tuple[str, ...]:
    """Return the `liveness.identity` of the shell whose store it is; empty where that is torn."""
    try:
        data = read_private(os.path.join(root, "session", sid, "owner"))
    except DamagedError:
        return ()
    lines = (data or b"").decode("ascii", "replace").split("\n")
    return tuple(lines) if len(lines) == 4 else ()  # noqa: PLR2004  liveness.identity


def drop(root: str, sid: str) -> None:
    """Remove a session store, unopened. Its overlays are for the caller to remove before."""
    import shutil

    if not _SID.fullmatch(sid):
        return
    parent = os.path.join(root, "session")
    gone = os.path.join(parent, f".{sid}.gone-{os.urandom(4).hex()}")
    with suppress(FileNotFoundError):  # another was faster
        # one step, so that no reader meets half of it
        os.rename(os.path.join(parent, sid), gone)
    shutil.rmtree(gone, ignore_errors=True)
    for what in ("state", "store"):
        with suppress(OSError):
            os.unlink(os.path.join(parent, f".{sid}.{what}.lock"))
