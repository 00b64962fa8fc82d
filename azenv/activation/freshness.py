"""Whether an overlay can be entered as it stands: what a shell tests by builtins, and no more.

Refreshing one costs json and a look at every file in it; a fresh one costs three looks at a time.
"""

from __future__ import annotations

import os

from azenv.activation.scoping import is_session_born, session_of
from azenv.core.errors import AzenvError
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


def catch_up(place: Place) -> list[str]:
    """Refresh every overlay in which az changed something since; return what there is to tell.

    Only then is known whom an `az login` in one of them signed in.
    """
    root, told = place.existing_root, []
    try:
        names = os.listdir(os.path.join(root or "", "az")) if root else []
    except OSError:
        return []
    for context_id in filter(str.isalnum, names):
        overlay = place.overlay(context_id)
        profile = modified_ns(os.path.join(overlay, "azureProfile.json"))
        if profile > modified_ns(os.path.join(overlay, ".stamp")):
            try:
                told += ensure(place, context_id)
            except AzenvError:
                continue  # a context that is gone, or another session's
    return told


def is_rotated(place: Place, context_id: str, overlay: str) -> bool:
    """Tell whether a federated token was renewed since: az itself never reads one again."""
    source, cloud = federation(place, context_id)
    if not source:
        return False
    from azenv.interop.stored import assertion_file

    path = assertion_file(place.root, source, cloud)
    return modified_ns(path) > modified_ns(os.path.join(overlay, ".stamp"))


def federation(place: Place, context_id: str) -> tuple[str, str]:
    """Return where a context's federated tokens come from, and its cloud; empty where from nowhere.

    A path, or the CI that gives them: see `core.model.Credential`.
    """
    if is_session_born(context_id):
        session = session_of(place)
        state = session.state() if session else None
        context = state.contexts.get(context_id) if state else None
        found = state.credentials.get(context.target.identity[:2]) if state and context else None
        return (found.federated, context.target.cloud) if found and context else ("", "")
    text = records.read(place.paths, f"seeds/{context_id}") or ""
    if '"method": "federated"' not in text:
        return "", ""
    import json

    seed = json.loads(text)
    return str(seed["credential"]["federated"]), str(seed["cloud"])


def is_fresh(overlay: str, base: str) -> bool:
    """Tell whether neither the overlay's profile nor the base's tokens are newer than its stamp."""
    stamp = modified_ns(os.path.join(overlay, ".stamp"))
    profile = modified_ns(os.path.join(overlay, "azureProfile.json"))
    tokens = modified_ns(os.path.join(base, "msal_token_cache.json"))
    return 0 < profile <= stamp and tokens <= stamp
