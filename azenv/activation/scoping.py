"""Which scope a change goes to, and what a session adds to what is stored or hides of it.

What is born in a session has an id that begins with `p`; it lives in the session store alone.
A stored context may be changed for one session, under its own id, or be hidden there. Without a
session store nothing here costs anything.
"""

from __future__ import annotations

import os

from azenv.core.names import numbered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from azenv.activation.place import Place
    from azenv.core.book import Book
    from azenv.core.model import Context, Credential
    from azenv.store.clouds import Clouds
    from azenv.store.session_store import SessionStore, State
    from azenv.store.vault import Vault

    Row = Sequence[str]

SESSION = "AZENV_SESSION"
PROCESS, USER = "process", "user"
_BORN = "p"
_OF_AN_ID = frozenset("0123456789abcdefghijklmnopqrstuvwxyz-")


def new_id() -> str:
    """Return a random id for what is born in a session: no stored context ever has it."""
    return _BORN + os.urandom(8).hex()


def is_session_born(context_id: str) -> bool:
    """Tell whether a context lives in a session store alone."""
    return context_id.startswith(_BORN)


def session_of(place: Place) -> SessionStore | None:
    """Return the store of this session, None where it has none (any more)."""
    value, root = place.environ.get(SESSION, ""), place.existing_root
    if not value or not root:
        return None
    from azenv.store.session_store import SessionStore  # json and cryptography

    return SessionStore.open(root, value)


def scope_of(place: Place, flag: str | None) -> str:
    """Return where a change goes: `--scope`, else the session's mode, else the user's setting."""
    if flag:
        return flag
    session = session_of(place)
    mode = session.state().mode if session else ""
    if mode or not os.path.lexists(place.paths.settings):
        return mode or USER
    from azenv.store import settings  # tomllib

    return USER if settings.load(place.paths.settings).autosave else PROCESS


def effective_book(place: Place) -> Book:
    """Return the contexts as this session sees them. Raises DamagedError."""
    from azenv.store import contexts  # json and dataclasses

    book = contexts.load(place.paths.store)
    session = session_of(place)
    return overlaid(book, session.state()) if session else book


def overlaid(book: Book, state: State) -> Book:
    """Return the user's book as a session sees it: with its own contexts, without the hidden.

    A stored context whose name the session has given to another goes by a number beside it.
    """
    from azenv.core.book import Book

    kept = {c.id: state.contexts.get(c.id, c) for c in _visible(book.contexts.values(), state)}
    born = {c.id: c for c in state.contexts.values() if is_session_born(c.id)}
    names = {c.id: c.name for c in kept.values()}
    for context_id, name in _moved(names, _taken(kept, state)).items():
        kept[context_id] = kept[context_id].renamed(name)
    return Book(
        kept | born,
        book.known | state.known,
        book.default if book.default in kept else "",
        book.az_seen,
        book.credentials | state.credentials,
        book.pending | state.pending,
    )


def overlaid_rows(rows: Iterable[Row], state: State) -> list[Row]:
    """Return the rows of the index as a session sees them: the same as `overlaid`."""
    from azenv.activation.render import index_row

    own = {context_id: index_row(context) for context_id, context in state.contexts.items()}
    kept = {row[0]: own.get(row[0], row) for row in rows if row[0] not in state.hidden}
    moved = _moved({row[0]: row[1] for row in kept.values()}, _taken(kept, state))
    for context_id, name in moved.items():
        kept[context_id] = (context_id, name, *kept[context_id][2:])
    return [*kept.values(), *(row for row in own.values() if is_session_born(row[0]))]


def _visible(contexts: Iterable[Context], state: State) -> Iterable[Context]:
    return (context for context in contexts if context.id not in state.hidden)


def _taken(kept: Container[str], state: State) -> dict[str, str]:
    """Return the names that the session gave, folded, and to whom."""
    return {
        c.name.casefold(): c.id
        for c in state.contexts.values()
        if is_session_born(c.id) or c.id in kept
    }


def _moved(names: Mapping[str, str], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the names of those that must make room, by id."""
    clashing = [i for i, name in names.items() if taken.get(name.casefold(), i) != i]
    if not clashing:
        return {}
    used = {name.casefold() for name in names.values()} | set(taken)
    moved = {}
    for context_id in clashing:
        moved[context_id] = numbered(names[context_id], lambda name: name.casefold() in used)
        used.add(moved[context_id].casefold())
    return moved


def effective_clouds(place: Place) -> Clouds:
    """Return azenv's own clouds as this session sees them: the stored, and the session's."""
    from azenv.store import clouds

    session = session_of(place)
    return clouds.load(place.paths.store) | (session.state().clouds if session else {})


def credential_of(place: Place, context: Context) -> tuple[Vault, Credential | None]:
    """Return the vault that holds the tokens of `context`, and how azenv signs it in.

    None where azenv itself never signed the account in. A session's sign-in serves what is born
    in the session, and nothing else.
    """
    from azenv.store import contexts
    from azenv.store.vault import user_vault

    holder = context.target.identity[:2]
    session = session_of(place) if is_session_born(context.id) else None
    if session and (found := session.state().credentials.get(holder)):
        return session, found
    return user_vault(place.paths), contexts.load(place.paths.store).credentials.get(holder)


def session_directory(place: Place) -> str:
    """Return where this session's plain records lie, empty where it has none."""
    sid, root = place.environ.get(SESSION, "").partition(".")[0], place.existing_root
    if not sid or not root or not _OF_AN_ID.issuperset(sid):
        return ""
    directory = os.path.join(root, "session", sid)
    return directory if os.path.isdir(directory) else ""


def record(place: Place, context_id: str) -> str | None:
    """Return the record of a context as a shell of this session reads it; None where it is gone."""
    from azenv.store import records
    from azenv.store.files import read_private

    if directory := session_directory(place):
        data = read_private(os.path.join(directory, "contexts", context_id))
        if data is not None:
            return data.decode("utf-8", "surrogateescape") or None
    return records.read(place.paths, f"contexts/{context_id}")
