"""Contexts that go, and what goes with them: trust in their pins, and the last one's credential.

What azenv keeps of an account goes in an order that a kill may interrupt: the tombstone, so that a
refresh that is under way throws its answer away, then the tokens, then the contexts. az's own
tokens stay.
"""

from __future__ import annotations

import time
from functools import partial

from azenv.activation import scoping
from azenv.interop import azclouds, msalcache
from azenv.store import tombstones
from azenv.store.vault import holder_key, user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from azenv.activation.change import changing
    from azenv.activation.place import Place
    from azenv.activation.session_change import session_changing
    from azenv.core.book import Book, Holder
    from azenv.core.model import Context
    from azenv.store.trust import Trust
    from azenv.store.vault import Vault


def remove(
    place: Place, change: changing | session_changing, contexts: Iterable[Context]
) -> list[Holder]:
    """Remove contexts, with the credential of an account whose last one goes.

    Returns those accounts. The default moves to nobody. Call inside the change.
    """
    gone = [context for context in contexts if context.id in change.book.contexts]
    holders = dict.fromkeys(context.target.identity[:2] for context in gone)
    default, change.book.default = change.book.default, ""
    change.book.remove_all(gone)
    change.book.default = default if default in change.book.contexts else ""
    if change.scope == scoping.USER:
        forget_trust(change.trust, {context.id for context in gone})
    return [holder for holder in holders if drop_unused(place, change, holder)]


def drop_unused(place: Place, change: changing | session_changing, holder: Holder) -> bool:
    """Remove an account's credential if no context uses it; tell whether it was there."""
    book = change.book
    if holder not in book.credentials or book.of_account(holder):
        return False
    if change.scope == scoping.USER:
        bury(place, [holder])
        vault = user_vault(place.paths)
        purge(place, vault, [holder])
        vault.erase_if_empty()
    elif session := scoping.session_of(place):
        purge(place, session, [holder])
    del book.credentials[holder]
    return True


def forget_trust(trust: Trust, context_ids: Collection[str]) -> list[str]:
    """Forget the pins that were trusted to select one of these contexts; return their paths."""
    found = [path for path, entry in trust if entry.context_id in context_ids]
    for path in found:
        trust.forget(path)
    return found


def bury(place: Place, holders: Iterable[Holder]) -> None:
    """Remember that these accounts are signed out from now on. Call under the store lock."""
    for holder in holders:
        tombstones.bury(place.paths, holder, time.time())


def purge(place: Place, vault: Vault, holders: Iterable[Holder]) -> None:
    """Remove every token and secret of these accounts from a vault."""
    for cloud, account in holders:
        vault.change_cache(
            partial(msalcache.without, account=account, hosts=hosts_of(place, cloud))
        )
        if vault.secret(key := holder_key((cloud, account))) is not None:
            vault.forget_secret(key)


def hosts_of(place: Place, folded: str) -> tuple[str, ...]:
    """Return the hosts under which a cloud's tokens are filed; none where nobody knows it."""
    of_az, ours = azclouds.custom(place.paths.base), scoping.effective_clouds(place)
    for name in (*azclouds.BUILT_IN, *of_az, *ours):
        if name.casefold() == folded:
            return azclouds.hosts(name, of_az.get(name) or ours.get(name))
    return ()


def name_of(book: Book, holder: Holder) -> str:
    """Return what an account is called."""
    targets = (target for target in book.targets() if target.identity[:2] == holder)
    found = next(targets, None)
    return found.account.username if found else holder[1]
