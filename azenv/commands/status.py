"""Show what azenv knows and does here, in one look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from azenv import output
from azenv.activation import inforce
from azenv.commands.parameters import output_option
from azenv.commands.why import answer
from azenv.core import delta
from azenv.core.variables import LAYOUT
from azenv.store.vault import user_vault

if TYPE_CHECKING:
    from azenv.app import App


@click.command("status")
@output_option
@click.pass_obj
def status_command(app: App) -> None:
    """Show the context in force and its source, this shell's integration, and where files lie."""
    found = inforce.resolution(app.place, app.book)
    undo = app.environ.get(delta.UNDO, "")
    fields = {
        "context": answer(app.book, found.link),
        "source": found.link.source.word,
        "where": found.link.detail or "-",
        "in this shell": app.environ.get("AZENV_CONTEXT")
        or app.environ.get("AZENV_BLOCKED")
        or "-",
        "integration": _integration(app, undo),
        "contexts": str(len(app.book.contexts)),
        "tokens": user_vault(app.paths).where(),
        "store": app.paths.store,
        "state": app.paths.state,
        "runtime": app.place.existing_root or "not made yet",
        "az's directory": app.paths.base,
    }
    if app.output == "json":
        output.write_json(
            "status", {k.replace(" ", "_").replace("'", ""): v for k, v in fields.items()}
        )
    elif app.output == "tsv":
        output.write_tsv(fields.items())
    else:
        output.write_fields(fields)


def _integration(app: App, undo: str) -> str:
    if undo and undo.split(delta.US, 1)[0] != LAYOUT:
        return "of another version: start a new shell"
    return (
        "loaded" if app.environ.get("__AZENV_MAIL") else "not loaded (azenv init SHELL --install)"
    )
