"""Remove every context; az's sign-in stays."""

from __future__ import annotations

import click

from azenv.activation import forgetting, scoping
from azenv.commands.parameters import counted, output_option, scope_option
from azenv.core.errors import AzenvError
from azenv.output import say, write_json
from azenv.store.vault import user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.book import Book


@click.command("clear")
@click.option("--force", "-y", "--yes", "yes", is_flag=True, help="Do not ask.")
@scope_option
@output_option
@click.pass_obj
def clear_command(app: App, /, *, yes: bool, scope: str | None) -> None:
    """Remove every context, and what azenv knows and keeps beside them. az stays signed in."""
    if _holds_something(app.book):
        question = f"remove every context ({len(app.book.contexts)})"
        if not app.confirm(question, yes=yes, flag="--yes"):
            message = "nothing was changed"
            raise AzenvError(message)
    with app.changing(scope) as change:
        number = len(change.book.contexts)
        holders = list(change.book.credentials)
        if change.scope == scoping.USER:
            forgetting.bury(app.place, holders)
            user_vault(app.paths).erase()
        elif session := scoping.session_of(app.place):
            forgetting.purge(app.place, session, holders)
        change.book.clear()
    if app.output == "json":
        write_json("clear", {"removed": number})
    say(f"{counted(number, 'context')} removed; az itself stays signed in")


def _holds_something(book: Book) -> bool:
    return bool(book.contexts or book.known)
