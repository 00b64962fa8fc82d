"""An undo record that a shell of another azenv left: reversed by name, not by position."""

from __future__ import annotations

import os

from azenv.core.delta import UNDO, US, leave
from azenv.store.files import read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azenv.store.paths import Paths


def reversed_fields(paths: Paths, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield name, `x` and a value to set, or name, `-` and nothing to unset, for each change.

    An undo whose layout this machine never had yields nothing: it is only dropped.
    """
    layout = environ.get(UNDO, "").split(US, 1)[0]
    if not layout.isalnum() or not layout.isascii():
        return
    data = read_private(os.path.join(paths.state, layout, "table"))
    if data is None:
        return
    settable, *names = data.decode().split(US)
    changes = leave(environ, names, int(settable), layout)
    for name, value in changes.items():
        if name != UNDO:
            yield from (name, "-", "") if value is None else (name, "x", value)
