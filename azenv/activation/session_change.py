"""One change in process scope: the book as the session sees it, and what of it differs is kept.

Nothing here writes a file outside the runtime directory. Records first, then the sealed store: a
kill between leaves a record of an id that nobody was told.
"""

from __future__ import annotations

import os

from azenv.activation import render, scoping
from azenv.activation.change import mark_stale
from azenv.activation.scoping import is_session_born
from azenv.core.book import Book
from azenv.core.errors import AzenvError
from azenv.interop import overlay
from azenv.store import clouds, contexts, records, trust
from azenv.store.files import ensure_private_directory, write_private
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from azenv.activation.place import Place
    from azenv.core.model import Context
    from azenv.store.session_store import SessionStore, State


class session_changing:  # noqa: N801  reads as a verb, as `changing` does
    """Hold the session store; the block changes `book` and `clouds`; leaving it saves.

    `ensure` returns the session's store, made where there is none yet. `is_explicit`: the user
    said `--scope process`, so `autosave enable` leaves alone what this change makes.
    """

    scope = scoping.PROCESS

    def __init__(
        self, place: Place, ensure: Callable[[], SessionStore], *, is_explicit: bool
    ) -> None:
        self._place = place
        self._ensure = ensure
        self._is_explicit = is_explicit
        self.book = Book()
        self.clouds: clouds.Clouds = {}
        self.trust = trust.Trust()
        self.new_id = scoping.new_id

    def __enter__(self) -> Self:
        self._session = self._ensure()
        self._held = self._session.change()
        self._state = self._held.__enter__()
        try:
            self._load()
        except BaseException as error:
            self._held.__exit__(type(error), error, None)
            raise
        return self

    def _load(self) -> None:
        store = self._place.paths.store
        self._stored, self._stored_clouds = contexts.load(store), clouds.load(store)
        self.trust = trust.load(store)
        self._old = scoping.overlaid(self._stored, self._state)
        self.book, self.clouds = self._old.copy(), self._stored_clouds | self._state.clouds

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if kind is not None:
            self._held.__exit__(kind, error, None)
            return
        try:
            self._save()
        except BaseException as failed:
            self._held.__exit__(type(failed), failed, None)
            raise
        self._held.__exit__(None, None, None)
        drop_overlays(self._place, self._old, self.book)

    def _save(self) -> None:
        state, old = self._state, self._old.contexts
        kept = {c.id: c for c in map(self._kept, self.book.contexts.values()) if c}
        gone = old.keys() - self.book.contexts.keys()
        hidden = (state.hidden | gone) & self._stored.contexts.keys()
        changed = {i for i, context in kept.items() if context != old.get(i)}
        self._keep_credentials()
        self._mark_unsaved(changed, kept)
        self._keep_known()
        self._keep_clouds()
        state.contexts, state.hidden = kept, hidden - self.book.contexts.keys()
        write_records(self._place, self._session.directory, self._stored, state)

    def _kept(self, context: Context) -> Context | None:
        """Return what the session store holds of a context, None where that is nothing."""
        if is_session_born(context.id):
            return context
        if context == self._old.contexts.get(context.id):
            return self._state.contexts.get(context.id)
        stored = self._stored.contexts[context.id]
        if _directory(context) != _directory(stored):
            raise AzenvError(
                f'az\'s directory of "{stored.name}" serves every session, so protected, locked,'
                " also and az-tokens cannot change in this one alone",
                hint="add --scope user, or --name NAME for a context of this session",
            )
        return None if context == stored else context

    def _keep_credentials(self) -> None:
        """Keep how accounts were signed in here; a new sign-in counts though it looks the same."""
        state, stored = self._state, self._stored.credentials
        signed_in = {
            holder
            for holder, credential in self.book.credentials.items()
            if credential is not self._old.credentials.get(holder)
        }
        marks = frozenset(map(holder_key, signed_in))
        state.unsaved = state.unsaved | marks if self._is_explicit else state.unsaved - marks
        state.credentials = {
            holder: credential
            for holder, credential in self.book.credentials.items()
            if holder in state.credentials or credential is not stored.get(holder)
        }

    def _mark_unsaved(self, changed: set[str], kept: dict[str, Context]) -> None:
        marks = self._state.unsaved | (changed if self._is_explicit else frozenset())
        alive = {*kept, *map(holder_key, self._state.credentials)}
        self._state.unsaved = frozenset(marks & alive)

    def _keep_known(self) -> None:
        state, stored = self._state, self._stored
        state.known = {
            key: target
            for key, target in self.book.known.items()
            if key in state.known or target != stored.known.get(key)
        }
        state.pending = {
            key: pending
            for key, pending in self.book.pending.items()
            if key in state.pending or pending != stored.pending.get(key)
        }

    def _keep_clouds(self) -> None:
        for name, options in self._stored_clouds.items():
            if self.clouds.get(name) != options:
                raise AzenvError(
                    f'stored contexts may use the cloud "{name}", so it cannot change in this'
                    " session alone",
                    hint="add --scope user, or choose another name",
                )
        self._state.clouds = {
            name: options
            for name, options in self.clouds.items()
            if name not in self._stored_clouds
        }


def _directory(context: Context) -> tuple[object, ...]:
    """Return what the context's overlay is made from."""
    return (
        *(context.target.identity, context.is_locked, context.also),
        "az-tokens" in context.exports,
    )


def write_records(place: Place, directory: str, stored: Book, state: State) -> None:
    """Write what the session's shells read of it: a record a context, empty for a hidden one."""
    folder = os.path.join(directory, "contexts")
    ensure_private_directory(folder)
    known = render.Clouds(place.paths, state.clouds)
    texts = dict.fromkeys(state.hidden, "")
    for context in state.contexts.values():
        keeps = directory if is_session_born(context.id) else place.paths.store
        texts[context.id] = render.record(place.paths, context, known, keeps=keeps)
    for name in os.listdir(folder):
        if name not in texts:
            os.unlink(os.path.join(folder, name))
    for name, text in texts.items():
        _write(os.path.join(folder, name), text)
    seen = scoping.overlaid(stored, state).contexts.values()
    before = {context.id: context.name for context in stored.contexts.values()}
    names = records.names_text(c.name for c in seen if before.get(c.id) != c.name)
    _write(os.path.join(directory, "names"), names)


def _write(path: str, text: str) -> None:
    """Write a record whose content has changed: the others keep their time."""
    from azenv.store.files import read_private

    data = text.encode()
    if read_private(path) != data:
        write_private(path, data, sync=False)


def drop_overlays(place: Place, old: Book, new: Book) -> None:
    """Remove the overlays of session-born contexts that are gone; make changed ones again."""
    root = place.root
    for context in old.contexts.values():
        if is_session_born(context.id) and context.id not in new.contexts:
            overlay.drop(root, context.id)
    mark_stale(place, [i for i, c in new.contexts.items() if c != old.contexts.get(i)])
