"""Write contexts to a file: plain for Azure PowerShell, or sealed with what signs them in."""

from __future__ import annotations

import os
import sys

import click

from azenv.activation import importing, inforce
from azenv.commands import secrets
from azenv.commands.parameters import CONTEXT, counted, descriptor_option
from azenv.core.errors import AzenvError, UsageError
from azenv.output import say
from azenv.store.files import create_private, ensure_absent, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context
    from azenv.store.clouds import Clouds

STDOUT = "-"


@click.command("save")
@click.argument("file", type=click.Path())
@click.argument("words", metavar="[NAME]...", type=CONTEXT, nargs=-1)
@click.option("--force", is_flag=True, help="Write over an existing file.")
@click.option("--with-clouds", is_flag=True, help="Also write the clouds of your own.")
@click.option(
    "--with-credentials", is_flag=True, help="Also what signs in, encrypted by a passphrase."
)
@descriptor_option
@click.pass_obj
def save_command(
    app: App,
    file: str,
    words: tuple[str, ...],
    *,
    force: bool,
    with_clouds: bool,
    with_credentials: bool,
    passphrase_fd: int | None,
) -> None:
    """Write contexts (all, or those named) to FILE (- is stdout), for Import-AzContext. No secrets.

    With credentials it is a file for another azenv, and opens by its passphrase only.
    """
    if with_credentials and force:
        raise UsageError(
            "what holds credentials is never written over a file", hint="leave --force out"
        )
    chosen = _chosen(app, words)
    clouds = importing.own_clouds(app.place, {c.target.cloud for c in chosen})
    own = clouds if with_clouds else {}
    if with_credentials:
        _save_bundle(app, file, chosen, own, passphrase_fd)
        return
    from azenv.interop import azpowershell

    rows = [(context.name, context.target, context.group) for context in chosen]
    data = azpowershell.dump(rows, _default_name(app, chosen), own)
    if file == STDOUT:
        sys.stdout.buffer.write(data + b"\n")
    elif force:
        write_private(os.path.abspath(file), data)
    else:
        create_private(os.path.abspath(file), data)
    say(f"{counted(len(chosen), 'context')} written to {_called(file)}, without credentials")


def _called(file: str) -> str:
    return "stdout" if file == STDOUT else file


def _chosen(app: App, words: tuple[str, ...]) -> list[Context]:
    """Return the contexts that were named, each once, or all. Raises AzenvError for none."""
    book = app.book
    named = {c.id: c for c in map(book.find, words)}
    chosen = list(named.values() if words else book.contexts.values())
    if not chosen:
        raise AzenvError("there is no context to save", hint="azenv import az")
    return chosen


def _default_name(app: App, chosen: list[Context]) -> str:
    default = inforce.default(app.place, app.book).context_id
    return next((context.name for context in chosen if context.id == default), "")


def _save_bundle(
    app: App, file: str, chosen: list[Context], own: Clouds, descriptor: int | None
) -> None:
    """Write a new bundle. Raises AzenvError where azenv has no credential of any of these."""
    from azenv.activation import carrying
    from azenv.store import bundle

    packed, without = carrying.pack(app.place, chosen)
    if not packed.credentials:
        raise AzenvError(
            f"azenv itself has not signed {', '.join(without)} in, so there are no credentials",
            hint="azenv login, or leave --with-credentials out",
        )
    path, hint = os.path.abspath(file), "choose another name"
    if file != STDOUT:
        ensure_absent(path, hint=hint)  # before anybody types a passphrase
    elif sys.stdout.isatty():
        raise UsageError("what is sealed is nothing to read", hint="azenv save - … | COMMAND")
    packed.default, packed.clouds = _default_name(app, chosen), own
    data = bundle.seal(packed, secrets.new_passphrase(app, descriptor))
    if file == STDOUT:
        sys.stdout.buffer.write(data)
    else:
        create_private(path, data, hint=hint)
    signed_in = counted(len(packed.credentials), "account")
    written = f"{counted(len(chosen), 'context')} written to {_called(file)}"
    say(f"{written}, with what signs {signed_in} in")
    for name in without:
        say(f"without credentials for {name}: azenv itself has not signed it in")
    for credential in packed.credentials.values():
        if credential.certificate:
            say(f"hint: the certificate stays in its file; copy it, too: {credential.certificate}")
