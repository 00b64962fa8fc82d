"""What an account can see: listed with a progress bar, told, and one subscription chosen."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from azenv.commands.parameters import counted
from azenv.core.errors import AmbiguousError, AzenvError, NotFoundError
from azenv.core.model import Target, Tenant
from azenv.core.names import nearest
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from azenv.app import App
    from azenv.azure.endpoints import Endpoints
    from azenv.azure.listing import Listing, Progress
    from azenv.azure.signin import SignedIn
    from azenv.azure.tokens import Tokens
    from azenv.azure.transport import Transport
    from azenv.core.model import Account

USABLE = ("Enabled", "Warned")


def of_sign_in(cloud: Endpoints, signed: SignedIn, http: Transport, *, tenant: str = "") -> Listing:
    """Return what who has just signed in can see. Raises AzenvError where nothing can be said."""
    from azenv.azure.listing import Listing

    home = Tenant(signed.tenant)
    if not signed.is_listable:
        return Listing(cloud.name, signed.account, [home])
    own = tenant if signed.account.kind == "user" else signed.tenant
    return survey(cloud, signed.account, signed.tokens, http, tenant=own, known=[home])


def survey(
    cloud: Endpoints,
    account: Account,
    tokens: Tokens,
    http: Transport,
    *,
    tenant: str = "",
    known: Iterable[Tenant] = (),
) -> Listing:
    """Return the tenants and subscriptions of an account, or of one tenant; shows the progress."""
    from azenv.azure.listing import list_all

    def get_token(asked: str, challenge: str) -> str:
        return tokens.get(asked, cloud.resource, claims=challenge).text

    with _bar() as progress:
        return list_all(
            cloud, account, get_token, http, tenant=tenant, known=known, progress=progress
        )


@contextmanager
def _bar() -> Iterator[Progress | None]:
    """Show how many tenants have answered, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("azenv: tenants"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("tenants", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def counts(listing: Listing) -> str:
    """Return `2 tenants, 5 subscriptions`."""
    tenants, subscriptions = len(listing.tenants), len(listing.targets)
    return f"{counted(tenants, 'tenant')}, {counted(subscriptions, 'subscription')}"


def tell(listing: Listing) -> None:
    """Say what could not be listed, and what to type to finish."""
    for text in listing.warnings:
        say(f"warning: {text}")
    if any("not listed to the end" in text for text in listing.warnings):
        say("hint: azenv subscriptions --refresh")
    for one in listing.pending:
        say(f"{one.tenant.domain or one.tenant.id} is left out: {one.reason}")
    if listing.pending:
        say("hint: azenv login --pending")


def choose(
    app: App, listing: Listing, wanted: str, tenant: str
) -> tuple[Target, AzenvError | None]:
    """Return the target to select; with it the error where what was asked for is not there.

    Asked for, else the setting `default_subscription`, else picked on a terminal, else the first
    that is enabled; without any subscription the tenant alone. `tenant` is where the sign-in was.
    """
    if wanted:
        try:
            return find(listing, wanted), None
        except AzenvError as error:
            return _first(app, listing, tenant), error
    if setting := _default_subscription(app):
        try:
            return find(listing, setting), None
        except AzenvError as error:
            say(f"warning: default_subscription: {error.message}")
    usable = [one for one in listing.targets if _state(one) in USABLE]
    if len(usable) > 1 and app.is_interactive:
        from azenv.commands.picker import pick_line

        return usable[pick_line([_line(one) for one in usable], "subscription")], None
    first = _first(app, listing, tenant)
    if len(usable) > 1 and first.subscription:
        say(f'"{first.subscription.name}" is the first of {len(usable)} subscriptions')
        say("hint: azenv use NAME, or azenv login --subscription NAME")
    return first, None


def find(listing: Listing, wanted: str) -> Target:
    """Return the target of a subscription, by its id or name.

    Raises NotFoundError, AmbiguousError.
    """
    pairs = [(one, one.subscription) for one in listing.targets if one.subscription]
    found = [t for t, s in pairs if s.id == wanted.lower()]
    found = found or [t for t, s in pairs if s.name.casefold() == wanted.casefold()]
    if len(found) > 1:
        several = "; ".join(_line(one) for one in found[:5])
        raise AmbiguousError(
            f'"{wanted}" is the name of {len(found)} subscriptions: {several}',
            hint="azenv login --subscription ID",
        )
    if not found:
        close = nearest(wanted, (s.name for _, s in pairs))
        raise NotFoundError(
            f'{listing.account.username} sees no subscription "{wanted}"',
            hint=f"did you mean {' or '.join(close)}?" if close else "azenv subscriptions",
            nearest=close,
        )
    target = found[0]
    if _state(target) not in USABLE:
        say(f"warning: that subscription is {_state(target).lower()}")
    return target


def _first(app: App, listing: Listing, tenant: str) -> Target:
    usable = [one for one in listing.targets if _state(one) in USABLE]
    at_home = [one for one in usable if one.tenant.id == listing.account.home_tenant]
    if usable:
        return [*at_home, *usable][0]
    known = app.book.of_account((listing.cloud.casefold(), listing.account.key))
    if known and not listing.targets and tenant not in listing.complete:
        return known[0].target  # nothing could be listed now: what was known stays
    here = next((one for one in listing.tenants if one.id == tenant), Tenant(tenant))
    return Target(listing.cloud, listing.account, here)


def _default_subscription(app: App) -> str:
    from azenv.store import settings

    return settings.load(app.paths.settings).default_subscription


def _state(target: Target) -> str:
    return target.subscription.state if target.subscription else ""


def _line(target: Target) -> str:
    name, one_id = (
        (target.subscription.name, target.subscription.id) if target.subscription else ("-", "-")
    )
    tenant = target.tenant.name or target.tenant.domain or target.tenant.id
    return f"{name}   {tenant}   {one_id}"
