"""Trust the pin that governs this directory as it stands, or refuse it."""

from __future__ import annotations

import os

import click

from azenv.activation import verdicts
from azenv.activation.change import changing
from azenv.commands.parameters import CONTEXT, output_option, report
from azenv.core import pinning
from azenv.core.errors import AzenvError
from azenv.core.names import display, printable
from azenv.output import say
from azenv.store import pins
from azenv.store.trust import ALLOW, DENY, Entry
from azenv.watch import PIN_NAME, candidates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.book import Book


@click.command("allow")
@click.argument("path", required=False, type=click.Path())
@click.option("--context", "name", type=CONTEXT, help="Settle a portable pin that fits several.")
@output_option
@click.pass_obj
def allow_command(app: App, path: str | None, *, name: str | None) -> None:
    """Show what the pin selects, and trust exactly this content (PATH, or the nearest one)."""
    pin = find_pin(app, path)
    content = pins.read(pin)
    keys = pins.parse(pin, content)
    real = os.path.realpath(pin)
    with changing(app.place) as change:
        settled = change.book.find(name).id if name else ""
        known = verdicts.rows(app.paths)
        row = pinning.select(keys, known, settled=settled)
        if settled and row.id != settled:
            message = f'the pin does not fit "{change.book.contexts[settled].name}"'
            raise AzenvError(message, hint="azenv allow")
        last = change.trust.last(real)
        before = last.context_id if last and last.verdict == ALLOW else ""
        change.trust.decide(real, Entry(ALLOW, content, row.id))
    _tell(change.book, pin, before, row.id)
    report(app, change.book.contexts[row.id])


@click.command("deny")
@click.argument("path", required=False, type=click.Path())
@click.pass_obj
def deny_command(app: App, path: str | None) -> None:
    """Refuse exactly this content: the directory is as if it had no pin."""
    pin = find_pin(app, path)
    content = pins.read(pin)
    with changing(app.place) as change:
        change.trust.decide(os.path.realpath(pin), Entry(DENY, content))
    say(f"denied: {printable(pin)}")


def find_pin(app: App, path: str | None) -> str:
    """Return the pin at `path` (the file or its directory), else the nearest one above here.

    Raises AzenvError where there is none.
    """
    if path is not None:
        found = os.path.join(path, PIN_NAME) if os.path.isdir(path) else path
        places = [os.path.abspath(found)]
    else:
        places = candidates(app.directory)
    for place in places:
        if os.path.lexists(place):
            return place
    where = printable(places[0]) if path is not None else "here or above"
    message = f"there is no pin {where}"
    raise AzenvError(message, hint="azenv pin NAME")


def _tell(book: Book, pin: str, before: str, after: str) -> None:
    context = book.contexts[after]
    target = context.target
    subscription = target.subscription.name if target.subscription else "no subscription"
    tenant = target.tenant.domain or target.tenant.id
    what = " · ".join(map(display, (subscription, tenant, target.account.username)))
    if before and before != after:
        old = book.contexts.get(before)
        say(f"before: {display(old.name) if old else 'a context that is gone'}")
    say(f"allowed: {printable(pin)} selects {display(context.name)}  {what}")
    if context.protected:
        say(f"it is protected: the directory stays blocked until azenv use {context.id}")
