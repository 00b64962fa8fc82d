"""Read contexts from az, Azure PowerShell or a file; write them to one."""

from __future__ import annotations

import os

import click

from azenv import output
from azenv.activation import importing, inforce
from azenv.activation.change import changing
from azenv.commands.parameters import CONTEXT, counted, output_option
from azenv.core import merge, view
from azenv.core.errors import AzenvError
from azenv.output import say
from azenv.store.contexts import new_id
from azenv.store.files import create_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.importing import Incoming
    from azenv.app import App
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
        importing.leave_strange_clouds(app.place, incoming)
    if dry_run:
        outcome = merge.merge(app.book.copy(), incoming.contexts, new_id, policy=on_conflict)
    else:
        outcome = bring_in(app, incoming, on_conflict)
    write(app, outcome)
    tell(incoming, outcome, "would be " if dry_run else "")


def bring_in(app: App, incoming: Incoming, policy: str) -> merge.Outcome:
    """Merge what was read into the store; a first default comes along."""
    with changing(app.place) as change:
        for line in importing.take_clouds(app.place, incoming, replace=policy == merge.REPLACE):
            say(line)
        outcome = merge.merge(change.book, incoming.contexts, new_id, policy=policy)
        if first := importing.first_default(app.place, change.book, incoming):
            say(f'"{first.name}" is the default now: there was none')
    return outcome


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
        say(f'skipped "{name}": another context has that name (--on-conflict rename adds it)')
    for name in incoming.unusable:
        say(f'skipped "{name}": it names no account or no tenant')
    for cloud, number in incoming.strange.items():
        say(f'skipped {number} of the cloud "{cloud}", unknown here (--with-clouds takes it)')
    if incoming.had_secrets:
        say("the file also holds tokens or secrets; azenv left them there")


@click.command("save")
@click.argument("file", type=click.Path())
@click.argument("words", metavar="[NAME]...", type=CONTEXT, nargs=-1)
@click.option("--force", is_flag=True, help="Write over an existing file.")
@click.option("--with-clouds", is_flag=True, help="Also write the clouds of your own.")
@click.pass_obj
def save_command(
    app: App, file: str, words: tuple[str, ...], *, force: bool, with_clouds: bool
) -> None:
    """Write contexts (all, or those named) to FILE, for Import-AzContext. No secrets."""
    from azenv.interop import azpowershell

    book = app.book
    chosen = list(
        {c.id: c for c in map(book.find, words)}.values() if words else book.contexts.values()
    )
    if not chosen:
        raise AzenvError("there is no context to save", hint="azenv import az")
    default = inforce.default(app.place, book).context_id
    data = azpowershell.dump(
        [(context.name, context.target, context.group) for context in chosen],
        next((context.name for context in chosen if context.id == default), ""),
        importing.own_clouds(app.place, {c.target.cloud for c in chosen}) if with_clouds else {},
    )
    path = os.path.abspath(file)
    if force:
        write_private(path, data)
    else:
        create_private(path, data)
    say(f"{counted(len(chosen), 'context')} written to {file}, without credentials")
