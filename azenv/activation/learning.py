"""What az brought into an overlay becomes contexts: the same identity never twice."""

from __future__ import annotations

from azenv.core.merge import merge
from azenv.core.model import Context
from azenv.interop import azcaches, azprofile
from azenv.store.contexts import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.place import Place
    from azenv.core.book import Book


def learn(place: Place, book: Book, rows: list[dict[str, object]]) -> list[Context]:
    """Add a context for each of az's rows that is new; return those. Others are updated."""
    home_ids = azcaches.home_ids(place.paths.base)
    targets = azprofile.targets(rows, home_ids)
    return merge(book, [Context("", "", target) for target, _ in targets], new_id).added
