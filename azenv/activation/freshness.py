"""Whether an overlay can be entered as it stands: what a shell tests by builtins, and no more.

Refreshing one costs json and a look at every file in it; a fresh one costs three looks at a time.
"""

from __future__ import annotations

import os

from azenv.interop.foreign import modified_ns
from azenv.store import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.place import Place


def ensure(place: Place, context_id: str) -> list[str]:
    """Build or refresh the overlay of a context unless it is fresh; return what there is to tell.

    Raises AzenvError where the context is gone.
    """
    overlay = place.overlay(context_id)
    if is_fresh(overlay, place.paths.base) and not is_rotated(place, context_id, overlay):
        return []
    from azenv.activation import overlays  # json

    return overlays.ensure(place, context_id)


def is_rotated(place: Place, context_id: str, overlay: str) -> bool:
    """Tell whether a federated token was renewed since: az itself never reads one again."""
    text = records.read(place.paths, f"seeds/{context_id}") or ""
    if '"method": "federated"' not in text:
        return False
    import json

    path = json.loads(text)["credential"]["federated"]
    return modified_ns(path) > modified_ns(os.path.join(overlay, ".stamp"))


def is_fresh(overlay: str, base: str) -> bool:
    """Tell whether neither the overlay's profile nor the base's tokens are newer than its stamp."""
    stamp = modified_ns(os.path.join(overlay, ".stamp"))
    profile = modified_ns(os.path.join(overlay, "azureProfile.json"))
    tokens = modified_ns(os.path.join(base, "msal_token_cache.json"))
    return 0 < profile <= stamp and tokens <= stamp
