"""The boundary: the one place that prints an error and turns it into an exit status."""

from __future__ import annotations

import os
import sys

from azenv import __version__, output
from azenv.activation.place import Place
from azenv.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ISSUES = "https://github.com/azenv/azenv/issues"


def run(action: Callable[[], int | None]) -> int:
    """Do what was asked for; return the exit status. Nothing escapes but a debugger's wish."""
    try:
        trouble = _sweep()  # first: what is about to go is neither listed nor chosen
        status = action()
        sys.stdout.flush()
        if trouble:  # no fault of what was asked for; the next run tries again
            output.say(f"warning: {trouble}")
    except errors.AzenvError as error:
        output.error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
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
    except Exception as error:  # a bug is told, not dumped
        if os.environ.get("AZENV_DEBUG"):
            raise
        output.error(
            f"a bug in azenv {__version__}: {type(error).__name__}", "AZENV_DEBUG=1 shows where"
        )
        output.say(f"please report it: {ISSUES}")
        return errors.BUG
    return status or errors.OK


def _sweep() -> str:
    """Remove what shells that were killed left, and what they had promised to remove.

    Returns what went wrong, empty where nothing did.
    """
    from azenv.activation.departing import sweep

    try:
        sweep(Place(os.environ))
    except errors.AzenvError as error:
        return error.message
    return ""
