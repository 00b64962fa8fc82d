"""What is kept of a sign-in: tokens first, then the book, so that a kill between loses no word."""

from __future__ import annotations

from azenv.activation import inforce
from azenv.activation.merging import bring_in
from azenv.core.book import taken_error
from azenv.core.model import Context
from azenv.output import say
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.change import changing
    from azenv.activation.session_change import session_changing
    from azenv.app import App
    from azenv.azure.listing import Listing
    from azenv.azure.signin import SignedIn
    from azenv.core.model import Target

    Change = changing | session_changing


def keep(
    app: App,
    signed: SignedIn,
    listing: Listing,
    wanted: Target | None,
    *,
    name: str | None = None,
    scope: str | None = None,
    force: bool = False,
) -> Context | None:
    """Keep a sign-in and what it sees; return the context of `wanted`.

    Raises AzenvError where `name` is another identity's, before anything is kept.
    """
    if name is not None and wanted is not None and not force:
        taken = app.book.named(name)
        if taken is not None and taken.target.identity != wanted.identity:
            raise taken_error(taken)
    holder = (listing.cloud.casefold(), signed.account.key)
    vault = app.vault(scope)
    signed.tokens.cache.commit(vault)
    if signed.secret:
        vault.put_secret(holder_key(holder), signed.secret)
    with app.changing(scope) as change:
        context = _bring_in(change, listing, wanted, name, force=force)
        record(change, listing)
        change.book.credentials[holder] = signed.credential
        ids = [one.id for one in change.book.of_account(holder)]
    app.reread()
    _renew(app, ids)
    if notice := vault.notice():
        say(notice)
    return context


def _bring_in(
    change: Change, listing: Listing, wanted: Target | None, name: str | None, *, force: bool
) -> Context | None:
    book = change.book
    items = [Context("", "", target) for target in listing.targets]
    if wanted is None:
        bring_in(change, items)
        return None
    if wanted not in listing.targets:
        items.append(Context("", "", wanted))
    if name is not None and not book.of(wanted.identity):
        items = [item for item in items if item.target != wanted]  # it comes by its name alone
    bring_in(change, items)
    if name is None:
        return book.of(wanted.identity)[0]
    taken = book.named(name)
    if taken is not None and taken.target.identity != wanted.identity and force:
        book.remove(taken)
        say(f'"{taken.name}" was replaced')
    return book.add(wanted, change.new_id(), name)


def record(change: Change, listing: Listing) -> None:
    """Note the other ways to subscriptions, and what is pending; forget what is no more."""
    book = change.book
    holder = (listing.cloud.casefold(), listing.account.key)
    fresh = {target.identity for target in (*listing.targets, *listing.delegated)}
    tenants = {one.casefold() for one in listing.complete}
    book.known = {
        key: target
        for key, target in book.known.items()
        if key[:2] != holder or key[2] not in tenants or key in fresh or not key[3]
    }
    for target in listing.delegated:
        if not book.of(target.identity):
            book.known[target.identity] = target
    for key in [k for k in book.pending if k[:2] == holder and k[2] in tenants]:
        del book.pending[key]
    book.pending |= {one.key: one for one in listing.pending}


def _renew(app: App, context_ids: list[str]) -> None:
    """Let the overlays of the account's contexts be seeded again."""
    from azenv.activation.change import mark_stale

    mark_stale(app.place, context_ids)


def select(app: App, context: Context, *, scope: str | None, default: bool) -> None:
    """Make a new sign-in's context this shell's choice, and the default where there was none."""
    from azenv.commands.choosing import make_default, send_choice
    from azenv.store.session import MAIL

    if default:
        make_default(app, context.id)
        return
    if app.scope(scope, context) == "user":
        _become_first_default(app, context)
    if not app.environ.get(MAIL):
        say(f'"{context.name}" is not selected: this shell has no azenv integration')
        say(f"hint: azenv exec {context.id} COMMAND")
        return
    pin = inforce.pin(app.place, app.book)
    if pin.context_id:
        say(f'"{context.name}" is not selected: the pin {pin.detail} decides here')
        say(f"hint: azenv use {context.id}")
    elif context.protected:
        say(f'"{context.name}" is protected, so it is not selected')
        say(f"hint: azenv use {context.id}")
    else:
        app.place.use_root(app.mailbox.root)
        from azenv.activation import freshness

        for line in freshness.ensure(app.place, context.id):
            say(line)
        send_choice(app, context.id)


def _become_first_default(app: App, context: Context) -> None:
    """Make the context the default where neither azenv nor az has one."""
    from azenv.activation.change import changing
    from azenv.activation.defaults import set_default
    from azenv.interop import azprofile

    if app.book.default or azprofile.default_target(app.paths.base) or context.protected:
        return
    with changing(app.place) as change:
        if context.id in change.book.contexts and not change.book.default:
            set_default(app.paths.base, change.book, change.book.contexts[context.id])
    app.reread()
    say(f'"{context.name}" is the default of future sessions, too')
