"""The default context: az's own default row, or azenv's own where az cannot follow."""

from __future__ import annotations

from azenv.interop import azprofile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.core.book import Book
    from azenv.core.model import Context


def set_default(base: str, book: Book, context: Context) -> bool:
    """Make `context` the default in `book` and in az's profile; tell whether az follows.

    Raises DamagedError where az's profile does not parse.
    """
    followed = azprofile.set_default(base, context.target)
    found = azprofile.default_target(base)
    book.default = context.id
    # az's row as it stands now: where it differs later, az's word is taken over
    book.az_seen = found[1] if found else ""
    return followed
