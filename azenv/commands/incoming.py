"""Read contexts from az, Azure PowerShell or a file."""

from __future__ import annotations

import os
from functools import partial

import click

from azenv import output
from azenv.activation import importing
from azenv.activation.merging import bring_in
from azenv.commands import secrets
from azenv.commands.parameters import counted, descriptor_option, output_option, scope_option
from azenv.core import merge, view
from azenv.core.errors import UsageError
from azenv.output import say
from azenv.store.contexts import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.importing import Incoming
    from azenv.app import App, Change
    from azenv.core.merge import Outcome
    from azenv.store.bundle import Bundle
    from azenv.store.vault import Vault


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
@descriptor_option
@scope_option
@output_option
@click.pass_obj
def import_command(
    app: App,
    source: str,
    *,
    on_conflict: str,
    with_clouds: bool,
    dry_run: bool,
    passphrase_fd: int | None,
    scope: str | None,
) -> None:
    """Read contexts from az's profile, from Azure PowerShell, or from FILE (- is stdin).

    What was saved with credentials signs its accounts in here, too, once the passphrase is given.
    """
    if source == importing.STDIN and passphrase_fd == 0:
        raise UsageError("stdin can be read once", hint="--passphrase-fd 3 3<FILE")
    incoming = importing.read(app.place, source, partial(secrets.passphrase, app, passphrase_fd))
    if not with_clouds:
        importing.leave_strange_clouds(app.place, incoming)
    signed_in: list[str] = []
    if dry_run:
        outcome = merge.merge(app.book.copy(), incoming.contexts, new_id, policy=on_conflict)
    else:
        outcome, signed_in = take(app, incoming, on_conflict, scope)
    write(app, outcome, signed_in)
    tell(incoming, outcome, "would be " if dry_run else "")


def take(
    app: App, incoming: Incoming, policy: str, scope: str | None
) -> tuple[merge.Outcome, list[str]]:
    """Merge what was read into the store of a scope; a first default comes along.

    Returns what became of the contexts, and the accounts that a bundle has signed in.
    """
    replace = policy == merge.REPLACE
    signed_in: list[str] = []
    # a session is made, and its shell told, before anything is read under its lock
    vault = app.vault(scope) if incoming.bundle else None
    with app.changing(scope) as change:
        for line in importing.take_clouds(app.place, change, incoming, replace=replace):
            say(line)
        outcome = bring_in(change, incoming.contexts, policy=policy)
        if incoming.bundle and vault:
            signed_in = _sign_in(app, change, vault, incoming.bundle, replace=replace)
        if first := importing.first_default(app.place, change, incoming):
            say(f'"{first.name}" is the default now: there was none')
    app.reread()
    if vault and (notice := vault.notice()):
        say(notice)
    return outcome, signed_in


def _sign_in(app: App, change: Change, vault: Vault, bundle: Bundle, *, replace: bool) -> list[str]:
    """Take the credentials of a bundle, say what became of each, and return who is signed in."""
    from azenv.activation import carrying, forgetting
    from azenv.activation.change import mark_stale

    taken, left = carrying.unpack(app.place, change, vault, bundle, replace=replace)
    for holder in taken:
        say(f"{forgetting.name_of(change.book, holder)} is signed in here, too")
        credential = bundle.credentials[holder]
        if credential.certificate and not os.path.exists(credential.certificate):
            say(
                f"hint: its certificate is to be at {credential.certificate}; it did not come along"
            )
    for holder in left:
        who = forgetting.name_of(change.book, holder)
        say(f"{who} was signed in here already, and stays so (--on-conflict replace changes that)")
    mark_stale(app.place, [c.id for holder in taken for c in change.book.of_account(holder)])
    return [forgetting.name_of(change.book, holder) for holder in taken]


def write(app: App, outcome: Outcome, signed_in: list[str]) -> None:
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
        output.write_json("import", data | {"skipped": outcome.skipped, "signed_in": signed_in})
    elif app.output == "tsv":
        for word, contexts in groups:
            output.write_tsv((word, *view.context_row(context)) for context in contexts)
        output.write_tsv(("skipped", name) for name in outcome.skipped)
        output.write_tsv(("signed_in", name) for name in signed_in)


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
        say(f'skipped "{name}": it names no account, no tenant, or what is no id')
    for cloud, number in incoming.strange.items():
        say(f'skipped {number} of the cloud "{cloud}", unknown here (--with-clouds takes it)')
    if would and incoming.bundle:
        number = len(incoming.bundle.credentials)
        say(f"the file also holds what signs {counted(number, 'account')} in")
    if incoming.had_secrets:
        say("the file also holds tokens or secrets; azenv left them there")
