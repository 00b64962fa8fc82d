"""What a session kept to itself goes to the user's store: `azenv autosave enable`.

Nothing that was made by `--scope process` does. Tokens first, then the book; the session forgets
a thing only when the store has it.
"""

from __future__ import annotations

from azenv.activation import scoping
from azenv.activation.change import changing
from azenv.activation.forgetting import hosts_of
from azenv.activation.merging import bring_in
from azenv.interop import msalcache
from azenv.store.vault import holder_key, user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.place import Place
    from azenv.core.book import Book, Holder
    from azenv.core.model import Context
    from azenv.store.session_store import SessionStore, State


class Saved:
    """What was saved: session-born ids and the stored ones in their place, and lines to tell."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.lines: list[str] = []
        self.accounts: list[Holder] = []


def save(place: Place, session: SessionStore) -> Saved:
    """Merge what the session made into the user's store, and forget it in the session."""
    saved = Saved()
    state = session.state()
    saved.accounts = [h for h in state.credentials if holder_key(h) not in state.unsaved]
    for holder in saved.accounts:
        _save_tokens(place, session, holder)
    with changing(place) as change:
        for name, options in state.clouds.items():
            if name not in change.clouds:
                change.clouds[name] = options
        for holder in saved.accounts:
            change.book.credentials[holder] = state.credentials[holder]
        change.book.pending |= {
            key: one for key, one in state.pending.items() if key[:2] in saved.accounts
        }
        _save_contexts(change, state, saved)
        known = {k: t for k, t in state.known.items() if not change.book.of(k)}
        change.book.known |= {k: t for k, t in known.items() if k[:2] in change.book.credentials}
    with session.change() as kept:
        _forget(kept, saved)
    for holder in saved.accounts:
        session.forget_secret(holder_key(holder))
    return saved


def _save_tokens(place: Place, session: SessionStore, holder: Holder) -> None:
    vault, hosts = user_vault(place.paths), hosts_of(place, holder[0])
    part = msalcache.only(session.cache(), account=holder[1], hosts=hosts)
    vault.change_cache(lambda old: msalcache.merged(old, part))
    if secret := session.secret(holder_key(holder)):
        vault.put_secret(holder_key(holder), secret)


def _save_contexts(change: changing, state: State, saved: Saved) -> None:
    book = change.book
    for context in state.contexts.values():
        if context.id in state.unsaved:
            continue
        if scoping.is_session_born(context.id):
            outcome = bring_in(change, [context])
            found = [*outcome.added, *outcome.updated, *outcome.unchanged]
            if found:
                saved.ids[context.id] = found[0].id
            else:
                saved.lines.append(f'"{context.name}" stays in this session: the name is taken')
        elif context.id in book.contexts:
            _change_stored(book, context, saved)


def _change_stored(book: Book, context: Context, saved: Saved) -> None:
    taken = book.named(context.name)
    if taken is not None and taken.id != context.id:
        saved.lines.append(f'"{context.name}" stays in this session: the name is taken')
        return
    book.put(context)
    saved.ids[context.id] = context.id


def _forget(kept: State, saved: Saved) -> None:
    for context_id in saved.ids:
        kept.contexts.pop(context_id, None)
    for holder in saved.accounts:
        kept.credentials.pop(holder, None)
    kept.pending = {k: p for k, p in kept.pending.items() if k[:2] not in saved.accounts}
    used = {c.target.cloud for c in kept.contexts.values()}
    kept.clouds = {name: options for name, options in kept.clouds.items() if name in used}
    kept.hidden = frozenset()
    kept.known = {k: t for k, t in kept.known.items() if k[:2] not in saved.accounts}
