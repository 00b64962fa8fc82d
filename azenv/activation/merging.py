"""What a sign-in or an import brings, put into the book of a change, in either scope.

In process scope nothing is merged with what is stored: a twin that is born in the session takes
the name and the settings of the stored context of the same identity, which is hidden here.
"""

from __future__ import annotations

from dataclasses import replace

from azenv.activation.inforce import without_home
from azenv.activation.scoping import USER, is_session_born
from azenv.core.merge import SKIP, Outcome, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from azenv.activation.change import changing
    from azenv.activation.session_change import session_changing
    from azenv.core.book import Book, Identity
    from azenv.core.model import Context, Target


def bring_in(
    change: changing | session_changing, incoming: Sequence[Context], *, policy: str = SKIP
) -> Outcome:
    """Merge contexts into the book of `change`: see `core.merge`."""
    if change.scope == USER:
        return merge(change.book, incoming, change.new_id, policy=policy)
    book = change.book
    stored = {c.id: c for c in book.contexts.values() if not is_session_born(c.id)}
    known = Known(stored.values())
    items: list[Context] = []
    aside: list[Context] = []
    for item in incoming:
        same = known.like(item.target)
        born = any(is_session_born(c.id) for c in book.of(item.target.identity))
        aside += same if born else []
        items += [] if born else [_twin(context, item) for context in same]
        if born or not same or item.name not in ("", *(context.name for context in same)):
            items.append(item)
        for context in same:
            _hide(book, context)
    outcome = merge(book, items, change.new_id, policy=policy)
    for context in aside:
        book.put(context)
    for context_id, context in stored.items():
        if book.contexts.get(context_id, context) != context:
            book.put(context)  # an account's id that the merge filled in is not ours to store
    return outcome


def _hide(book: Book, context: Context) -> None:
    if context.id in book.contexts:
        default = book.default
        book.remove(context)
        book.default = default


def _twin(stored: Context, item: Context) -> Context:
    """Return what takes the place of `stored` in this session."""
    return replace(stored, id="", target=item.target)


class Known:
    """Contexts by whom and what they are for.

    A user's home id may be known on one side only; it then counts that the rest is the same.
    """

    def __init__(self, contexts: Iterable[Context]) -> None:
        self._same: dict[Identity, list[Context]] = {}
        self._alike: dict[tuple[str, ...], list[Context]] = {}
        for context in contexts:
            self._same.setdefault(context.target.identity, []).append(context)
            self._alike.setdefault(without_home(context.target), []).append(context)

    def like(self, target: Target) -> list[Context]:
        """Return the contexts of the same identity as `target`."""
        same = self._same.get(target.identity, [])
        is_known = bool(target.account.home_id)
        alike = self._alike.get(without_home(target), [])
        return same + [
            context
            for context in alike
            if context not in same and not (is_known and context.target.account.home_id)
        ]
