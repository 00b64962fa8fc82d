"""Print a shell's completions."""

from __future__ import annotations


import click

from azenv import dialects, integration
from azenv.app import App
from azenv.completions import render


@click.command("completion")
@click.argument("shell", metavar="[SHELL]", required=False)
@click.pass_obj
def completion_command(app: App, shell: str | None) -> None:
    """Print the completions for SHELL (bash, zsh, fish, powershell; else detected)."""
    name = dialects.canonical(shell) if shell else integration.detect(app.environ)
    click.echo(render(name), nl=False)
