"""Give this directory its context, and take it away again."""

from __future__ import annotations

import os

import click

from azenv.activation.change import changing
from azenv.commands.parameters import CONTEXT, output_option, report
from azenv.core.errors import AzenvError
from azenv.core.names import printable
from azenv.output import say
from azenv.store import pins
from azenv.store.trust import ALLOW, Entry
from azenv.watch import PIN_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context


@click.command("pin")
@click.argument("name", type=CONTEXT)
@click.option("--portable", is_flag=True, help="Write ids that a team can commit, no name.")
@click.option("--directory", type=click.Path(file_okay=False), help="Where, if not here.")
@output_option
@click.pass_obj
def pin_command(app: App, name: str, *, portable: bool, directory: str | None) -> None:
    """Write .azenv.toml here, so that this directory tree uses the context NAME; trust it."""
    path = _place(app, directory)
    old = pins.read(path) if os.path.lexists(path) else ""
    with changing(app.place) as change:
        context = change.book.find(name)
        keys = portable_keys(context) if portable else {"context": context.name}
        text = pins.render(keys, old)
        pins.write(path, text)
        change.trust.decide(os.path.realpath(path), Entry(ALLOW, text, context.id))
    report(app, context)
    say(f'pinned to "{context.name}": {printable(path)}')
    if context.protected:
        say("it is protected: this directory will ask for azenv use, and stay blocked till then")


def portable_keys(context: Context) -> dict[str, str]:
    """Return the keys that mean `context` on a colleague's machine, too."""
    target = context.target
    keys = {"tenant": target.tenant.id}
    if target.subscription:
        keys = {"subscription": target.subscription.id} | keys
    return keys


@click.command("unpin")
@click.option("--directory", type=click.Path(file_okay=False), help="Where, if not here.")
@click.pass_obj
def unpin_command(app: App, *, directory: str | None) -> None:
    """Remove this directory's .azenv.toml, and what was decided about it."""
    path = _place(app, directory)
    if not os.path.lexists(path):
        message = f"there is no pin here: {printable(path)}"
        raise AzenvError(message, hint="azenv why")
    real = os.path.realpath(path)
    with changing(app.place) as change:
        os.unlink(path)
        change.trust.forget(real)
    say(f"unpinned: {printable(path)}")


def _place(app: App, directory: str | None) -> str:
    """Return the pin's path in `directory`, or in the logical working directory."""
    here = os.path.abspath(directory) if directory else app.directory
    return os.path.join(here, PIN_NAME)
