"""azenv as a process of its own, as a shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.conftest import Home

TOP = Path(__file__).parent.parent.parent
LAUNCHER = TOP / "azenv" / "launcher.py"


def command(*words: str, options: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *options, "-I", str(LAUNCHER), *words]


def azenv(
    *words: str,
    home: Home,
    options: tuple[str, ...] = (),
    stdout: int = subprocess.PIPE,
    typed: str = "",
    environ: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run azenv to its end, with `typed` on stdin; stderr is text, and so is a piped stdout."""
    return subprocess.run(
        command(*words, options=options),
        env=dict(os.environ) | {"AZENV_HOME": str(home.top)} if environ is None else environ,
        stdout=stdout,
        stderr=subprocess.PIPE,
        input=typed,
        text=True,
        check=False,
    )
