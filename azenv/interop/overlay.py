"""A context's private AZURE_CONFIG_DIR: built, kept in step with the base, learnt from.

`<root>/az/<context id>/.azure` (az looks for local settings by this last name). Shells test by
builtins that its azureProfile.json and the base's token cache are not newer than its stamp.
Only light imports here: the hook builds overlays.
"""

from __future__ import annotations

import json
import os
import time

from azenv.core.errors import AzenvError, DamagedError
from azenv.interop import azcaches, azrows, foreign, layout
from azenv.interop.renewal import Renewal, Report
from azenv.store.files import ensure_private_directory, locked, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row

__all__ = ["Report", "directory", "drop", "refresh"]

_ATTEMPTS = 5
_RECENT_S = 2


def directory(root: str, context_id: str) -> str:
    """Return the overlay of a context: what AZURE_CONFIG_DIR is set to."""
    return os.path.join(_room(root, context_id), ".azure")


def _room(root: str, context_id: str) -> str:
    if not context_id.isalnum():
        raise DamagedError("not a context id: it must be letters and digits")
    return os.path.join(root, "az", context_id)


def refresh(  # noqa: PLR0913  what an overlay is made of
    root: str,
    context_id: str,
    *,
    base: str,
    seed: Row | None,
    rows: list[Row],
    coarse: bool = False,
) -> Report:
    """Build the overlay where there is none, else bring it in step and learn what az did there.

    `seed` says whose it is, None for the blocked one; `rows` are all known rows of that account
    and tenant. `coarse` says that the shell compares whole seconds. Afterwards neither the
    profile nor the base's token cache is newer than the stamp.
    """
    room = _room(root, context_id)
    ensure_private_directory(os.path.join(root, "az"))
    with locked(os.path.join(room, "lock")):
        _sweep(room)
        for _ in range(_ATTEMPTS):
            stamp_ns = _stamp_ns(base, coarse=coarse)
            renewal = Renewal(root, os.path.join(room, ".azure"), base, seed, rows)
            if _is_done(renewal, room, stamp_ns):
                return renewal.report
    raise AzenvError(f"az keeps changing {room}", hint="wait for the az that runs there")
