"""Which contexts are to be removed when a session ends: `azenv autosave disable` promises it.

One JSON file beside the context store, since the shell may be killed; `activation.departing` does
what it says. Read and written under the store lock.
"""

from __future__ import annotations

import json
import os

from azenv.core.errors import DamagedError
from azenv.store import liveness
from azenv.store.files import read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = 1


class Entry:
    """A context, and the session at whose end it goes."""

    __slots__ = ("context_id", "identity", "pid")

    def __init__(self, context_id: str, pid: str, identity: Iterable[str]) -> None:
        self.context_id = context_id
        self.pid = pid
        self.identity = tuple(identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def _parts(self) -> tuple[object, ...]:
        return (self.context_id, self.pid, self.identity)

    def is_of(self, pid: str) -> bool:
        """Tell whether it waits for the live session `pid`."""
        return self.pid == pid and self.identity == liveness.identity(pid)

    @property
    def is_due(self) -> bool:
        """Tell whether its session is gone."""
        return liveness.has_ended(self.pid, self.identity)


def path(store: str) -> str:
    """Return where the entries lie."""
    return os.path.join(store, "leaving.json")


def load(store: str) -> list[Entry]:
    """Return the entries; none where there is no file. Raises DamagedError."""
    file = path(store)
    data = read_private(file)
    if data is None:
        return []
    try:
        top = json.loads(data)
        found = {SCHEMA: top["leaving"]}[top["schema"]]  # KeyError: of another schema
        return [Entry(str(e["context"]), str(e["pid"]), _four(e["session"])) for e in found]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"what is to be removed does not parse: {file} ({type(error).__name__})",
            hint=f"azenv autosave status, then: mv {file} {file}.damaged",
        ) from error


def _four(parts: list[object]) -> list[str]:
    if len(parts) != len(liveness.identity("")):
        raise ValueError("no session")
    return [str(part) for part in parts]


def save(store: str, entries: Iterable[Entry]) -> None:
    """Write the entries; without any there is no file."""
    found = [
        {"context": entry.context_id, "pid": entry.pid, "session": entry.identity}
        for entry in dict.fromkeys(entries)
    ]
    if found:
        text = json.dumps({"schema": SCHEMA, "leaving": found}, indent=1) + "\n"
        write_private(path(store), text.encode())
    elif os.path.lexists(path(store)):
        os.unlink(path(store))
