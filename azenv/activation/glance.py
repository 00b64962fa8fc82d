"""What stands in the records alone: every context and the one in force, the store unread.

Reading a store of 10,000 contexts takes longer than printing it; `azenv list` does neither, and
imports what does only where a record is missing.
"""

from __future__ import annotations

import os

from azenv.activation import scoping
from azenv.core import delta, lookup
from azenv.core.errors import AzenvError, DamagedError, NotFoundError
from azenv.core.variables import NONE_ID, SEPARATOR
from azenv.store import pins, records, session
from azenv.watch import candidates, logical_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.activation.place import Place

    Rows = Sequence[Sequence[str]]


def rows(place: Place) -> Rows:
    """Return the columns of `records.INDEX` for every context that this session sees.

    Raises DamagedError where the store does not parse.
    """
    found = _stored_rows(place)
    if scoping.SESSION not in place.environ or not (own := scoping.session_of(place)):
        return found
    return scoping.overlaid_rows(found, own.state())


def _stored_rows(place: Place) -> Rows:
    """Return the rows of the stored contexts.

    A missing or half-written index is made again first; where it cannot be written, the store
    answers. Raises DamagedError where the store does not parse.
    """
    paths = place.paths
    found = records.read_index(paths)
    if found is not None and not records.is_dirty(paths):
        return found
    if not os.path.lexists(f"{paths.store}/contexts.json"):
        return []
    from azenv.activation import change, render
    from azenv.store import contexts

    try:
        change.ensure_records(place)
    except DamagedError:
        raise
    except AzenvError:
        return [render.index_row(c) for c in contexts.load(paths.store).contexts.values()]
    return records.read_index(paths) or []


def find(place: Place, text: str) -> Sequence[str]:
    """Return the row that `text` names. Raises NotFoundError, AmbiguousError, DamagedError.

    It is looked up among the rows that it can mean; one that it does not mean has no say.
    """
    is_plain = scoping.SESSION not in place.environ and not records.is_dirty(place.paths)
    likely = records.rows_like(place.paths, text) if is_plain else None
    if likely:
        try:
            return lookup.find(text, likely)
        except NotFoundError:
            pass  # the error names what comes near, of all rows
    return lookup.find(text, rows(place))


def marks(place: Place, known: Rows) -> tuple[str, str]:
    """Return the ids of the context in force and of the default, each empty where there is none.

    The same answers as `inforce.resolution`. Raises DamagedError.
    """
    if scoping.SESSION in place.environ:
        from azenv.activation import inforce

        chain = inforce.resolution(place, scoping.effective_book(place)).chain
        answers = [link.context_id for link in chain if link.context_id]
        active, standard = answers[0] if answers else "", chain[-1].context_id
        return ("" if active == NONE_ID else active), standard
    standard = _default(place)
    chosen = place.environ.get(delta.CHOICE, "")
    if chosen:
        is_known = any(row[0] == chosen for row in known)
        until = place.environ.get(delta.UNTIL, "")
        active = chosen if is_known and not session.is_over(place.existing_root, until) else NONE_ID
    else:
        active = _pinned(place) or standard
    return ("" if active == NONE_ID else active), standard


def active_id(place: Place) -> str:
    """Return the id of the context in force, empty for none of it, without a look at any other.

    Whether a choice still exists is for the caller: its records are gone with it. Raises
    DamagedError.
    """
    if chosen := place.environ.get(delta.CHOICE, ""):
        over = session.is_over(place.existing_root, place.environ.get(delta.UNTIL, ""))
        found = NONE_ID if over else chosen
    else:
        found = _pinned(place) or _default(place)
    if found == NONE_ID or not found.isalnum():
        return ""
    if scoping.SESSION in place.environ and scoping.record(place, found) is None:
        return ""  # hidden in this session
    return found


def _pinned(place: Place) -> str:
    """Return what the nearest pin says: by its record, or as the store has it."""
    try:
        directory = logical_directory(place.environ)
    except OSError:
        return ""
    for path in candidates(directory):
        if not os.path.lexists(path):
            continue
        try:
            content = pins.read(path)
        except (FileNotFoundError, pins.PinError):
            break
        record = records.read_pin(place.paths, path)
        if record is None or record[2] != content:
            break
        if record[0] != records.DENIED:
            return record[1] if record[0] == records.CONTEXT else NONE_ID
    else:
        return ""
    from azenv.activation import inforce

    return inforce.pin(place).context_id


def _default(place: Place) -> str:
    """Return the id of the default; kept in a record, with what it was read from."""
    paths = place.paths
    stamp = _stamp(paths.store + "/contexts.json", *_of_az(paths.base))
    kept = (records.read(paths, "default") or "").split(SEPARATOR)
    if len(kept) == 2 and kept[0] == stamp:  # noqa: PLR2004  the stamp and the id
        return kept[1]
    from azenv.activation import inforce
    from azenv.store import contexts

    found = inforce.default(place, contexts.load(paths.store)).context_id
    try:  # noqa: SIM105  contextlib costs 3 ms
        records.write_default(paths, stamp, found)
    except AzenvError:
        pass  # a disk that is full or read-only: read again
    return found


def _of_az(base: str) -> tuple[str, str]:
    return os.path.join(base, "azureProfile.json"), os.path.join(base, "config")


def _stamp(*paths: str) -> str:
    """Return what changes when one of the files does."""
    parts = []
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            parts.append("-")
        else:
            parts.append(f"{found.st_mtime_ns}.{found.st_size}.{found.st_ino}")
    return " ".join(parts)
