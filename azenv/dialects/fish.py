"""How fish writes an assignment, and the table of variables as fish code."""

from __future__ import annotations

from azenv.core.variables import (
    LAYOUT,
    NAMES,
    NONE_KINDS,
    SECRET,
    SETTABLE,
    SOFT,
    UNSETTABLE,
    USUAL,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "fish"

# Between the words of a snapshot, and between the fields of a record.
_SEPARATOR = r"\x1f"


def quote(text: str) -> str:
    """Return `text` as one single-quoted word: only the backslash and the quote are special."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def export(name: str, value: str) -> str:
    """Return the statement that exports `name`, globally."""
    return f"set -gx {_checked(name)} {quote(value)}"


def unset(name: str) -> str:
    """Return the statement that takes `name` away; a universal variable of the user's stays."""
    return f"set -eg {_checked(name)}"


def assign(name: str, value: str | Sequence[str]) -> str:
    """Return the statement that sets a private global variable, which children do not see."""
    words = [value] if isinstance(value, str) else value
    return " ".join(["builtin set -gu", _checked(name), *map(quote, words)])


def prologue(facts: Mapping[str, str | Sequence[str]]) -> str:
    """Return the paths that `shell/azenv.fish` needs, as `__azenv_<fact>`."""
    lines = [assign(f"__azenv_{fact}", value) for fact, value in facts.items()]
    return "\n".join(lines) + "\n"


def table() -> str:
    """Return the table of variables, and the code that is unrolled over it.

    A loop over the names costs fish ten times as much.
    """
    numbers = [str(number) for number in range(1, len(NAMES) + 1)]
    absent = [str(len(SETTABLE)), str(len(UNSETTABLE))]
    lines = [
        assign("__azenv_layout", LAYOUT),
        assign("__azenv_names", NAMES),
        assign("__azenv_numbers", numbers),
        assign("__azenv_nu", str(len(USUAL))),
        assign("__azenv_ne", str(len(SETTABLE))),
        assign("__azenv_soft", str(NAMES.index(SOFT) + 1)),
        assign("__azenv_block", str(NAMES.index("AZENV_BLOCKED") + 1)),
        assign(
            "__azenv_sec", [n for n, name in zip(numbers, NAMES, strict=True) if name in SECRET]
        ),
        assign("__azenv_usual", "=" * len(USUAL)),
        assign("__azenv_none", NONE_KINDS),
        assign("__azenv_empty", [""] * len(SETTABLE)),
        # How many names `set -q` misses where none is set.
        assign("__azenv_all_absent", absent),
        # id, label, kinds, the values from the third on, a dot; layout, id, kinds, all values
        assign("__azenv_record_length", str(len(SETTABLE) + 2)),
        assign("__azenv_undo_length", str(len(SETTABLE) + 3)),
        assign("__azenv_joints", str(len(SETTABLE) - 1)),
        assign("__azenv_kinds_pattern", f"^==[=.?-]{{{len(NAMES) - 2}}}$"),
    ]
    # Words of their own: fish takes quadratic time for many variables in one word.
    seen = " ".join(f'"${name}"{_SEPARATOR}' for name in SETTABLE)
    snap = [f"    builtin set -g __azenv_now {seen}", "    __azenv_count"]
    count = [
        f"    builtin set -q {' '.join(SETTABLE)}",
        "    builtin set -g __azenv_now_absent $status",
        f"    builtin set -q {' '.join(UNSETTABLE)}",
        "    builtin set -a __azenv_now_absent $status",
    ]
    goal = [f'"$__azenv_goal_values[{number}]"' for number in numbers[: len(SETTABLE)]]
    join = [f"    builtin set -g __azenv_goal_joined {_SEPARATOR.join(goal)}"]
    put = [
        f"    builtin set -gx {name} $__azenv_goal_values[{number}]"
        for name, number in zip(USUAL, numbers, strict=False)
    ]
    for name, body in (("count", count), ("snap", snap), ("join", join), ("put", put)):
        lines += [f"function __azenv_{name}", *body, "end"]
    return "\n".join(lines) + "\n"


def _checked(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        msg = f"not the name of a variable: {name!r}"
        raise ValueError(msg)
    return name
