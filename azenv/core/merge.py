"""Contexts from elsewhere, brought into the book: nothing twice, nothing overwritten unasked.

The same identity is updated and keeps its name. A name that is another identity's is a conflict,
which the user settles beforehand: skip, rename or replace. az's profile knows users by name only,
az's token cache and Azure PowerShell by their home id; one account must not come in as two.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from azenv.core import names
from azenv.core.model import Context, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from azenv.core.book import Book

SKIP, RENAME, REPLACE = POLICIES = ("skip", "rename", "replace")


@dataclass(slots=True)
class Outcome:
    """What an import did, in the order of the file; `skipped` are names that others have."""

    added: list[Context] = field(default_factory=list)
    updated: list[Context] = field(default_factory=list)
    unchanged: list[Context] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    replaced: list[Context] = field(default_factory=list)


def merge(
    book: Book,
    incoming: Sequence[Context],
    new_id: Callable[[], str],
    *,
    policy: str = SKIP,
) -> Outcome:
    """Bring contexts into the book; an empty name asks for a generated one, ids are replaced.

    A context of the same identity and name is updated first; then any of the same identity that
    this import has not yet used; what is left is added under its own name.
    """
    merging = _Merging(book, new_id, policy)
    merging.run(_reconciled(book, incoming))
    return merging.outcome


class _Merging:
    """One merge: the book, and which of its contexts this merge has used."""

    def __init__(self, book: Book, new_id: Callable[[], str], policy: str) -> None:
        self.outcome = Outcome()
        self._book = book
        self._new_id = new_id
        self._policy = policy
        self._used: set[str] = set()

    def run(self, items: Sequence[Context]) -> None:
        claimed: dict[int, Context] = {}
        for find in (_same_name, _same_identity):
            for number, item in enumerate(items):
                same = None if number in claimed else find(self._book, item, self._used)
                if same is not None:
                    claimed[number] = same
                    self._used.add(same.id)
        for number, old in claimed.items():
            self._update(old, items[number])
        for number, item in enumerate(items):
            if number not in claimed:
                self._used.add(self._add(item))

    def _update(self, old: Context, item: Context) -> str:
        now = self._book.contexts[old.id]
        new = replace(now, target=richer(now.target, item.target))
        kind = self.outcome.unchanged if new == now else self.outcome.updated
        kind.append(self._book.put(new))
        return new.id

    def _add(self, item: Context) -> str:
        """Add one context, as far as the policy lets it; return the id that it has now."""
        book = self._book

        def is_taken(name: str) -> bool:
            return book.named(name) is not None

        same = book.of(item.target.identity) if not item.name else []
        if same:  # the same row twice in one file
            return self._update(same[0], item)
        name = names.acceptable(item.name) if item.name else names.generated(item.target, is_taken)
        taken = book.named(name)
        if taken is not None and self._policy == SKIP:
            self.outcome.skipped.append(name)
            return taken.id
        if taken is not None and (self._policy == RENAME or taken.id in self._used):
            # what this very merge brought in is never replaced by it
            name, taken = names.numbered(name, is_taken), None
        fresh = replace(item, id=self._new_id(), name=name)
        if taken is not None:
            self.outcome.replaced.append(taken)
            book.displace(taken, fresh)
        book.known.pop(item.target.identity, None)
        self.outcome.added.append(book.put(fresh))
        return fresh.id


def _same_name(book: Book, item: Context, used: set[str]) -> Context | None:
    taken = book.named(item.name) if item.name else None
    is_same = taken is not None and taken.target.identity == item.target.identity
    return taken if is_same and taken is not None and taken.id not in used else None


def _same_identity(book: Book, item: Context, used: set[str]) -> Context | None:
    same = book.of(item.target.identity)
    if not item.name and same:
        return same[0]
    return next((context for context in same if context.id not in used), None)


def richer(old: Target, new: Target) -> Target:
    """Return `new`, with what only `old` knows: a file may hold less than the store does."""
    account = replace(
        new.account,
        home_id=new.account.home_id or old.account.home_id,
        home_tenant=new.account.home_tenant or old.account.home_tenant,
        certificate_sni=new.account.certificate_sni or old.account.certificate_sni,
    )
    tenant = replace(
        new.tenant,
        domain=new.tenant.domain or old.tenant.domain,
        name=new.tenant.name or old.tenant.name,
    )
    subscription = new.subscription
    if subscription and old.subscription:
        subscription = replace(
            subscription,
            home_tenant=subscription.home_tenant or old.subscription.home_tenant,
            managed_by=subscription.managed_by or old.subscription.managed_by,
        )
    return Target(old.cloud, account, tenant, subscription)


def _reconciled(book: Book, incoming: Sequence[Context]) -> list[Context]:
    """Give every account known by name only the one home id known for that name, on both sides."""
    targets = [*book.targets(), *(item.target for item in incoming)]
    homes = single_homes(targets)

    def settled(target: Target) -> Target:
        home_id = homes.get(_name_key(target), "")
        if target.account.home_id or not home_id:
            return target
        return replace(target, account=replace(target.account, home_id=home_id))

    for context in list(book.contexts.values()):
        book.put(replace(context, target=settled(context.target)))
    known = [settled(target) for target in book.known.values()]
    book.known = {target.identity: target for target in known if not book.of(target.identity)}
    return [replace(item, target=settled(item.target)) for item in incoming]


def single_homes(targets: Iterable[Target]) -> dict[tuple[str, ...], str]:
    """Return (cloud, kind, user name) -> home id, where all that is known agrees on one.

    A user name of two home accounts (a personal and a work account) has no entry.
    """
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for target in targets:
        if home_id := target.account.home_id:
            found.setdefault(_name_key(target), {})[home_id.casefold()] = home_id
    return {key: ids.popitem()[1] for key, ids in found.items() if len(ids) == 1}


def _name_key(target: Target) -> tuple[str, ...]:
    account = target.account
    return (target.cloud.casefold(), account.kind, account.username.casefold())
