"""Which context a pin means: by exact name or ids only (DESIGN sections 2 and 6)."""

from __future__ import annotations

from azenv.core import lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Row:
    """What a pin can be held against: one row of the index, by column name."""

    __slots__ = (
        *("account", "cloud", "domain", "flags", "id", "name"),
        *("subscription", "subscription_id", "tenant_id"),
    )

    def __init__(self, columns: Mapping[str, str]) -> None:
        for name in self.__slots__:
            setattr(self, name, columns[name])

    id: str
    name: str
    subscription_id: str
    subscription: str
    tenant_id: str
    domain: str
    account: str
    cloud: str
    flags: str

    @property
    def is_protected(self) -> bool:
        """Tell whether a pin may not activate this context by itself."""
        return "P" in self.flags


def candidates(keys: Mapping[str, str], rows: Sequence[Row]) -> list[Row]:
    """Return the contexts that the keys of a pin fit."""
    if "context" in keys:
        wanted = keys["context"]
        by_id = [row for row in rows if row.id == wanted]
        return by_id or [row for row in rows if row.name == wanted]
    hits = [
        row
        for row in rows
        if all(value.casefold() in _meanings(row)[key] for key, value in keys.items())
    ]
    if "subscription" not in keys:
        # a tenant alone means the tenant-only context, where there is one
        return [row for row in hits if not row.subscription_id] or hits
    return hits


def _meanings(row: Row) -> dict[str, tuple[str, ...]]:
    """Return what each key of a portable pin may say to mean `row`."""
    return {
        "subscription": (row.subscription_id.casefold(), row.subscription.casefold()),
        "tenant": (row.tenant_id.casefold(), row.domain.casefold()),
        "account": (row.account.casefold(),),
        "cloud": (row.cloud.casefold(),),
    }


def select(keys: Mapping[str, str], rows: Sequence[Row], settled: str = "") -> Row:
    """Return the one context that the pin means; `settled` is the id the user chose for it.

    Raises NotFoundError, or AmbiguousError with the command that settles it.
    """
    hits = candidates(keys, rows)
    for row in hits:
        if row.id == settled:
            return row
    if len(hits) == 1:
        return hits[0]
    wanted = keys.get("context") or ", ".join(f"{k} {v}" for k, v in keys.items())
    named = [(row.id, row.name, row.subscription_id, row.subscription) for row in hits or rows]
    if not hits:
        raise lookup.not_found(wanted, named)
    error = lookup.ambiguous(wanted, named)
    error.hint = f"azenv allow --context {hits[0].id}"
    raise error
