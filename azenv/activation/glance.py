"""What stands in the records alone: every context and the one in force, the store unread.

Reading a store of 10,000 contexts takes longer than printing it; `azenv list` does neither.
"""

from __future__ import annotations

import os

from azenv.activation import change, inforce, render
from azenv.core import delta
from azenv.core.errors import AzenvError, DamagedError
from azenv.core.variables import NONE_ID
from azenv.interop import azprofile
from azenv.store import contexts, pins, records
from azenv.watch import candidates, logical_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.activation.place import Place
    from azenv.core.model import Target

    Rows = Sequence[Sequence[str]]

ID, ACCOUNT, KIND, CLOUD = (records.INDEX.index(n) for n in ("id", "account", "kind", "cloud"))
TENANT, SUBSCRIPTION = (records.INDEX.index(n) for n in ("tenant_id", "subscription_id"))


def rows(place: Place) -> Rows:
    """Return the columns of `records.INDEX` for every context.

    A missing or half-written index is made again first; where it cannot be written, the store
    answers. Raises DamagedError where the store does not parse.
    """
    paths = place.paths
    found = records.read_index(paths)
    if found is not None and not records.is_dirty(paths):
        return found
    if not os.path.lexists(contexts.path(paths.store)):
        return []
    try:
        change.ensure_records(place)
    except DamagedError:
        raise
    except AzenvError:
        return [render.index_row(c) for c in contexts.load(paths.store).contexts.values()]
    return records.read_index(paths) or []


def marks(place: Place, known: Rows) -> tuple[str, str]:
    """Return the ids of the context in force and of the default, each empty where there is none.

    The same answers as `inforce.resolution`. Raises DamagedError.
    """
    standard = _default(place, known)
    chosen = place.environ.get(delta.CHOICE, "")
    if chosen:
        is_known = any(row[ID] == chosen for row in known)
        active = chosen if is_known and not inforce.is_over(place) else NONE_ID
    else:
        active = _pinned(place) or standard
    return ("" if active == NONE_ID else active), standard


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
    return inforce.pin(place).context_id


def _default(place: Place, known: Rows) -> str:
    own, az_seen = contexts.head(place.paths.store)
    found = azprofile.default_target(place.paths.base)
    fingerprint = found[1] if found else ""
    if own and az_seen == fingerprint and any(row[ID] == own for row in known):
        return own
    return _row_of(found[0], known) if found else ""


def _row_of(target: Target, known: Rows) -> str:
    """Return the id of the oldest context of az's row, whose user az knows by name only."""
    subscription = target.subscription.id if target.subscription else ""
    account = target.account
    wanted = [account.username, account.kind, target.cloud, target.tenant.id, subscription]
    places = (ACCOUNT, KIND, CLOUD, TENANT, SUBSCRIPTION)
    folded = [text.casefold() for text in wanted]
    for row in known:
        if [row[i].casefold() for i in places] == folded:
            return row[ID]
    return ""
