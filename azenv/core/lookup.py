"""Which context the user means by what he typed (DESIGN section 2). The hook's lane: strings only.

A row begins with id, name, subscription id, subscription name; the index record and the store
both give rows, so that a name means the same on every path.
"""

from __future__ import annotations

from azenv.core.errors import AmbiguousError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Row = Sequence[str]

ID, NAME, SUBSCRIPTION_ID, SUBSCRIPTION_NAME = range(4)


def find(text: str, rows: Sequence[Row], *, exact: bool = False) -> Row:
    """Return the one row that `text` names.

    In this order: id, exact name, name ignoring case, subscription id, subscription name, unique
    prefix of a name. With `exact`, as pins resolve: by id, exact name or subscription id only.
    Raises AmbiguousError where several fit, NotFoundError where none does.
    """
    folded = text.casefold()
    tests: list[Callable[[Row], bool]] = [
        lambda row: row[ID] == text,
        lambda row: row[NAME] == text,
        lambda row: row[SUBSCRIPTION_ID].casefold() == folded,
    ]
    if not exact:
        tests[2:2] = [lambda row: row[NAME].casefold() == folded]
        tests += [
            lambda row: row[SUBSCRIPTION_NAME].casefold() == folded,
            lambda row: row[NAME].casefold().startswith(folded),
        ]
    if text:
        for test in tests:
            hits = [row for row in rows if test(row)]
            if len(hits) == 1:
                return hits[0]
            if hits:
                raise ambiguous(text, hits)
    raise not_found(text, rows)


def ambiguous(text: str, hits: Sequence[Row]) -> AmbiguousError:
    """Return the error that lists the contexts which `text` fits, ten at the most."""
    listed = ", ".join(f'"{row[NAME]}"' for row in hits[:10])
    more = f" and {len(hits) - 10} more" if len(hits) > 10 else ""  # noqa: PLR2004
    return AmbiguousError(
        f'"{text}" fits {len(hits)} contexts: {listed}{more}',
        hint=f"azenv show {hits[0][ID]}    # every context also has an id",
    )


def not_found(text: str, rows: Sequence[Row]) -> NotFoundError:
    """Return the error that names what comes nearest to `text`."""
    from azenv.core.names import nearest  # needed for errors only

    close = nearest(text, (row[NAME] for row in rows))
    if close:
        names = ", ".join(f'"{name}"' for name in close)
        hint = f"did you mean {names}?"
    else:
        hint = "azenv list" if rows else "azenv import az"
    return NotFoundError(f'context "{text}" not found', hint=hint, nearest=close)
