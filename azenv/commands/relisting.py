"""Tenants and subscriptions asked for anew, for every account that azenv signed in."""

from __future__ import annotations

from azenv.activation import scoping
from azenv.activation.merging import bring_in
from azenv.commands import keeping, survey
from azenv.commands.parameters import counted
from azenv.core.errors import AzenvError, NotFoundError, SignInNeededError
from azenv.core.model import Context
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.app import App
    from azenv.azure.listing import Listing
    from azenv.azure.transport import Transport
    from azenv.core.book import Book, Holder
    from azenv.core.model import Tenant


def relist(app: App, *, account: str = "", tenant: str = "") -> None:
    """List anew for each account that azenv signed in, or for `account`, or in one tenant.

    What one account is refused does not cost the others. Raises SignInNeededError where nobody
    is signed in, AzenvError where nothing at all could be listed.
    """
    from azenv.azure.transport import Transport

    chosen = _signed_in(app, account)
    troubles: list[AzenvError] = []
    with Transport() as http:
        for context in chosen:
            try:
                _relist_one(app, context, http, tenant)
            except AzenvError as error:
                if len(chosen) == 1:
                    raise
                say(f"warning: {context.target.account.username}: {error.message}")
                if error.hint:
                    say(f"hint: {error.hint}")
                troubles.append(error)
    if len(troubles) == len(chosen):
        raise troubles[0]


def _signed_in(app: App, account: str) -> list[Context]:
    """Return one context for each account; without any, what would have to be signed in."""
    found: dict[Holder, Context] = {}
    for context in _all(app.book):
        holder = context.target.identity[:2]
        if account.casefold() in ("", context.target.account.username.casefold()):
            _, credential = app.credential_of(context)
            if credential is not None:
                found.setdefault(holder, context)
    if found:
        return list(found.values())
    if account:
        raise NotFoundError(f"azenv itself has not signed {account} in", hint="azenv login")
    raise SignInNeededError("azenv itself has signed nobody in", hint="azenv login")


def _all(book: Book) -> list[Context]:
    return [*book.contexts.values(), *(Context("", "", one) for one in book.known.values())]


def _relist_one(app: App, context: Context, http: Transport, tenant: str) -> None:
    from azenv.azure import desk, metadata

    account, cloud = context.target.account, app.cloud(context.target.cloud)
    kept = desk.of(app, context, http)
    only = metadata.tenant_id(cloud, tenant, http) if tenant else ""
    if account.kind != "user":
        only = only or context.target.tenant.id
    known = tenants_of(app.book, context.target.identity[:2])
    listing = survey.survey(cloud, account, kept, http, tenant=only, known=known)
    scope = scoping.PROCESS if scoping.is_session_born(context.id) else scoping.USER
    with app.changing(scope) as change:
        before = len(change.book.contexts)
        bring_in(change, [Context("", "", target) for target in listing.targets])
        keeping.record(change, listing)
        added = len(change.book.contexts) - before
        gone = _missing(change.book, listing)
    app.reread()
    if listing.complete:
        say(f"{account.username}: {survey.counts(listing)}")
    if added > 0:
        say(f"{counted(added, 'context')} added")
    for name in gone:
        say(f'"{name}" is not listed any more; its context stays until: azenv remove')
    if not listing.complete:
        raise _nothing(listing)
    survey.tell(listing)


def _nothing(listing: Listing) -> AzenvError:
    """Return the error for a listing that got nowhere: it says why, and what may help."""
    if listing.pending:
        reasons = "; ".join(dict.fromkeys(one.reason for one in listing.pending))
        message = f"no tenant of {listing.account.username} could be listed: {reasons}"
        return SignInNeededError(message, hint="azenv login --pending")
    return AzenvError(
        f"no tenant of {listing.account.username} could be listed: {'; '.join(listing.warnings)}",
        hint="azenv subscriptions --refresh    # in a while",
    )


def tenants_of(book: Book, holder: Holder) -> list[Tenant]:
    """Return the tenants in which an account is known."""
    found = {t.tenant.id: t.tenant for t in book.targets() if t.identity[:2] == holder}
    return list(found.values())


def _missing(book: Book, listing: Listing) -> Sequence[str]:
    """Return the names of contexts whose tenant was listed to the end, without them."""
    holder = (listing.cloud.casefold(), listing.account.key)
    seen = {target.identity for target in (*listing.targets, *listing.delegated)}
    done = {one.casefold() for one in listing.complete}
    return [
        context.name
        for context in book.of_account(holder)
        if context.target.subscription
        and context.target.identity[2] in done
        and context.target.identity not in seen
    ]
