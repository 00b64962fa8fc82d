"""Whether what a session makes outlives it."""

from __future__ import annotations

import click

from azenv import output
from azenv.activation import departing, forgetting, inforce, scoping
from azenv.activation.change import changing
from azenv.commands.parameters import counted, output_option, scope_option
from azenv.core import delta
from azenv.core.errors import UsageError
from azenv.output import say
from azenv.store import leaving, liveness, settings
from azenv.store.files import ensure_private_directory, locked
from azenv.store.session import MAIL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context

SAVING = {True: "on", False: "off"}


@click.group("autosave")
def autosave_command() -> None:
    """Keep contexts and tokens beyond the session, or do not."""


@autosave_command.command("status")
@output_option
@click.pass_obj
def status_command(app: App, /) -> None:
    """Say whether autosave is on, for the user and for this session."""
    stored = settings.load(app.paths.settings).autosave
    here = scoping.scope_of(app.place, None) == scoping.USER
    names = [
        app.book.contexts[one.context_id].name
        for one in leaving.load(app.paths.store)
        if one.context_id in app.book.contexts
    ]
    if app.output == "json":
        output.write_json("autosave", {"user": stored, "session": here, "leaving": names})
    elif app.output == "tsv":
        output.write_tsv([("user", SAVING[stored]), ("session", SAVING[here])])
    else:
        output.write_fields({"user": SAVING[stored], "this session": SAVING[here]})
    for name in names:
        say(f'"{name}" is removed when its last session ends')


@autosave_command.command("enable")
@scope_option
@click.pass_obj
def enable_command(app: App, /, *, scope: str | None) -> None:
    """Keep what is made from now on, and what this session has kept to itself."""
    if scope != scoping.PROCESS:
        _write_setting(app, autosave=True)
    if pid := _pid(app):
        _stay(app, pid)
    _merge(app, scope)
    where = "in this session" if scope == scoping.PROCESS else "in this and future sessions"
    say(f"autosave is on {where}")


def _merge(app: App, scope: str | None) -> None:
    """Save what this session kept to itself; its shell goes on with the stored contexts."""
    session = scoping.session_of(app.place)
    if session is None:
        return
    from azenv.activation import saving
    from azenv.activation.session_change import write_records
    from azenv.store import contexts

    saved = saving.save(app.place, session)
    with session.change() as state:
        state.mode = scoping.USER if scope == scoping.PROCESS else ""
        write_records(app.place, session.directory, contexts.load(app.paths.store), state)
    app.reread()
    for line in saved.lines:
        say(line)
    if saved.ids:
        say(f"{counted(len(saved.ids), 'context')} of this session saved")
    chosen = app.environ.get(delta.CHOICE, "")
    if app.environ.get(MAIL):
        app.mailbox.session = session.value
        if (stored := saved.ids.get(chosen, chosen)) != chosen:
            from azenv.commands.choosing import send_choice

            app.place.use_root(app.mailbox.root)
            send_choice(app, stored)


@autosave_command.command("disable")
@click.option("--keep", is_flag=True, help="Leave what is stored of the context in force.")
@click.option("--purge", is_flag=True, help="Remove it now, not at the session's end.")
@scope_option
@click.pass_obj
def disable_command(app: App, /, *, keep: bool, purge: bool, scope: str | None) -> None:
    """Let what is made from now on end with its session; what is signed in stays so here.

    What is stored of the context in force is removed when this session ends: its record, az's
    directory, its pins' trust, and the credential if no other context uses it. With --scope
    process nothing stored is removed.
    """
    if keep and purge:
        raise UsageError("give one of --keep and --purge")
    if scope == scoping.PROCESS and (keep or purge):
        raise UsageError("--scope process removes nothing stored")
    if scope == scoping.PROCESS or app.environ.get(MAIL) or app.environ.get(scoping.SESSION):
        session = app.ensure_session()
        with session.change() as state:
            state.mode = scoping.PROCESS
    if scope == scoping.PROCESS:
        say("autosave is off in this session; nothing stored is removed")
        return
    _write_setting(app, autosave=False)
    say("autosave is off: what a session makes from now on ends with it")
    if not keep:
        _leave(app, now=purge)


def _leave(app: App, *, now: bool) -> None:
    """Remove what is stored of the context in force, now or at the session's end."""
    context = _in_force(app)
    if context is None:
        return
    if now:
        with changing(app.place) as change:
            left = forgetting.remove(app.place, change, [context])
        say(f'"{context.name}" is removed')
        if left:
            say(f"{context.target.account.username} is signed out: no other context uses it")
    elif pid := _pid(app):
        with locked(app.paths.lock):
            entries = leaving.load(app.paths.store)
            entry = leaving.Entry(context.id, pid, liveness.identity(pid))
            leaving.save(app.paths.store, [*entries, entry])
        say(f'"{context.name}" is removed when this session ends')
        say("hint: azenv autosave disable --keep, or --purge to remove it now")
    else:
        say("this is no session of azenv's, so nothing is removed at its end")
        say("hint: azenv autosave disable --purge")


def _in_force(app: App) -> Context | None:
    """Return the stored context in force; None where something blocks, or nothing answers."""
    found = inforce.resolution(app.place, app.book).link
    context = app.book.contexts.get(found.context_id)
    return None if context is None or scoping.is_session_born(context.id) else context


def _pid(app: App) -> str:
    """Return the process id of the shell that called, empty where none with our hook did."""
    return app.mailbox.pid if app.environ.get(MAIL) else ""


def _stay(app: App, pid: str) -> None:
    """Take back what this session had promised to remove."""
    entries = leaving.load(app.paths.store)
    departing.forget(app.place, {one.context_id for one in entries if one.is_of(pid)})


def _write_setting(app: App, *, autosave: bool) -> None:
    ensure_private_directory(app.paths.store)
    with locked(app.paths.lock):
        settings.change(app.paths.settings, autosave=autosave)
