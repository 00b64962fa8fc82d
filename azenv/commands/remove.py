"""Remove contexts; az's sign-in stays."""

from __future__ import annotations

import click

from azenv.activation import defaults, forgetting, inforce, scoping
from azenv.commands.parameters import CONTEXT, output_option, report, scope_option
from azenv.core.errors import AzenvError
from azenv.core.resolve import Source
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App, Change
    from azenv.core.book import Book
    from azenv.core.model import Context
    from azenv.core.resolve import Resolution


@click.command("remove")
@click.argument("words", metavar="NAME...", type=CONTEXT, nargs=-1, required=True)
@click.option("--force", "-y", "--yes", "yes", is_flag=True, help="Do not ask.")
@scope_option
@output_option
@click.pass_obj
def remove_command(app: App, /, words: tuple[str, ...], *, yes: bool, scope: str | None) -> None:
    """Remove contexts; asks before the default or the active one. az stays signed in."""
    gone = {context.id: context for context in map(app.book.find, words)}
    found = inforce.resolution(app.place, app.book)
    for question in _questions(found, gone):
        if not app.confirm(question, yes=yes, flag="--force"):
            message = "nothing was changed"
            raise AzenvError(message)
    with app.changing(scope, *gone.values()) as change:
        _remove_all(app, change, gone, _default(found))
    for context in gone.values():
        report(app, context)
        say(f'removed "{context.name}"')
    if found.link.source == Source.CHOICE and found.link.context_id in gone:
        say("this shell is blocked now")
        say("hint: azenv use NAME, or azenv use --follow")
    say("az itself stays signed in")


def _remove_all(app: App, change: Change, gone: dict[str, Context], default: str) -> None:
    """Remove contexts, and the credential of an account that has none left.

    A pin that means one of them says from now on that its context is gone.
    """
    known = [change.book.contexts[i] for i in gone if i in change.book.contexts]
    for context in known:
        if change.scope == scoping.USER:
            default = _remove(app, change.book, context, default)
        else:
            change.book.remove(context)
    if change.scope != scoping.USER:
        known = [context for context in known if scoping.is_session_born(context.id)]
    for holder in {context.target.identity[:2] for context in known}:
        if forgetting.drop_unused(app.place, change, holder):
            say(f"{forgetting.name_of(app.book, holder)} is signed out: no context is left")


def _default(found: Resolution) -> str:
    return next((one.context_id for one in found.chain if one.source == Source.DEFAULT), "")


def _questions(found: Resolution, gone: dict[str, Context]) -> list[str]:
    """Return what to ask: each context that is more than one of many."""
    asked = []
    if found.link.context_id in gone and found.link.source != Source.DEFAULT:
        asked.append(f'remove "{gone[found.link.context_id].name}", which is in force here')
    if (default := _default(found)) in gone:
        asked.append(f'remove "{gone[default].name}", the default')
    return asked


def _remove(app: App, book: Book, context: Context, default: str) -> str:
    """Remove one context and return the default then: the next one follows, in az too."""
    if default != context.id:
        book.remove(context)
        return default
    book.default = context.id  # also where only az says so
    heir = book.remove(context)
    if heir is None:
        say("no default is left")
        return ""
    defaults.set_default(app.paths.base, book, heir)
    say(f'the default is now "{heir.name}"')
    return heir.id
