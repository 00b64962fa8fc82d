"""How bash 3.2 to 5.3 writes an assignment."""

from __future__ import annotations

from azenv.core.variables import NAMES
from azenv.dialects import posix
from azenv.dialects.posix import assign, export, prologue, quote, unset

__all__ = ["NAME", "assign", "export", "prologue", "quote", "table", "unset"]

NAME = "bash"


def table() -> str:
    """Return the variables table: facts, and the functions unrolled over its names.

    bash counts from 0, the table from 1: the first element stands empty.
    """
    return posix.constants(["", *NAMES]) + posix.snapshot(len(NAMES)) + posix.put("\\builtin")
