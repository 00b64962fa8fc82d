"""A change of environment as a value: entering a context, and the exact way back.

The undo record is the text that every shell writes and reads (`__AZENV_UNDO`): layout, id, kinds
as they were applied, our values, then pairs of a number (from 1) and an old value. What the user
changed meanwhile stays: a variable is put back only if it still holds our value.
"""

from __future__ import annotations

from azenv.core import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Changes = dict[str, str | None]

UNDO = "__AZENV_UNDO"
CHOICE = "__AZENV_CHOICE"
UNTIL = "__AZENV_UNTIL"
PREVIOUS = "__AZENV_PREVIOUS"
US = variables.SEPARATOR


def parse_record(text: str) -> tuple[str, str, str, list[str]]:
    """Return (id, label, kinds, values of the settable names from the third on).

    Raises ValueError where the record is of another shape.
    """
    fields = text.split(US)
    composed = len(variables.COMPOSED)
    if (
        len(fields) != len(variables.SETTABLE) - composed + 4
        or fields[-1] != "."
        or len(fields[2]) != len(variables.NAMES)
    ):
        message = "not a record of this layout"
        raise ValueError(message)
    return fields[0], fields[1], fields[2], fields[3:-1]


def none_record(reason: str) -> tuple[str, list[str]]:
    """Return kinds and values of the built-in context `none`."""
    values = ["" for _ in variables.SETTABLE[len(variables.COMPOSED) :]]
    names = variables.SETTABLE[len(variables.COMPOSED) :]
    values[names.index("AZENV_CONTEXT_ID")] = variables.NONE_ID
    values[names.index("AZENV_BLOCKED")] = reason
    return variables.NONE_KINDS, values


def enter(
    environ: Mapping[str, str], kinds: str, values: Sequence[str], config_dir: str, source: str
) -> Changes:
    """Return what to set and unset (None) so that the context is in force, the undo included.

    `environ` must be outside every context: apply `leave` first.
    """
    ours = [config_dir, source, *values]
    changes: Changes = {}
    applied, extra = [], []
    for number, name in enumerate(variables.NAMES, start=1):
        kind = kinds[number - 1]
        old = environ.get(name)
        if kind == variables.SET_IF_ABSENT:
            kind = variables.SET if old is None else variables.LEAVE
        applied.append(kind)
        if kind == variables.SET:
            changes[name] = ours[number - 1]
        elif kind == variables.UNSET:
            # also where it is not there: a snippet may be evaluated elsewhere than it was made
            changes[name] = None
        if kind == variables.LEAVE and number <= len(ours):
            ours[number - 1] = ""
        if kind != variables.LEAVE and old is not None and _may_export(name, old):
            extra += [str(number), old]
    context_id = ours[variables.NAMES.index("AZENV_CONTEXT_ID")]
    changes[UNDO] = US.join((variables.LAYOUT, context_id, "".join(applied), *ours, *extra, ""))
    return changes


def _may_export(name: str, old: str) -> bool:
    return name not in variables.SECRET and US not in old


def leave(
    environ: Mapping[str, str],
    names: Sequence[str] = variables.NAMES,
    settable: int = len(variables.SETTABLE),
    layout: str = variables.LAYOUT,
) -> Changes:
    """Return what to set and unset so that the context in `environ` is left.

    `names` and `settable` are those of the undo's layout. An undo that does not fit is dropped:
    it came from somewhere else, and is only data.
    """
    text = environ.get(UNDO)
    if text is None:
        return {}
    changes: Changes = {UNDO: None}
    fields = text.split(US)
    if fields[0] != layout or len(fields) < settable + 3 or len(fields[2]) != len(names):
        return changes
    kinds, ours, pairs = fields[2], fields[3 : settable + 3], fields[settable + 3 :]
    old = dict(zip(pairs[::2], pairs[1::2], strict=False))
    for number, name in enumerate(names, start=1):
        kind, now, before = kinds[number - 1], environ.get(name), old.get(str(number))
        is_ours = now == ours[number - 1] if kind == variables.SET else now is None
        if is_ours and (kind == variables.SET or (kind == variables.UNSET and before is not None)):
            changes[name] = before
    return changes
