"""Point at another subscription, or change a context's settings."""

from __future__ import annotations

from dataclasses import replace

import click

from azenv.activation import inforce
from azenv.commands import settings
from azenv.commands.choosing import find_row, select
from azenv.commands.parameters import CONTEXT, output_option, report, scope_option
from azenv.core import names, targeting
from azenv.core.book import taken_error
from azenv.core.errors import NotFoundError, UsageError
from azenv.core.model import Context
from azenv.output import say
from azenv.store.session import MAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azenv.app import App, Change
    from azenv.core.book import Book
    from azenv.core.model import Target


@click.command("set")
@click.option("--subscription", metavar="ID|NAME", help="Point at this subscription.")
@click.option("--tenant", metavar="ID|DOMAIN", help="In this tenant; alone: its first one.")
@click.option("--context", "base", type=CONTEXT, default="", help="Start from this context.")
@click.option("--name", metavar="NAME", help="Call the context so; a second one of its kind.")
@click.option("--no-select", is_flag=True, help="Only add it; go on with the context in force.")
@click.option("--force", is_flag=True, help="Replace a context that already has that name.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a protected context.")
@settings.options
@scope_option
@output_option
@click.pass_obj
def set_command(
    app: App,
    /,
    *,
    subscription: str | None,
    tenant: str | None,
    base: str,
    name: str | None,
    no_select: bool,
    force: bool,
    yes: bool,
    scope: str | None,
    **wanted: Any,  # noqa: ANN401  what click parsed; `settings.options` says what
) -> None:
    """Select or add the context of another subscription known here, or change settings.

    Without --subscription, --tenant and --name: the settings of the context in force change.
    """
    changes = settings.Settings.of(wanted)
    is_settings_only = subscription is None and tenant is None and name is None
    if scope == "process" and not no_select and not is_settings_only:
        _ = app.mailbox  # refused before anything changes
    start_id = _start(app, base, needed=subscription is None and tenant is None)
    beginning = app.book.contexts.get(start_id)
    if not is_settings_only:
        _ensure_known(app, beginning, subscription, tenant)
    with app.changing(scope, *([beginning] if beginning and is_settings_only else [])) as change:
        start = change.book.contexts.get(start_id)
        if is_settings_only and start:
            found = start
        else:
            target = _target(change.book, start, subscription, tenant)
            found = _context(change, target, start, name, force=force)
        is_new = found.id not in change.book.contexts
        after = change.book.put(settings.applied(change.book, found, changes))
        change.book.known.pop(after.target.identity, None)
    app.reread()
    _tell(start if is_settings_only else None, after, is_new=is_new)
    if no_select or is_settings_only:
        report(app, after)
    elif scope is None and not app.environ.get(MAIL):
        report(app, after)
        say(f'"{after.name}" is not selected: this shell has no azenv integration')
        say(f"hint: azenv exec {after.id} COMMAND")
    else:
        select(app, find_row(app, after.id), scope=scope, yes=yes)


def _start(app: App, base: str, *, needed: bool) -> str:
    """Return the id of the context whose account counts: the one named, or the one in force.

    Where something blocks, no account is preferred, unless a context is `needed`: then it is
    the error that says so.
    """
    if base:
        return app.book.find(base).id
    if needed:
        return inforce.ensure_context(app.place, app.book).id
    return inforce.resolution(app.place, app.book).link.context_id


def _target(
    book: Book, start: Context | None, subscription: str | None, tenant: str | None
) -> Target:
    if subscription == "" or tenant == "":
        message = "an empty --subscription or --tenant names nothing"
        raise UsageError(message, hint="azenv set --tenant TENANT")
    if subscription is None and tenant is None and start is not None:
        return start.target
    return targeting.find(
        book.targets(),
        subscription=subscription or "",
        tenant=tenant or "",
        of=start.target if start else None,
    )


def _ensure_known(
    app: App, start: Context | None, subscription: str | None, tenant: str | None
) -> None:
    """Ask Azure for what is not known here, where azenv itself signed the account in.

    Raises NotFoundError, AmbiguousError, and what a listing raises.
    """
    try:
        _target(app.book, start, subscription, tenant)
    except NotFoundError:
        if start is None or app.credential_of(start)[1] is None:
            raise
        from azenv.commands.relisting import relist  # msal

        relist(app, account=start.target.account.username, tenant=tenant or "")
        _ensure_seen(app, start, subscription, tenant)


def _ensure_seen(app: App, start: Context, subscription: str | None, tenant: str | None) -> None:
    """Refuse what is not there though Azure was just asked. Raises NotFoundError."""
    try:
        _target(app.book, start, subscription, tenant)
    except NotFoundError as error:
        what = f'subscription "{subscription}"' if subscription else f'tenant "{tenant}"'
        close = f"did you mean {', '.join(error.nearest)}? else: " if error.nearest else ""
        raise NotFoundError(
            f"{start.target.account.username} sees no {what}",
            hint=f"{close}azenv {'subscriptions' if subscription else 'tenants'}",
            nearest=error.nearest,
        ) from error


def _context(
    change: Change, target: Target, start: Context | None, name: str | None, *, force: bool
) -> Context:
    """Return the context of `target`: the one that exists, or another, not yet in the book.

    Raises AzenvError where `name` is another identity's, unless `force`, which removes that one.
    """
    book = change.book
    same = book.of(target.identity)
    if name is None:
        if same:
            return start if start in same and start is not None else same[0]
        return Context(
            change.new_id(), names.generated(target, lambda n: book.named(n) is not None), target
        )
    names.ensure_name(name)
    taken = book.named(name)
    if taken is not None and taken.target.identity == target.identity:
        return taken
    if taken is not None and not force:
        raise taken_error(taken)
    # a second context of that identity begins with what the first one has
    fresh = replace(same[0] if same else Context("", "", target), id=change.new_id(), name=name)
    if taken is not None:
        book.displace(taken, fresh)
        say(f'"{taken.name}" was replaced')
    return fresh


def _tell(before: Context | None, after: Context, *, is_new: bool) -> None:
    subscription = after.target.subscription
    if before is not None:
        say(f'"{after.name}" is {"as before" if before == after else "changed"}')
    elif is_new:
        say(f'added "{after.name}"')
    if before is None and subscription and subscription.state != "Enabled":
        say(f'warning: the subscription "{subscription.name}" is {subscription.state.lower()}')
