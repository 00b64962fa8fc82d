"""The plain forms of the verbs that people type most: read here, since click takes longer.

`azenv use` with NAME, `-`, `--follow` or `--none` and perhaps `-y`; `azenv list` with or without
a PATTERN. Whatever else stands there goes to the command line, which declares what it means.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_FLAGS = {"--follow": "follow", "--none": "none", "-y": "yes", "--yes": "yes"}


def action(words: Sequence[str]) -> Callable[[], None] | None:
    """Return what the words ask for; None where the command line must read them."""
    from azenv.app import App

    verb, *rest = words
    if verb in {"use", "select"}:
        operands = [word for word in rest if word not in _FLAGS]
        flags: dict[str, Any] = {_FLAGS[word]: True for word in rest if word in _FLAGS}
        # without any of them there is a list to pick from
        if are_plain(operands) and (operands or flags.keys() & {"follow", "none"}):
            from azenv.commands.choosing import choose

            return lambda: choose(App(), *operands, **flags)
    elif are_plain(rest):
        from azenv.commands.listing import show

        return lambda: show(App(), *rest)
    return None


def are_plain(operands: Sequence[str]) -> bool:
    """Tell whether the words are one operand at the most, and no option."""
    return len(operands) < 2 and all(word == "-" or word[:1] != "-" for word in operands)  # noqa: PLR2004  one
