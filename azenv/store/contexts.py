"""The context store: one JSON file, schema 1, read whole, written whole.

A file that does not parse is refused and named; `azenv doctor --repair` puts the backup back.
"""

from __future__ import annotations

import json
import os

from azenv.core.book import Book
from azenv.core.errors import AzenvError, DamagedError
from azenv.store import nouns
from azenv.store.files import read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Object = dict[str, Any]

SCHEMA = 1


def path(store: str) -> str:
    """Return where the context store lies."""
    return os.path.join(store, "contexts.json")


def new_id() -> str:
    """Return a random context id: 16 hex digits, which every file system and shell can hold."""
    return os.urandom(8).hex()


def load(store: str) -> Book:
    """Return the book; an empty one where there is no file yet.

    Raises DamagedError, or AzenvError for the file of a newer azenv.
    """
    file = path(store)
    data = read_private(file)
    if data is None:
        return Book()
    try:
        top = json.loads(data)
        if isinstance(top, dict) and isinstance(top.get("schema"), int) and top["schema"] > SCHEMA:
            raise AzenvError(f"a newer azenv wrote {file}", hint="upgrade azenv")
        return _book(top, data)
    except RecursionError:
        raise _damaged(file, "it is nested too deeply") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, str(error) or type(error).__name__) from error


def _damaged(file: str, why: str) -> DamagedError:
    return DamagedError(
        f"the context store does not parse: {file} ({why})", hint="azenv doctor --repair"
    )


def parse(data: bytes) -> Book:
    """Return the book that `data` holds.

    Raises ValueError, KeyError, TypeError or AttributeError where it is not one.
    """
    return _book(json.loads(data), data)


def _book(top: Object, data: bytes) -> Book:
    if top["schema"] != SCHEMA:
        raise ValueError("not a context store")
    if b"\\u" in data:
        _json(top).encode()  # half a surrogate pair is no text, and could never be printed
    book = Book(default=nouns.text(top, "default"), az_seen=nouns.text(top, "az_seen"))
    for item in top["contexts"]:
        book.put(nouns.context(item))
    for item in top["known"]:
        target = nouns.target(item)
        book.known[target.identity] = target
    for item in top.get("credentials", ()):
        holder = (nouns.text(item, "cloud"), nouns.text(item, "account"))
        book.credentials[holder] = nouns.credential(item)
    for item in top.get("pending", ()):
        pending = nouns.pending(item)
        book.pending[pending.key] = pending
    return book


def dump(book: Book) -> bytes:
    """Return the text of `book`, one context a line, so that a diff of two backups reads well."""
    head = {"schema": SCHEMA, "default": book.default, "az_seen": book.az_seen}
    lines = [_json(head)[:-1] + ",", '"contexts":[']
    lines.append(",\n".join(_json(nouns.context_object(c)) for c in book.contexts.values()))
    lines.append('],"known":[')
    lines.append(",\n".join(_json(nouns.target_object(t)) for t in book.known.values()))
    lines.append('],"credentials":[')
    lines.append(
        ",\n".join(_json(nouns.credential_object(*item)) for item in book.credentials.items())
    )
    lines.append('],"pending":[')
    lines.append(",\n".join(_json(nouns.pending_object(p)) for p in book.pending.values()))
    lines.append("]}\n")
    return "\n".join(lines).encode()


def save(store: str, book: Book) -> None:
    """Write the book; the old file stays as `contexts.json.bak`. Call under the store lock."""
    write_private(path(store), dump(book), backup=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
