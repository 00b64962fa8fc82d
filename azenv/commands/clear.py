"""Remove every context; az's sign-in stays."""

from __future__ import annotations

import click

from azenv.activation.change import changing
from azenv.commands.parameters import counted, output_option
from azenv.core.errors import AzenvError
from azenv.output import say, write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.book import Book


@click.command("clear")
@click.option("--force", "-y", "--yes", "yes", is_flag=True, help="Do not ask.")
@output_option
@click.pass_obj
def clear_command(app: App, *, yes: bool) -> None:
    """Remove every context, and what azenv knows beside them. az stays signed in."""
    if _holds_something(app.book):
        question = f"remove every context ({len(app.book.contexts)})"
        if not app.confirm(question, yes=yes, flag="--yes"):
            message = "nothing was changed"
            raise AzenvError(message)
    with changing(app.place) as change:
        number = len(change.book.contexts)
        change.book.clear()
    if app.output == "json":
        write_json("clear", {"removed": number})
    say(f"{counted(number, 'context')} removed; az itself stays signed in")


def _holds_something(book: Book) -> bool:
    return bool(book.contexts or book.known)
