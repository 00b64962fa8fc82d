"""How zsh 5.8 and newer writes an assignment."""

from __future__ import annotations

from azenv.core.variables import NAMES, SETTABLE
from azenv.dialects import posix
from azenv.dialects.posix import assign, export, prologue, quote, unset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NAME", "assign", "export", "prologue", "quote", "table", "unset"]

NAME = "zsh"


def table() -> str:
    """Return the variables table: facts, and the functions unrolled over its names.

    `__azenv_ro` and `__azenv_ro_any` fail where a name of the table, or a settable one, is read-only.
    """
    return (
        posix.constants(base=1)
        + posix.function("__azenv_ro", _none_read_only(NAMES))
        + posix.function("__azenv_ro_any", _none_read_only(SETTABLE))
        + posix.snapshot(base=1)
        + posix.put("\\builtin")
    )


def _none_read_only(names: Iterable[str]) -> str:
    types = "".join(f"${{(t){name}}}" for name in names)
    return f'[[ "{types}" != *readonly* ]]'
