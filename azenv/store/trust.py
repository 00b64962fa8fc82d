"""Trust: allow and deny of a pin's exact content, and the context that it meant then.

One JSON file; keyed by the pin's real path, so that a linked directory asks once. The same bytes
that now mean another context are untrusted again.
"""

from __future__ import annotations

import json
import os

from azenv.core.errors import DamagedError
from azenv.store.files import read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1
ALLOW, DENY = "allow", "deny"


class Entry:
    """What the user decided about one content of one pin."""

    __slots__ = ("content", "context_id", "verdict")

    def __init__(self, verdict: str, content: str, context_id: str = "") -> None:
        self.verdict = verdict
        self.content = content
        self.context_id = context_id


class Trust:
    """The decisions of one user, by the pin's real path."""

    def __init__(self, entries: dict[str, Entry] | None = None) -> None:
        self._entries = entries or {}

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(sorted(self._entries.items()))

    def entry(self, pin: str, content: str) -> Entry | None:
        """Return the decision about exactly `content` at the real path `pin`."""
        entry = self._entries.get(pin)
        return entry if entry is not None and entry.content == content else None

    def last(self, pin: str) -> Entry | None:
        """Return the last decision about `pin`, whatever its content was."""
        return self._entries.get(pin)

    def decide(self, pin: str, entry: Entry) -> None:
        """Remember `entry` for `pin`; an earlier decision about other content is forgotten."""
        self._entries[pin] = entry

    def forget(self, pin: str) -> bool:
        """Forget what was decided about `pin`; tell whether there was anything."""
        return self._entries.pop(pin, None) is not None


def path(store: str) -> str:
    """Return where the decisions lie."""
    return os.path.join(store, "trust.json")


def load(store: str) -> Trust:
    """Return the decisions; none where there is no file yet. Raises DamagedError."""
    file = path(store)
    data = read_private(file)
    if data is None:
        return Trust()
    try:
        top = json.loads(data)
        _ensure_schema(top["schema"])
        entries = {
            str(pin): Entry(str(item["verdict"]), str(item["content"]), str(item["context"]))
            for pin, item in top["pins"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"the trust file does not parse: {file} ({error})"
        raise DamagedError(message, hint="azenv doctor --repair") from error
    return Trust(entries)


def _ensure_schema(schema: object) -> None:
    if schema != SCHEMA:
        message = f"schema {schema}"
        raise ValueError(message)


def save(store: str, trust: Trust) -> None:
    """Write the decisions. Call under the store lock."""
    pins = {
        pin: {"verdict": entry.verdict, "context": entry.context_id, "content": entry.content}
        for pin, entry in trust
    }
    # ASCII: a path may hold bytes that are no UTF-8, which only an escape brings back
    text = json.dumps({"schema": SCHEMA, "pins": pins}, indent=1) + "\n"
    write_private(path(store), text.encode(), backup=True)
