"""Select a context for this shell, or as the default."""

from __future__ import annotations

import click

from azenv.commands.choosing import choose
from azenv.commands.parameters import CONTEXT, output_option, scope_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App


@click.command("use")
@click.argument("name", type=CONTEXT, required=False, metavar="[NAME|-]")
@click.option("--follow", is_flag=True, help="Drop the choice: follow the directory again.")
@click.option("--none", "none", is_flag=True, help="Block: nothing may be reached.")
@click.option("--for", "span", metavar="TIME", help="Block when this time is over (30m, 8h, 90s).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a protected context.")
@scope_option
@output_option
@click.pass_obj
def use_command(
    app: App,
    name: str | None,
    *,
    follow: bool,
    none: bool,
    span: str | None,
    yes: bool,
    scope: str | None,
) -> None:
    """Select the context NAME; `-` is the one before. Without a NAME, pick one from a list."""
    choose(app, name, follow=follow, none=none, span=span, yes=yes, scope=scope)
