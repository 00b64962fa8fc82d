"""Sign out: every credential, token, context, overlay and trusted pin of an account."""

from __future__ import annotations

import click

from azenv import output
from azenv.activation import defaults, departing, forgetting, freshness, inforce, scoping
from azenv.activation.change import changing
from azenv.commands import basesignout, serving
from azenv.commands.parameters import CONTEXT, counted, output_option, scope_option
from azenv.core.errors import AzenvError, NotFoundError, UsageError
from azenv.core.names import nearest
from azenv.core.resolve import Source
from azenv.output import say
from azenv.store import session_accounts
from azenv.store.keys import KeyMissingError
from azenv.store.vault import user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from azenv.app import App
    from azenv.core.book import Book, Holder
    from azenv.core.model import Context


@click.command("logout")
@click.argument("principal", default="", metavar="[PRINCIPAL]")
@click.option("--context", "name", type=CONTEXT, default="", help="The account of this context.")
@click.option("--all", "everyone", is_flag=True, help="Everybody.")
@click.option("--az", "with_az", is_flag=True, help="Sign out of az itself, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@scope_option
@output_option
@click.pass_obj
def logout_command(
    app: App,
    /,
    *,
    principal: str,
    name: str,
    everyone: bool,
    with_az: bool,
    dry_run: bool,
    scope: str | None,
) -> None:
    """Sign PRINCIPAL out, or the account of the context in force.

    Its contexts, tokens, secrets, az's directories of its contexts and trust in its pins go, in
    every session, or with --scope process in this one alone. It is local: tokens that running
    processes hold stay good until they end.
    """
    if sum(map(bool, (principal, name, everyone))) > 1:
        raise UsageError("give one of PRINCIPAL, --context and --all")
    if not dry_run:
        for line in freshness.catch_up(app.place):
            say(line)
        app.reread()
    holders = _chosen(app, principal, name, everyone=everyone)
    names = {holder: forgetting.name_of(app.book, holder) for holder in holders}
    gone = [c for c in app.book.contexts.values() if c.target.identity[:2] in names]
    if dry_run:
        _tell(app, names.values(), gone, "would be ")
    else:
        was = inforce.resolution(app.place, app.book).link
        if scope != scoping.USER:
            _sign_out_here(app, holders, is_only_here=scope == scoping.PROCESS)
        if scope != scoping.PROCESS:
            _sign_out_stored(app, holders)
            _drop_other_sessions(app, holders)
        serving.drop_assertions(app)
        _tell(app, names.values(), gone, "")
        if was.source == Source.CHOICE and was.context_id in {context.id for context in gone}:
            say("this shell is blocked now")
            say("hint: azenv use NAME, or azenv use --follow")
    users = [*names.values()] or ([principal] if principal else [])
    if scope != scoping.PROCESS:
        basesignout.settle(app, users, with_az=with_az, dry_run=dry_run)
    if not dry_run:
        say("the sign-out is local: processes that run keep the tokens that they hold")


def _chosen(app: App, principal: str, name: str, *, everyone: bool) -> list[Holder]:
    """Return whom to sign out. Raises NotFoundError with the nearest names, AzenvError."""
    known = _known(app.book)
    if everyone:
        return list(known)
    if name:
        return [app.book.find(name).target.identity[:2]]
    if not principal:
        return [inforce.ensure_context(app.place, app.book).target.identity[:2]]
    folded = principal.casefold()
    found = [holder for holder, called in known.items() if called.casefold() == folded]
    if not found and folded not in basesignout.users(app.paths.base):
        close = nearest(principal, {*known.values()})
        raise NotFoundError(
            f'nobody called "{principal}" is signed in',
            hint=f"did you mean {' or '.join(close)}?" if close else "azenv list",
            nearest=close,
        )
    return found


def _known(book: Book) -> dict[Holder, str]:
    """Return every account, and what it is called."""
    found = {target.identity[:2]: target.account.username for target in book.targets()}
    return {holder: holder[1] for holder in book.credentials} | found


def _sign_out_here(app: App, holders: Collection[Holder], *, is_only_here: bool) -> None:
    """Sign out in this session: its store, and with `is_only_here` what it sees of others."""
    if not is_only_here and scoping.session_of(app.place) is None:
        return
    with app.changing(scoping.PROCESS) as change:
        for holder in holders:
            gone = change.book.of_account(holder)
            change.book.remove_all(
                [c for c in gone if is_only_here or scoping.is_session_born(c.id)]
            )
            change.book.sign_out(holder) if is_only_here else change.book.credentials.pop(
                holder, None
            )
    if session := scoping.session_of(app.place):
        forgetting.purge(app.place, session, holders)
    app.reread()


def _sign_out_stored(app: App, holders: Collection[Holder]) -> None:
    """Sign out of what is stored: the tombstone first, then tokens, then contexts."""
    vault = user_vault(app.paths)
    standard = _default(app)
    with changing(app.place) as change:
        forgetting.bury(app.place, holders)
        try:
            forgetting.purge(app.place, vault, holders)
        except KeyMissingError as error:
            if not set(change.book.credentials) <= set(holders):
                raise
            say(f"warning: {error.message}; what it sealed is destroyed unopened")
            vault.erase()
        change.book.default = standard if standard in change.book.contexts else ""
        ids = {context.id for holder in holders for context in change.book.sign_out(holder)}
        for path in forgetting.forget_trust(change.trust, ids):
            say(f"no longer trusted: {path}")
        heir = change.book.contexts.get(change.book.default) if standard in ids else None
        if heir:
            defaults.set_default(app.paths.base, change.book, heir)
            say(f'the default is now "{heir.name}"')
    vault.erase_if_empty()
    app.reread()


def _default(app: App) -> str:
    try:
        return inforce.default(app.place, app.book).context_id
    except AzenvError:
        return ""  # az's own broken file keeps nobody signed in


def _drop_other_sessions(app: App, holders: Collection[Holder]) -> None:
    """Remove the stores of other sessions that hold one of the accounts: they go unopened."""
    root = app.place.existing_root
    if root is None:
        return
    own = app.environ.get(scoping.SESSION, "").partition(".")[0]
    found = {sid for holder in holders for sid in session_accounts.holding(root, holder)} - {own}
    for sid in found:
        departing.drop_store(root, sid)
    if found:
        say(f"{counted(len(found), 'other session')} kept it, too, and lost all they kept")


def _tell(app: App, users: Collection[str], gone: list[Context], would: str) -> None:
    if app.output == "json":
        ids = [{"id": context.id, "name": context.name} for context in gone]
        output.write_json("logout", {"accounts": list(users), "contexts": ids})
    elif app.output == "tsv":
        output.write_tsv([("account", user) for user in users])
        output.write_tsv([("context", context.name) for context in gone])
    for user in users:
        say(f"{would}signed out: {user}")
    if gone:
        shown = ", ".join(f'"{context.name}"' for context in gone[:5])
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""  # noqa: PLR2004  shown
        say(f"{counted(len(gone), 'context')} {would}removed: {shown}{more}")
