"""The command line: verbs, loaded when they are called."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

import click

from azenv import __version__, boundary, output
from azenv.app import App
from azenv.commands import ALIASES, VERBS
from azenv.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the verbs in the order in which people need them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of a verb or an alias."""
        verb = ALIASES.get(cmd_name, cmd_name)
        if verb not in VERBS:
            return None
        module = import_module(f"azenv.commands.{VERBS[verb][0]}")
        command: click.Command = getattr(module, f"{verb}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called. Raises UsageError with the nearest verbs."""
        verb = args[0]
        if verb not in VERBS and verb not in ALIASES:
            from azenv.core.names import nearest  # for an error only

            close = nearest(verb, [*VERBS, *ALIASES])
            hint = f"did you mean {' or '.join(close)}?" if close else "azenv --help"
            message = f'no such command "{verb}"'
            raise errors.UsageError(message, hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of verbs without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="azenv %(version)s")
@click.pass_context
def azenv(ctx: click.Context) -> None:
    """Give every shell and every directory its own Azure context."""
    ctx.ensure_object(App)


def main(words: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    return boundary.run(lambda: _settled(words))


def _settled(words: Sequence[str]) -> int:
    """Call the verb; its shell learns of a session that began or ended, also where it failed."""
    app = App()
    try:
        status = _call(words, app)
    except BaseException:
        with suppress(errors.AzenvError):  # the verb's own trouble is what there is to tell
            app.settle()
        raise
    app.settle()
    return status


def _call(words: Sequence[str], app: App) -> int:
    """Let click find the verb and call it; what it says about wrong words, we say."""
    try:
        result = azenv.main(list(words), prog_name="azenv", standalone_mode=False, obj=app)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help(), file=sys.stderr)
        return errors.USAGE
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "azenv"
        output.error(_in_our_voice(error.format_message()), f"{path} --help")
        return errors.USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
    return result if isinstance(result, int) else errors.OK


def _in_our_voice(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".").replace("'", '"')
