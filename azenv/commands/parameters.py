"""Parameters that several verbs take."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from azenv import output
from azenv.app import App

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from azenv.core.model import Context


class ContextName(click.ParamType[str]):
    """What names a context; it completes from the `names` record."""

    name = "context"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that begin with `incomplete`."""
        del ctx, param
        from azenv.store import records

        text = records.read(App().paths, "names") or ""
        return [CompletionItem(n) for n in text.splitlines() if n.startswith(incomplete)]


CONTEXT = ContextName()


def _set_output(ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if isinstance(ctx.obj, App):
        ctx.obj.output = value
    return value


def output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--output table|json|tsv`; the value is `app.output`."""
    return click.option(
        *("-o", "--output"),
        type=click.Choice(output.FORMATS),
        default="table",
        show_default=True,
        callback=_set_output,
        expose_value=False,
        help="How data is printed.",
    )(function)


def scope_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--scope process|user`; `Process` and `CurrentUser` in any case mean the same."""
    return click.option(
        "--scope",
        callback=_scope,
        metavar="process|user",
        help="How long it lasts: this shell, or this and future sessions.",
    )(function)


def descriptor_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--passphrase-fd N`: where a script gives the passphrase of a bundle."""
    return click.option(
        "--passphrase-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the passphrase from this open descriptor.",
    )(function)


def _scope(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    words = {"process": "process", "user": "user", "currentuser": "user"}
    if value is None:
        return None
    if value.casefold() not in words:
        message = f'"{value}" is no scope: process or user'
        raise click.BadParameter(message)
    return words[value.casefold()]


def counted(number: int, noun: str) -> str:
    """Return `1 context`, `2 contexts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def report(app: App, context: Context) -> None:
    """Print the context that a verb changed: data for programs, nothing in the table format."""
    from azenv.core import view

    if app.output == "json":
        output.write_json("context", view.context_object(context))
    elif app.output == "tsv":
        output.write_tsv([view.context_row(context)])
