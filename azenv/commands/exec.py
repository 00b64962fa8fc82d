"""Run one command in a context."""

from __future__ import annotations

import os
import sys

import click

from azenv.activation import inforce
from azenv.activation.environment import applied, changes_to
from azenv.commands.choosing import ensure_agreed, find_row
from azenv.commands.parameters import CONTEXT
from azenv.commands.serving import prepare
from azenv.core.errors import UsageError
from azenv.output import error
from azenv.store.session import PRIVATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App

NOT_EXECUTABLE = 126
NOT_FOUND = 127


# Options after the first word belong to the command; `--` may stand before it.
@click.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=CONTEXT, metavar="[NAME] COMMAND...")
@click.option("--here", is_flag=True, help="In the context in force here: give no NAME.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a protected context.")
@click.pass_obj
def exec_command(app: App, words: tuple[str, ...], *, here: bool, yes: bool) -> int:
    """Run COMMAND in the context NAME; the exit status is the command's."""
    command = list(words if here else words[1:])
    if not here and command[:1] == ["--"]:
        del command[0]
    if not command:
        message = "which command?"
        raise UsageError(message, hint="azenv exec NAME COMMAND, or azenv exec --here COMMAND")
    if here:
        context_id = inforce.ensure_context(app.place, app.book).id
    else:
        row = find_row(app, words[0])
        ensure_agreed(app, row, yes=yes)
        context_id = row[0]
    return run(command, environment(app, context_id))


def environment(app: App, context_id: str) -> dict[str, str]:
    """Return the environment of the context, its overlay made; nothing of this shell's mailbox."""
    prepare(app, context_id)
    inside = applied(app.environ, changes_to(app.place, context_id))
    return {name: value for name, value in inside.items() if name not in PRIVATE}


def run(command: list[str], environ: dict[str, str]) -> int:
    """Become the command; return 127 or 126, as shells do, where that cannot be."""
    sys.stdout.flush()
    try:
        if os.name != "posix":
            return _wait_for(command, environ)
        _restore_signals()
        os.execvpe(command[0], command, environ)  # noqa: S606  the user's own command
    except (FileNotFoundError, NotADirectoryError):
        error(f'command not found: "{command[0]}"')
        return NOT_FOUND
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        error(f'cannot run "{command[0]}": {reason.lower()}')
        return NOT_EXECUTABLE


def _restore_signals() -> None:
    """Give the command the signals that Python ignores: a broken pipe must end it."""
    import signal

    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _wait_for(command: list[str], environ: dict[str, str]) -> int:
    """Run the command as a child: on Windows exec would give the terminal back at once."""
    import shutil
    import subprocess

    program = shutil.which(command[0], path=environ.get("PATH"))
    if program is None:
        raise FileNotFoundError(command[0])
    return subprocess.run([program, *command[1:]], env=environ, check=False).returncode
