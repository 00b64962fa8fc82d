"""The context store: one JSON file, schema 1, read whole, written whole.

A file that does not parse is refused and named; `azenv doctor --repair` puts the backup back.
"""

from __future__ import annotations

import json
import os

from azenv.core.book import Book
from azenv.core.errors import AzenvError, DamagedError
from azenv.core.model import (
    ACCOUNT_KINDS,
    DEFAULT_FAMILIES,
    Account,
    Context,
    Subscription,
    Target,
    Tenant,
)
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
    book = Book(default=_text(top, "default"), az_seen=_text(top, "az_seen"))
    for item in top["contexts"]:
        book.put(_context(item))
    for item in top["known"]:
        target = _target(item)
        book.known[target.identity] = target
    return book


def dump(book: Book) -> bytes:
    """Return the text of `book`, one context a line, so that a diff of two backups reads well."""
    head = {"schema": SCHEMA, "default": book.default, "az_seen": book.az_seen}
    lines = [_json(head)[:-1] + ",", '"contexts":[']
    lines.append(",\n".join(_json(_context_object(c)) for c in book.contexts.values()))
    lines.append('],"known":[')
    lines.append(",\n".join(_json(_target_object(t)) for t in book.known.values()))
    lines.append("]}\n")
    return "\n".join(lines).encode()


def save(store: str, book: Book) -> None:
    """Write the book; the old file stays as `contexts.json.bak`. Call under the store lock."""
    write_private(path(store), dump(book), backup=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(item: Object, key: str, default: str = "") -> str:
    value = item.get(key, default)
    if not isinstance(value, str):
        message = f'"{key}" is not text'
        raise TypeError(message)
    return value


def _texts(item: Object, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    value = item.get(key, default)
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        message = f'"{key}" is not a list of texts'
        raise TypeError(message)
    return tuple(value)


def _context(item: Object) -> Context:
    context_id = item["id"]
    if not isinstance(context_id, str) or not context_id.isalnum() or not context_id.isascii():
        message = f"not a context id: {context_id!r}"
        raise ValueError(message)
    return Context(
        id=context_id,
        name=_text(item, "name"),
        target=_target(item),
        group=_text(item, "group"),
        location=_text(item, "location"),
        protected=item.get("protected") is True,
        locked=item.get("locked") is True,
        also=_texts(item, "also"),
        exports=_texts(item, "exports", DEFAULT_FAMILIES),
        keep=_texts(item, "keep"),
        tags=tuple(sorted((str(k), str(v)) for k, v in item.get("tags", {}).items())),
    )


def _target(item: Object) -> Target:
    account, tenant, subscription = item["account"], item["tenant"], item.get("subscription")
    kind = _text(account, "kind")
    if kind not in ACCOUNT_KINDS:
        message = f"not a kind of account: {kind!r}"
        raise ValueError(message)
    return Target(
        cloud=_text(item, "cloud"),
        account=Account(
            username=_text(account, "username"),
            kind=kind,
            home_id=_text(account, "home_id"),
            home_tenant=_text(account, "home_tenant"),
            certificate_sni=account.get("certificate_sni") is True,
        ),
        tenant=Tenant(_text(tenant, "id"), _text(tenant, "domain"), _text(tenant, "name")),
        subscription=_subscription(subscription) if subscription else None,
    )


def _subscription(item: Object) -> Subscription:
    return Subscription(
        id=_text(item, "id"),
        name=_text(item, "name"),
        state=_text(item, "state", "Enabled"),
        home_tenant=_text(item, "home_tenant"),
        managed_by=_texts(item, "managed_by"),
    )


def _filled(item: Object) -> Object:
    """Return `item` without what is empty: a file of 10,000 contexts is read at each change."""
    return {key: value for key, value in item.items() if value not in ("", (), False, None)}


def _context_object(context: Context) -> Object:
    return (
        {"id": context.id, "name": context.name}
        | _target_object(context.target)
        | _filled(
            {
                "group": context.group,
                "location": context.location,
                "protected": context.protected,
                "locked": context.locked,
                "also": context.also,
                # a list, so that "exports nothing" is not taken for "nothing to say"
                "exports": None if context.exports == DEFAULT_FAMILIES else list(context.exports),
                "keep": context.keep,
                "tags": dict(context.tags) or None,
            }
        )
    )


def _target_object(target: Target) -> Object:
    account, subscription = target.account, target.subscription
    found: Object = {
        "cloud": target.cloud,
        "account": _filled(
            {
                "username": account.username,
                "kind": account.kind,
                "home_id": account.home_id,
                "home_tenant": account.home_tenant,
                "certificate_sni": account.certificate_sni,
            }
        ),
        "tenant": _filled(
            {"id": target.tenant.id, "domain": target.tenant.domain, "name": target.tenant.name}
        ),
    }
    if subscription:
        found["subscription"] = _filled(
            {
                "id": subscription.id,
                "name": subscription.name,
                "state": subscription.state,
                "home_tenant": subscription.home_tenant,
                "managed_by": subscription.managed_by,
            }
        )
    return found
