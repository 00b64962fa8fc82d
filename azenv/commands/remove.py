"""Remove contexts; az's sign-in stays."""

from __future__ import annotations

import click

from azenv.activation import defaults, inforce
from azenv.activation.change import changing
from azenv.commands.parameters import CONTEXT, output_option, report
from azenv.core.errors import AzenvError
from azenv.core.resolve import Source
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.book import Book
    from azenv.core.model import Context
    from azenv.core.resolve import Resolution


@click.command("remove")
@click.argument("words", metavar="NAME...", type=CONTEXT, nargs=-1, required=True)
@click.option("--force", "-y", "--yes", "yes", is_flag=True, help="Do not ask.")
@output_option
@click.pass_obj
def remove_command(app: App, words: tuple[str, ...], *, yes: bool) -> None:
    """Remove contexts; asks before the default or the active one. az stays signed in."""
    gone = {context.id: context for context in map(app.book.find, words)}
    found = inforce.resolution(app.place, app.book)
    for question in _questions(found, gone):
        if not app.confirm(question, yes=yes, flag="--force"):
            message = "nothing was changed"
            raise AzenvError(message)
    default = _default(found)
    with changing(app.place) as change:
        for context_id in gone:
            if context_id in change.book.contexts:
                default = _remove(app, change.book, change.book.contexts[context_id], default)
    for context in gone.values():
        report(app, context)
        say(f'removed "{context.name}"')
    if found.link.source == Source.CHOICE and found.link.context_id in gone:
        say("this shell is blocked now")
        say("hint: azenv use NAME, or azenv use --follow")
    say("az itself stays signed in; nobody was signed out")


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
