"""How zsh 5.8 and newer writes an assignment."""

from __future__ import annotations

from azenv.core.variables import NAMES
from azenv.dialects import posix
from azenv.dialects.posix import assign, export, prologue, quote, unset

__all__ = ["NAME", "assign", "export", "prologue", "quote", "table", "unset"]

NAME = "zsh"

# The expansions that make one word: zsh copies a word at each of them, so a long one is quadratic.
_SIZE = 5


def table() -> str:
    """Return the variables table: facts, and the functions unrolled over its names.

    `__azenv_ro` fails where a name of the table is read-only.
    """
    types = posix.chunks([f"${{(t){name}}}" for name in NAMES], _SIZE)
    tests = " && ".join(f'"{chunk}" != *readonly*' for chunk in types)
    return (
        posix.constants(NAMES)
        + posix.function("__azenv_ro", f"[[ {tests} ]]")
        + posix.snapshot(_SIZE)
        + posix.put("\\builtin")
    )
