"""The command line: verbs loaded when called, and the one place that prints an error."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from azenv import __version__, output
from azenv.app import App
from azenv.commands import ALIASES, VERBS
from azenv.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ISSUES = "https://github.com/azenv/azenv/issues"


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
    ctx.obj = App()


def main(words: Sequence[str]) -> int:
    """Run the command line; return the exit status. Nothing escapes but a debugger's wish."""
    try:
        result = azenv.main(list(words), prog_name="azenv", standalone_mode=False)
        sys.stdout.flush()
        _sweep()
    except errors.AzenvError as error:
        output.error(error.message, error.hint)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help(), file=sys.stderr)
        return errors.USAGE
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "azenv"
        output.error(_in_our_voice(error.format_message()), f"{path} --help")
        return errors.USAGE
    except (click.Abort, KeyboardInterrupt):
        output.say("interrupted")
        return errors.INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough (azenv list | head); nothing may be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.OK
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        output.error(f"{(error.strerror or str(error)).lower()}{where}", "azenv doctor")
        return errors.FAILURE
    except Exception as error:  # the boundary: a bug is told, not dumped
        if os.environ.get("AZENV_DEBUG"):
            raise
        output.error(
            f"a bug in azenv {__version__}: {type(error).__name__}", "AZENV_DEBUG=1 shows where"
        )
        output.say(f"please report it: {ISSUES}")
        return errors.BUG
    return result if isinstance(result, int) else errors.OK


def _sweep() -> None:
    """Remove what shells that were killed left in the runtime directory."""
    place = App().place
    if root := place.existing_root:
        from azenv.store.session import sweep

        sweep(root)


def _in_our_voice(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".").replace("'", '"')
