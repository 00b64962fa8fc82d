"""Print or install a shell's integration."""

from __future__ import annotations

import difflib
import os
import sys
from typing import TYPE_CHECKING

import click

from azenv import integration
from azenv.activation.change import ensure_records
from azenv.core.errors import AzenvError
from azenv.dialects import canonical
from azenv.output import say
from azenv.store.files import write_private

if TYPE_CHECKING:
    from azenv.app import App


@click.command("init")
@click.argument("shell", metavar="[SHELL]", required=False)
@click.option("--install", is_flag=True, help="Write a hook file and one line into the rc file.")
@click.option("--remove", is_flag=True, help="Take that line and that file away.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def init_command(app: App, shell: str | None, *, install: bool, remove: bool, yes: bool) -> None:
    """Print what SHELL's rc file evaluates (bash, zsh, fish, powershell; else detected)."""
    name = canonical(shell) if shell else integration.detect(app.environ)
    if install:
        _install(app, name, yes=yes)
    elif remove:
        _remove(app, name, yes=yes)
    else:
        ensure_records(app.place)
        # bytes: a text stream would turn line ends into the platform's
        sys.stdout.buffer.write(integration.init_text(name, app.paths).encode())


def _install(app: App, shell: str, *, yes: bool) -> None:
    rc = integration.rc_file(shell, app.environ)
    before = _read(rc)
    after = integration.with_line(before, integration.rc_line(shell, app.paths))
    if before == after:
        _write_hook(app, shell)
        say(f"{rc} already has the line; the hook file is up to date")
        return
    _agree(app, rc, before, after, yes=yes)
    _write_hook(app, shell)
    _replace(rc, after)
    say(f"installed; new {shell} shells have it, this one with: {_source(app, shell)}")


def _remove(app: App, shell: str, *, yes: bool) -> None:
    rc = integration.rc_file(shell, app.environ)
    before = _read(rc)
    after = integration.without_line(before)
    if before != after:
        _agree(app, rc, before, after, yes=yes)
        _replace(rc, after)
    hook = integration.hook_file(shell, app.paths)
    if os.path.exists(hook):
        os.unlink(hook)
    say(f"removed; {shell} shells that run keep it until they end")


def _agree(app: App, rc: str, before: str, after: str, *, yes: bool) -> None:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), rc, rc, lineterm="", n=2)
    for line in lines:
        click.echo(line, err=True)
    if not app.confirm(f"change {rc}", yes=yes):
        message = "nothing was changed"
        raise AzenvError(message)


def _write_hook(app: App, shell: str) -> None:
    ensure_records(app.place)
    text = integration.init_text(shell, app.paths)
    write_private(integration.hook_file(shell, app.paths), text.encode())


def _source(app: App, shell: str) -> str:
    return f"{'.' if shell == 'powershell' else 'source'} {integration.hook_file(shell, app.paths)}"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _replace(path: str, text: str) -> None:
    """Write the rc file whole; a link to a dotfiles repository stays a link, the mode stays."""
    real = os.path.realpath(path)
    os.makedirs(os.path.dirname(real), exist_ok=True)
    temporary = f"{real}.azenv.{os.getpid()}"
    with open(temporary, "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.path.exists(real):
        os.chmod(temporary, os.stat(real).st_mode & 0o7777)
    os.replace(temporary, real)
