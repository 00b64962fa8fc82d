"""What `azenv list` does: rows of the index, filtered, sorted and drawn. Without click."""

from __future__ import annotations

import gc
from fnmatch import fnmatch

from azenv import output
from azenv.activation import glance
from azenv.core import view
from azenv.store.records import INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.app import App
    from azenv.core.model import Context

    Row = Sequence[str]

(ID, NAME, SUBSCRIPTION_ID, SUBSCRIPTION, STATE, TENANT_ID, DOMAIN, TENANT) = range(8)
ACCOUNT, CLOUD, FLAGS = (INDEX.index(name) for name in ("account", "cloud", "flags"))
_WORDS = {"P": "protected", "L": "locked"}


def show(
    app: App,
    pattern: str | None = None,
    *,
    tenant: str | None = None,
    account: str | None = None,
    cloud: str | None = None,
) -> None:
    """Print the contexts that fit, as the command line declares it."""
    gc.disable()  # nothing to collect, and 10,000 rows to look through for it
    contexts = app.book.contexts if app.output == "json" else {}
    known = glance.rows(app.place)
    given = {TENANT: tenant, ACCOUNT: account, CLOUD: cloud}
    filters = {column: wanted for column, wanted in given.items() if wanted is not None}
    rows = [row for row in known if _fits(row, pattern, filters)]
    rows.sort(key=lambda row: (row[NAME].casefold(), row[ID]))
    active, default = _marks(app, known)
    if app.output == "json":
        write_objects([contexts[row[ID]] for row in rows if row[ID] in contexts], active, default)
    elif app.output == "tsv":
        output.write_tsv(cells(row, active, default) for row in rows)
    elif rows:
        heads = ("", *view.COLUMNS)
        marked = [("*" if row[ID] == active else "", *cells(row, active, default)) for row in rows]
        output.write_table(heads, marked)
    if not rows:
        output.say("none of the contexts fits" if known else "there is no context yet")
        output.say(f"hint: azenv {'list' if known else 'import az'}")


def _fits(row: Row, pattern: str | None, filters: dict[int, str]) -> bool:
    """Tell whether the row passes every filter; PATTERN may stand inside any of its texts."""
    for column, wanted in filters.items():
        columns = (TENANT_ID, DOMAIN, TENANT) if column == TENANT else (column,)
        if not any(_matches(row[c], wanted) for c in columns):
            return False
    if pattern is None:
        return True
    folded = pattern.casefold()
    texts = (row[NAME], row[SUBSCRIPTION], row[SUBSCRIPTION_ID], row[TENANT], row[DOMAIN])
    return any(
        folded in text.casefold() or _matches(text, pattern)
        for text in (*texts, row[TENANT_ID], row[ACCOUNT])
    )


def _matches(text: str, pattern: str) -> bool:
    text, pattern = text.casefold(), pattern.casefold()
    return text == pattern or fnmatch(text, pattern)


def _marks(app: App, known: Sequence[Row]) -> tuple[str, str]:
    """Return the active and the default id; az's own broken files must not hide the list."""
    from azenv.core.errors import AzenvError

    try:
        return glance.marks(app.place, known)
    except AzenvError as error:
        output.say(f"warning: {error.message}")
        output.say("hint: azenv doctor")
        return "", ""


def cells(row: Row, active: str, default: str) -> tuple[str, ...]:
    """Return the columns of `view.COLUMNS` for a row of the index."""
    flags = ""
    if row[ID] in (active, default) or row[FLAGS]:
        words = {"active": row[ID] == active, "default": row[ID] == default}
        words |= {word: letter in row[FLAGS] for letter, word in _WORDS.items()}
        flags = ",".join(word for word, holds in words.items() if holds)
    return (
        row[NAME],
        row[SUBSCRIPTION] if row[SUBSCRIPTION_ID] else "-",
        row[DOMAIN] or row[TENANT] or row[TENANT_ID],
        row[ACCOUNT],
        row[CLOUD],
        flags,
    )


def write_objects(contexts: Sequence[Context], active: str, default: str) -> None:
    """Print contexts as the store has them: true texts, and every setting."""
    objects = [
        view.context_object(
            context, is_active=context.id == active, is_default=context.id == default
        )
        for context in contexts
    ]
    output.write_json("contexts", objects)
