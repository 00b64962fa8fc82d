"""What a pin's content leads to here: a context, a block with its reason, or nothing.

The answer for each trusted pin is kept as a record; a change of contexts or of trust writes them
again, so that the same bytes which now mean another context are never followed.
"""

from __future__ import annotations

from azenv.activation.undecided import NOT_TRUSTED, is_foreign
from azenv.core import pinning
from azenv.core.errors import AmbiguousError, NotFoundError
from azenv.core.names import display
from azenv.store import pins, records, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.store.paths import Paths

CHANGED = "changed since you allowed it; review it, then: azenv allow"


def rows(paths: Paths) -> list[pinning.Row]:
    """Return what pins are held against, from the index."""
    columns = records.read_index(paths) or []
    return [pinning.Row(dict(zip(records.INDEX, row, strict=True))) for row in columns]


def verdict(
    path: str, content: str, decided: trust.Trust, known: Sequence[pinning.Row]
) -> tuple[str, str]:
    """Return (word, argument) of the record for `content` at the real path `path`."""
    entry = decided.entry(path, content)
    if entry is None:
        return _undecided(path, decided.last(path))
    if entry.verdict == trust.DENY:
        return records.DENIED, ""
    try:
        keys = pins.parse(path, content)
    except pins.PinError as error:
        return records.BLOCKED, error.message
    try:
        row = pinning.select(keys, known, settled=entry.context_id)
    except NotFoundError:
        wanted = display(keys.get("context", "")) or "what it names"
        return records.BLOCKED, f"the context is gone: {wanted}; azenv list, or azenv unpin"
    except AmbiguousError:
        return records.BLOCKED, "it fits several contexts; azenv allow --context NAME"
    if row.id != entry.context_id:
        return records.BLOCKED, "not trusted: it now means another context; azenv allow"
    if row.is_protected:
        name = display(row.name)
        return (
            records.BLOCKED,
            f"this directory wants {name}, which is protected; azenv use {row.id}",
        )
    return records.CONTEXT, row.id


def _undecided(path: str, last: trust.Entry | None) -> tuple[str, str]:
    if is_foreign(path):
        # else one file in /tmp would block everybody
        return records.DENIED, "foreign"
    was_allowed = last is not None and last.verdict == trust.ALLOW
    return records.BLOCKED, CHANGED if was_allowed else NOT_TRUSTED


def refresh(paths: Paths, decided: trust.Trust) -> None:
    """Write the record of every pin that was decided about; drop those of other paths.

    A dropped one is asked for again at its next visit: an untrusted pin, or a trusted one that
    was reached through a link.
    """
    known = rows(paths)
    kept = set()
    for path, entry in decided:
        kept.add(path)
        records.write_pin(paths, path, entry.content, *verdict(path, entry.content, decided, known))
    for path in records.pins(paths):
        if path not in kept:
            records.remove_pin(paths, path)
