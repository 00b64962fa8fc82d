"""The walk up to a pin, as the shells do it: by the logical path, `os` only."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PIN_NAME = ".azenv.toml"


def candidates(directory: str) -> list[str]:
    """Return where a pin that governs `directory` may lie, nearest first.

    The path is taken as it stands: a shell walks its logical $PWD, and so does the program, or
    the two would find different pins behind a linked directory.
    """
    found = []
    while True:
        found.append(os.path.join(directory, PIN_NAME))
        parent = os.path.dirname(directory)
        if parent == directory:
            return found
        directory = parent


def logical_directory(environ: Mapping[str, str]) -> str:
    """Return $PWD where it names the working directory, else the physical path.

    Raises FileNotFoundError where the working directory is gone.
    """
    physical = os.getcwd()
    logical = environ.get("PWD", "")
    try:
        if os.path.isabs(logical) and os.path.samefile(logical, physical):
            return os.path.normpath(logical)
    except OSError:
        pass
    return physical
