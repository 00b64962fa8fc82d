"""One change: under the store lock, in the order that a shell can follow at any moment.

Overlays are told stale, records written, the store saved, the generation changed. A writer that
is killed midway leaves the mark `dirty`; the next one makes the records again from the store.
"""

from __future__ import annotations

import os
import shutil

from azenv.activation import render, scoping, verdicts
from azenv.core.book import Book
from azenv.interop import overlay
from azenv.store import clouds, contexts, records, session, trust
from azenv.store.files import ensure_private_directory, locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from azenv.activation.place import Place


class changing:  # noqa: N801  reads as a verb: `with changing(place) as book:`
    """Hold the store; the block changes `book`, `trust` and `clouds`; without error it saves.

    Raises DamagedError where the store does not parse, AzenvError where it is locked.
    """

    scope = scoping.USER

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = locked(place.paths.lock)
        self.book = Book()
        self.trust = trust.Trust()
        self.clouds: clouds.Clouds = {}
        self.new_id = contexts.new_id

    def __enter__(self) -> Self:
        ensure_private_directory(self._place.paths.store)
        self._lock.__enter__()
        try:
            self._load()
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def _load(self) -> None:
        paths = self._place.paths
        self._old = contexts.load(paths.store)
        self.trust = trust.load(paths.store)
        self._old_clouds = clouds.load(paths.store)
        self.clouds = dict(self._old_clouds)
        self._old_decisions = {path: (e.verdict, e.content, e.context_id) for path, e in self.trust}
        self.book = self._old.copy()
        if records.is_dirty(paths) or records.read_index(paths) is None:
            rebuild(self._place, self._old, self.trust)

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            if kind is None:
                self._save()
        finally:
            self._lock.__exit__()

    def _save(self) -> None:
        paths = self._place.paths
        decisions = {path: (e.verdict, e.content, e.context_id) for path, e in self.trust}
        new_trust = decisions != self._old_decisions
        edited = self._edited_clouds()
        if self.book == self._old and not new_trust and not edited:
            return
        records.mark_dirty(paths)
        if edited:
            clouds.save(paths.store, self.clouds)
        stale = render.update(paths, self._old, self.book, edited)
        mark_stale(self._place, stale)
        verdicts.refresh(paths, self.trust)
        if self.book != self._old:
            contexts.save(paths.store, self.book)
        if new_trust:
            trust.save(paths.store, self.trust)
        records.bump(paths)
        records.clear_dirty(paths)
        _remove_overlays(self._place, self._old, self.book)

    def _edited_clouds(self) -> set[str]:
        names = self.clouds.keys() | self._old_clouds.keys()
        return {name for name in names if self.clouds.get(name) != self._old_clouds.get(name)}


def ensure_records(place: Place) -> None:
    """Make the records where there are none, or where a writer was killed midway."""
    with changing(place):
        pass


def rebuild(place: Place, book: Book, decided: trust.Trust) -> None:
    """Make every record again from the store. Call under the store lock."""
    paths = place.paths
    records.make_directories(paths)
    records.mark_dirty(paths)
    for directory in ("contexts", "seeds", "groups", "credentials"):
        for name in os.listdir(os.path.join(paths.records, directory)):
            if name not in book.contexts:
                records.remove(paths, f"{directory}/{name}")
    mark_stale(place, render.update(paths, Book(), book))
    verdicts.refresh(paths, decided)
    _retire_other_layouts(paths.state, os.path.basename(paths.records))
    records.bump(paths)
    records.clear_dirty(paths)


def mark_stale(place: Place, context_ids: Iterable[str]) -> None:
    """Let each shell ask for these overlays again: their stamp is set to the beginning of time."""
    root = place.existing_root
    for context_id in context_ids if root else ():
        try:
            os.utime(os.path.join(str(root), "az", context_id, ".azure", ".stamp"), (0, 0))
        except OSError:
            continue  # not made yet


def _remove_overlays(place: Place, old: Book, new: Book) -> None:
    """Remove the overlays of contexts that are gone, or that are to hold tokens no more.

    With an account's last context goes what its overlays had learnt; az's own sign-in stays.
    """
    root = place.existing_root
    if root is None:
        return
    for context_id, before in old.contexts.items():
        after = new.contexts.get(context_id)
        if after is None or "az-tokens" in set(before.exports) - set(after.exports):
            overlay.drop(root, context_id)
        if after is None:
            session.forget_context(root, context_id)
    accounts = {context.target.account for context in old.contexts.values()}
    for account in accounts - {context.target.account for context in new.contexts.values()}:
        overlay.forget(root, account.username, account.home_id)


def _retire_other_layouts(state: str, layout: str) -> None:
    """Take the answers of an older azenv away: its shells would follow them for ever."""
    for name in os.listdir(state):
        directory = os.path.join(state, name)
        if name != layout and os.path.exists(os.path.join(directory, "table")):
            for part in ("contexts", "pins", "generation"):
                shutil.rmtree(os.path.join(directory, part), ignore_errors=True)
