"""azenv as a process of its own, as a shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.commands.conftest import Home

TOP = Path(__file__).parent.parent.parent
LAUNCHER = TOP / "azenv" / "launcher.py"


def command(*words: str, options: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *options, "-I", str(LAUNCHER), *words]


def azenv(
    *words: str, home: Home, options: tuple[str, ...] = (), **more: Any  # noqa: ANN401
) -> subprocess.CompletedProcess[str]:
    """Run azenv to its end; stdout and stderr are text."""
    streams = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
    environ = dict(os.environ) | {"AZENV_HOME": str(home.top)}
    return subprocess.run(
        command(*words, options=options),
        **{"env": environ, "stderr": subprocess.PIPE, "text": True, "check": False} | streams,
    )
