"""What az or Azure PowerShell know becomes contexts: the same identity never twice."""

from __future__ import annotations

from dataclasses import replace

from azenv.interop import azcaches, azprofile
from azenv.store.contexts import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.place import Place
    from azenv.core.book import Book
    from azenv.core.model import Context, Target


def learn(place: Place, book: Book, rows: list[dict[str, object]]) -> list[Context]:
    """Add a context for each of az's rows that is new; return those. Others are updated."""
    home_ids = azcaches.home_ids(place.paths.base)
    added = []
    for target, _ in azprofile.targets(rows, home_ids):
        known = reconciled(book, target)
        is_new = not book.of(known.identity)
        context = book.add(known, new_id())
        if is_new:
            added.append(context)
    return added


def reconciled(book: Book, target: Target) -> Target:
    """Return `target` with the home id that its account has elsewhere, and tell it to the book.

    az's profile knows users by name only; the id comes from its token cache, or later.
    """
    account = target.account
    namesakes = [
        other.account
        for other in book.targets()
        if other.cloud.casefold() == target.cloud.casefold()
        and other.account.kind == account.kind
        and other.account.username.casefold() == account.username.casefold()
    ]
    if not account.home_id:
        known = {other.home_id for other in namesakes if other.home_id}
        if len(known) == 1:
            return replace(target, account=replace(account, home_id=known.pop()))
        return target
    if any(not other.home_id for other in namesakes):
        _tell(book, target)
    return target


def _tell(book: Book, target: Target) -> None:
    account = target.account
    for context in list(book.contexts.values()):
        mine = context.target.account
        same_name = mine.username.casefold() == account.username.casefold()
        if same_name and mine.kind == account.kind and not mine.home_id:
            filled = replace(mine, home_id=account.home_id, home_tenant=account.home_tenant)
            book.put(replace(context, target=replace(context.target, account=filled)))
