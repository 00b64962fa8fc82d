"""How bash 3.2 to 5.3 writes an assignment."""

from __future__ import annotations

from azenv.core.variables import NAMES, SETTABLE
from azenv.dialects import posix
from azenv.dialects.posix import assign, export, prologue, quote, unset

__all__ = ["NAME", "assign", "export", "prologue", "quote", "table", "unset"]

NAME = "bash"

_BUILTIN = "\\builtin"


def table() -> str:
    """Return the variables table: facts, and the functions unrolled over its names.

    `__azenv_ro` and `__azenv_ro_any` fail where a name of the table, or a settable one, is
    read-only: `local` does for a read-only global, and changes nothing.
    """
    return (
        posix.constants(base=0)
        + posix.function("__azenv_ro", f"{_BUILTIN} local {' '.join(NAMES)}")
        + posix.function("__azenv_ro_any", f"{_BUILTIN} local {' '.join(SETTABLE)}")
        + posix.snapshot(base=0)
        + posix.put(_BUILTIN)
    )
