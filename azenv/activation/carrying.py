"""What signs accounts in, put into a bundle, and taken from one into the vault of a scope."""

from __future__ import annotations

from azenv.activation import scoping
from azenv.activation.forgetting import hosts_of
from azenv.interop import msalcache
from azenv.store.bundle import Bundle
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from azenv.activation.change import changing
    from azenv.activation.place import Place
    from azenv.activation.session_change import session_changing
    from azenv.core.book import Holder
    from azenv.core.model import Context
    from azenv.store.vault import Vault


def pack(place: Place, contexts: Iterable[Context]) -> tuple[Bundle, list[str]]:
    """Return contexts with what azenv has of their accounts, and the names of those without.

    Raises KeyMissingError where the vault stays closed.
    """
    bundle = Bundle()
    without: dict[Holder, str] = {}
    for context in contexts:
        bundle.contexts.append(context)
        holder = context.target.identity[:2]
        if holder in bundle.credentials or holder in without:
            continue
        vault, credential = scoping.credential_of(place, context)
        if credential is None:
            without[holder] = context.target.account.username
            continue
        bundle.credentials[holder] = credential
        hosts = hosts_of(place, holder[0])
        part = msalcache.only(vault.cache(), account=holder[1], hosts=hosts)
        bundle.cache = msalcache.merged(bundle.cache, part)
        if secret := vault.secret(holder_key(holder)):
            bundle.secrets[holder_key(holder)] = secret
    return bundle, list(without.values())


def unpack(
    place: Place,
    change: changing | session_changing,
    vault: Vault,
    bundle: Bundle,
    *,
    replace: bool,
) -> tuple[list[Holder], list[Holder]]:
    """Keep what a bundle has of the accounts that have contexts here; return (taken, left).

    What is signed in already stays as it is, unless `replace`. Call inside the change.
    """
    taken, left = [], []
    here = _signed_in(place, change)
    for holder, credential in bundle.credentials.items():
        if not change.book.of_account(holder):
            continue
        if holder in here and not replace:
            left.append(holder)
            continue
        taken.append(holder)
        part = msalcache.only(bundle.cache, account=holder[1], hosts=hosts_of(place, holder[0]))
        _keep(vault, holder, part, bundle)
        change.book.credentials[holder] = credential
    return taken, left


def _signed_in(place: Place, change: changing | session_changing) -> set[Holder]:
    """Return whom azenv has signed in, in the scope of the change."""
    if change.scope == scoping.USER:
        return set(change.book.credentials)
    session = scoping.session_of(place)
    return set(session.state().credentials) if session else set()


def _keep(vault: Vault, holder: Holder, part: str, bundle: Bundle) -> None:
    vault.change_cache(lambda old: msalcache.merged(old, part))
    if secret := bundle.secrets.get(holder_key(holder)):
        vault.put_secret(holder_key(holder), secret)
