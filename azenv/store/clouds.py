"""The clouds that azenv knows and az does not: name -> az's options (endpoint_active_directory …).

A cloud says which hosts get a user's tokens, so it comes in only where the user asks for it.
"""

from __future__ import annotations

import json
import os

from azenv.core.errors import DamagedError
from azenv.store.files import read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    Clouds = dict[str, dict[str, str]]

SCHEMA = 1


def path(store: str) -> str:
    """Return where the clouds lie."""
    return os.path.join(store, "clouds.json")


def load(store: str) -> Clouds:
    """Return the clouds; none where there is no file yet. Raises DamagedError."""
    file = path(store)
    data = read_private(file)
    if data is None:
        return {}
    try:
        top = json.loads(data)
        found = {SCHEMA: top["clouds"]}[top["schema"]]  # KeyError: of another schema
        return {
            str(name): {str(option): str(value) for option, value in options.items()}
            for name, options in found.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"the clouds do not parse: {file} ({type(error).__name__})",
            hint="azenv doctor --repair",
        ) from error


def save(store: str, clouds: Clouds) -> None:
    """Write the clouds. Call under the store lock."""
    text = json.dumps({"schema": SCHEMA, "clouds": clouds}, indent=1) + "\n"
    write_private(path(store), text.encode(), backup=True)
