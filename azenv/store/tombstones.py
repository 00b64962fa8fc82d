"""Tombstones: which account of which cloud was signed out when.

A sign-out writes one first. Seeds drop what az kept from before it, and a refresh that began
earlier throws its answer away.
"""

from __future__ import annotations

import os

from azenv.core.errors import DamagedError
from azenv.store.files import read_private, write_private
from azenv.store.vault import holder_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.core.book import Holder
    from azenv.store.paths import Paths

SCHEMA = 1


def path(store: str) -> str:
    """Return where the tombstones lie."""
    return os.path.join(store, "tombstones.json")


def load(store: str) -> dict[str, float]:
    """Return when each account was last signed out, by `holder_key`. Raises DamagedError."""
    file = path(store)
    data = read_private(file)
    if data is None:
        return {}
    import json

    try:
        top = json.loads(data)
        found = {SCHEMA: top["tombstones"]}[top["schema"]]  # KeyError: of another schema
        return {str(key): float(when) for key, when in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"the tombstones do not parse: {file} ({type(error).__name__})",
            hint="azenv doctor --repair",
        ) from error


def time_of(paths: Paths, holder: Holder) -> float:
    """Return when an account was last signed out, in seconds since 1970; 0.0 for never."""
    return load(paths.store).get(holder_key(holder), 0.0)


def bury(paths: Paths, holder: Holder, when: float) -> None:
    """Remember that an account was signed out at `when`. Call under the store lock."""
    import json

    found = load(paths.store)
    key = holder_key(holder)
    found[key] = max(when, found.get(key, 0.0))
    text = json.dumps({"schema": SCHEMA, "tombstones": found}, indent=1) + "\n"
    write_private(path(paths.store), text.encode(), backup=True)
