"""Print a context's variables for a script to evaluate."""

from __future__ import annotations

import click

from azenv import dialects, integration
from azenv.activation.environment import changes_out, changes_to
from azenv.commands.choosing import ensure_agreed, find_row
from azenv.commands.parameters import CONTEXT
from azenv.commands.serving import prepare
from azenv.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.delta import Changes


@click.command("env")
@click.argument("name", type=CONTEXT, required=False)
@click.option("--undo", is_flag=True, help="Print the way back instead.")
@click.option("--shell", metavar="SHELL", help="bash, zsh, fish or powershell; else detected.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a protected context.")
@click.pass_obj
def env_command(app: App, name: str | None, *, undo: bool, shell: str | None, yes: bool) -> None:
    r"""Print the variables of the context NAME as a snippet: eval "$(azenv env NAME)".

    For scripts, Makefiles, .envrc and CI. `azenv env --undo` prints the way back.
    """
    if undo == (name is not None):
        message = "give a NAME, or --undo"
        raise UsageError(message)
    spoken = dialects.by_name(shell or integration.detect(app.environ))
    if name is None:
        changes = changes_out(app.environ)
    else:
        row = find_row(app, name)
        ensure_agreed(app, row, yes=yes)
        prepare(app, row[0])
        changes = changes_to(app.place, row[0])
    click.echo(render(spoken, changes), nl=False)


def render(spoken: dialects.Dialect, changes: Changes) -> str:
    """Return the statements of `changes`, one a line, sorted by name."""
    lines = []
    for name in sorted(changes):
        value = changes[name]
        lines.append(spoken.unset(name) if value is None else spoken.export(name, value))
    return "".join(f"{line}\n" for line in lines)
