"""Give a context another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from azenv.commands.parameters import CONTEXT, output_option, report, scope_option
from azenv.output import say

if TYPE_CHECKING:
    from azenv.app import App


@click.command("rename")
@click.argument("old", type=CONTEXT)
@click.argument("new")
@click.option("--force", is_flag=True, help="Replace a context that already has the new name.")
@scope_option
@output_option
@click.pass_obj
def rename_command(app: App, /, old: str, new: str, *, force: bool, scope: str | None) -> None:
    """Give the context OLD the name NEW; a change of case only works, too."""
    with app.changing(scope, app.book.find(old)) as change:
        before = change.book.find(old)
        after = change.book.rename(before, new, force=force)
    report(app, after)
    say(f'"{before.name}" is now "{after.name}"')
