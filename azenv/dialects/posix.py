"""What bash and zsh share: quoting, statements, and the code unrolled over the variables table."""

from __future__ import annotations

from azenv.core.variables import (
    LAYOUT,
    NAMES,
    NONE_KINDS,
    SECRET,
    SEPARATOR,
    SETTABLE,
    SOFT,
    UNSETTABLE,
    USUAL,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _LETTERS | frozenset("0123456789")


def quote(text: str) -> str:
    """Return `text` as one quoted word; never a bare one, since zsh expands `=ls` and `~x`.

    Raises ValueError for NUL, which no shell can hold.
    """
    if "\0" in text:
        msg = "a shell word cannot hold NUL"
        raise ValueError(msg)
    return "'" + text.replace("'", "'\\''") + "'"


def checked(name: str) -> str:
    """Return `name`, which must be a variable's name: it is never quoted."""
    if not name or name[0] not in _LETTERS or not _NAME.issuperset(name):
        msg = f"not a variable name: {name!r}"
        raise ValueError(msg)
    return name


def export(name: str, value: str) -> str:
    """Return the statement that exports `name` as `value`."""
    return f"export {checked(name)}={quote(value)}"


def unset(name: str) -> str:
    """Return the statement that removes `name`."""
    return f"unset -v {checked(name)}"


def assign(name: str, value: str | Sequence[str]) -> str:
    """Return the statement that sets a private global: a list becomes an array.

    No `declare` or `typeset`: inside a function, where plugin managers evaluate, it would be local.
    """
    if isinstance(value, str):
        return f"{checked(name)}={quote(value)}"
    return f"{checked(name)}=({' '.join(map(quote, value))})"


def prologue(facts: Mapping[str, str | Sequence[str]]) -> str:
    """Return `facts` as assignments to private globals: what stands before the table."""
    return "".join(assign(f"__azenv_{name}", value) + "\n" for name, value in facts.items())


def constants(names: Sequence[str]) -> str:
    """Return the table's facts as assignments; `names` so that name 1 has the index 1."""
    kinds = "".join("*" if name in SECRET else "." for name in NAMES)
    lines = (
        assign("__azenv_layout", LAYOUT),
        assign("__azenv_nu", str(len(USUAL))),
        assign("__azenv_ne", str(len(SETTABLE))),
        assign("__azenv_nn", str(len(NAMES))),
        assign("__azenv_soft", str(NAMES.index(SOFT) + 1)),
        assign("__azenv_block", str(NAMES.index("AZENV_BLOCKED") + 1)),
        assign("__azenv_names", names),
        assign("__azenv_sec", kinds),
        assign("__azenv_none", NONE_KINDS),
        assign("__azenv_usual", "=" * len(USUAL)),
    )
    return "".join(line + "\n" for line in lines)


def function(name: str, *body: str) -> str:
    """Return a function of one or more statements."""
    return "\n".join((f"{name}() {{", *(f"  {line}" for line in body), "}")) + "\n"


def snapshot(size: int) -> str:
    """Return the functions that look at all names at once, unrolled: a loop costs ten times that.

    `size` says how many expansions make one word.

    `__azenv_snap` sets __azenv_now, the joined values of the settable names, and
    __azenv_now_extra, the positions of the others that are set. `__azenv_which` sets
    __azenv_now_set, the positions of the settable names that are set.
    """
    values = [f"{SEPARATOR}${{{name}-}}" for name in SETTABLE]
    values[0] = values[0].removeprefix(SEPARATOR)
    return function(
        "__azenv_snap",
        *_concatenate("__azenv_now", values, size),
        *_concatenate("__azenv_now_extra", _positions(UNSETTABLE), size),
    ) + function("__azenv_which", *_concatenate("__azenv_now_set", _positions(SETTABLE), size))


def put(builtin: str) -> str:
    """Return the function that exports the usual names from __azenv_new, in one statement."""
    words = " ".join(f'{name}="${{__azenv_new[{number}]}}"' for number, name in enumerate(USUAL, 1))
    return function("__azenv_put", f"{builtin} export {words}")


def chunks(words: Sequence[str], size: int) -> list[str]:
    """Return `words`, joined `size` at a time."""
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]


def _concatenate(name: str, words: Sequence[str], size: int) -> list[str]:
    first, *rest = chunks(words, size)
    return [f'{name}="{first}"', *(f'{name}+="{chunk}"' for chunk in rest)]


def _positions(names: Iterable[str]) -> list[str]:
    """Return for each name what expands to its position, from 1, and a space where it is set."""
    return [f"${{{name}+{NAMES.index(name) + 1} }}" for name in names]
