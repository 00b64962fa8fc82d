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
    from azenv.interop.overlay import Report


def learn(place: Place, book: Book, report: Report) -> list[Context]:
    """Add a context for each of az's rows that is new; return those. Others are updated."""
    # whom an `az login` in an overlay brought, the base does not know
    home_ids = azcaches.home_ids(place.paths.base) | report.home_ids
    targets = azprofile.targets(report.newcomers, home_ids)
    return merge(book, [Context("", "", target) for target, _ in targets], new_id).added
