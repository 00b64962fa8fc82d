"""Read contexts from az, Azure PowerShell or a file; write them to one."""

from __future__ import annotations

import os

import click

from azenv import output
from azenv.activation import importing
from azenv.activation.change import changing
from azenv.app import App
from azenv.commands.parameters import CONTEXT, output_option
from azenv.core import merge, view
from azenv.core.errors import AzenvError
from azenv.output import say
from azenv.store.contexts import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.importing import Incoming
    from azenv.core.merge import Outcome


@click.command("import")
@click.argument("source", metavar="az|powershell|FILE|-")
@click.option(
    "--on-conflict",
    type=click.Choice(merge.POLICIES),
    default=merge.SKIP,
    show_default=True,
    help="For a name that another identity's context has.",
)
@click.option("--with-clouds", is_flag=True, help="Also contexts of clouds unknown here.")
@click.option("--dry-run", is_flag=True, help="Say what it would do; change nothing.")
@output_option
@click.pass_obj
def import_command(
    app: App, source: str, *, on_conflict: str, with_clouds: bool, dry_run: bool
) -> None:
    """Read contexts from az's profile, from Azure PowerShell, or from FILE (- is stdin)."""
    incoming = importing.read(app.place, source)
    if not with_clouds:
        incoming = importing.without_strange_clouds(app.place, incoming)
    if dry_run:
        outcome = merge.merge(app.book.copy(), incoming.contexts, new_id, policy=on_conflict)
    else:
        with changing(app.place) as change:
            outcome = merge.merge(change.book, incoming.contexts, new_id, policy=on_conflict)
    write(app, outcome)
    tell(incoming, outcome, "would be " if dry_run else "")


def write(app: App, outcome: Outcome) -> None:
    """Print what came in, by what became of it."""
    groups = (
        ("added", outcome.added),
        ("updated", outcome.updated),
        ("unchanged", outcome.unchanged),
        ("replaced", outcome.replaced),
    )
    if app.output == "json":
        data: dict[str, object] = {
            word: [view.context_object(context) for context in contexts]
            for word, contexts in groups
        }
        output.write_json("import", data | {"skipped": outcome.skipped})
    elif app.output == "tsv":
        for word, contexts in groups:
            output.write_tsv((word, *view.context_row(context)) for context in contexts)
        output.write_tsv(("skipped", name) for name in outcome.skipped)


def tell(incoming: Incoming, outcome: Outcome, would: str) -> None:
    """Say on stderr what was done, and what was not."""
    counts = (
        f"{len(outcome.added)} {would}added",
        f"{len(outcome.updated)} {would}updated",
        f"{len(outcome.unchanged)} as before",
        f"{len(outcome.skipped)} skipped",
    )
    say(f"{', '.join(counts)}  ({incoming.path})")
    for context in outcome.replaced:
        say(f'"{context.name}" {would or "was "}replaced')
    for name in outcome.skipped:
        say(f'skipped "{name}": another context has that name; hint: --on-conflict rename')
    for cloud, number in incoming.skipped_clouds.items():
        say(f'skipped {number} of the cloud "{cloud}", unknown here; hint: --with-clouds')
    if incoming.had_secrets:
        say("the file also holds tokens or secrets; azenv left them there")
