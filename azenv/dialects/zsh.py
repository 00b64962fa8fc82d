"""How zsh 5.8 and newer writes an assignment."""

from __future__ import annotations

from azenv.core.variables import NAMES
from azenv.dialects import posix
from azenv.dialects.posix import assign, export, prologue, quote, unset

__all__ = ["NAME", "assign", "export", "prologue", "quote", "table", "unset"]

NAME = "zsh"


def table() -> str:
    """Return the variables table: facts, and the functions unrolled over its names.

    `__azenv_ro` fails where a name of the table is read-only.
    """
    types = "".join(f"${{(t){name}}}" for name in NAMES)
    return (
        posix.constants(NAMES)
        + posix.function("__azenv_ro", f'[[ "{types}" != *readonly* ]]')
        + posix.snapshot()
        + posix.put("\\builtin")
    )
