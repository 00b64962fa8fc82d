"""The end of a session: what it kept to itself goes, and what it had promised to remove.

Called by the shell at its end, and by whoever comes next for shells that were killed. A context
that another live session has active stays until the last of them has ended.
"""

from __future__ import annotations

import os

from azenv.activation.scoping import is_session_born
from azenv.store import liveness, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from azenv.activation.place import Place
    from azenv.store.leaving import Entry


def end(place: Place, pid: str) -> None:
    """Remove what the session of the shell `pid` leaves. That shell still runs."""
    if not pid.isdecimal():
        return
    _drop_stores(place.root, ended=pid)
    session.remove(place.root, pid)
    settle(place, ended=pid)


def sweep(place: Place) -> None:
    """Do the same for sessions that are gone without a word."""
    if (root := place.existing_root) is not None:
        _drop_stores(root)
        session.sweep(root)
    settle(place)


def _drop_stores(root: str, *, ended: str = "") -> None:
    if not os.path.isdir(os.path.join(root, "session")):
        return
    from azenv.store import session_accounts

    mine = session_accounts.of_shell(root, ended) if ended else []
    for sid in (*mine, *session_accounts.stale(root)):
        drop_store(root, sid)


def drop_store(root: str, sid: str) -> None:
    """Remove a session store, unopened, with the overlays of what was born in it."""
    from azenv.interop import overlay
    from azenv.store import session_accounts

    for context_id in born(root, sid):
        overlay.drop(root, context_id)
    session_accounts.drop(root, sid)


def born(root: str, sid: str) -> list[str]:
    """Return the ids of the contexts that were born in a session, its store unopened."""
    try:
        return list(
            filter(is_session_born, os.listdir(os.path.join(root, "session", sid, "contexts")))
        )
    except OSError:
        return []


def settle(place: Place, *, ended: str = "") -> None:
    """Remove the stored contexts whose session has promised that, and is gone or is `ended`.

    Raises AzenvError where it cannot be done now; it then is done later.
    """
    store = place.paths.store
    if not os.path.lexists(os.path.join(store, "leaving.json")):
        return
    from azenv.activation import forgetting
    from azenv.activation.change import changing
    from azenv.store import leaving

    if not _due(place, leaving.load(store), ended):
        return
    with changing(place) as change:
        due = _due(place, leaving.load(store), ended)
        known = change.book.contexts
        forgetting.remove(place, change, [known[i] for i in due if i in known])
    forget(place, due)


def forget(place: Place, context_ids: Collection[str]) -> None:
    """Drop the promises to remove these contexts: they are gone, or stay."""
    from azenv.store import leaving
    from azenv.store.files import locked

    with locked(place.paths.lock):
        entries = leaving.load(place.paths.store)
        leaving.save(place.paths.store, [e for e in entries if e.context_id not in context_ids])


def _due(place: Place, entries: Iterable[Entry], ended: str) -> set[str]:
    """Return the ids that go now: no live session has them active."""
    over = {e.context_id for e in entries if e.is_due or (ended and e.is_of(ended))}
    root = place.existing_root
    return over - set(liveness.active(root, but=ended).values()) if over and root else over
