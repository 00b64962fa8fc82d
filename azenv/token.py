"""`azenv token` where the token is at hand: no parser, no network, next to no imports.

A record says under what the tokens of a context's account are filed; the vault's table finds
one. Whatever is not plain goes to the command line, which also says what is wrong.
"""

from __future__ import annotations

import os
import time

from azenv.activation import scoping
from azenv.activation.glance import active_id
from azenv.activation.place import Place
from azenv.core import resources
from azenv.core.errors import AzenvError
from azenv.store import records, tokentable
from azenv.store.vault import user_vault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A token that ends sooner is no use to whoever gets it: `azure.tokens` has the same margin.
MARGIN_S = 300


def cached(words: Sequence[str]) -> str:
    """Return the token that `words` ask for, empty where the command line has to look."""
    resource = resources.ARM
    if words:
        if len(words) != 2 or words[0] not in ("--resource", "-r"):  # noqa: PLR2004  name and value
            return ""
        resource = words[1]
    place = Place(os.environ)
    try:
        context_id = active_id(place)
        text = credential(place, context_id) if context_id else None
        return find(place, text, resource) if text else ""
    except (AzenvError, OSError, ValueError):
        return ""


def credential(place: Place, context_id: str) -> str | None:
    """Return the record that says how a context's tokens are filed; None without a sign-in."""
    if scoping.is_session_born(context_id):
        return None  # its vault is the session's, which takes a parser
    return records.read(place.paths, f"credentials/{context_id}")


def find(place: Place, text: str, resource: str) -> str:
    """Return the token for `resource`, empty where there is none that lasts a while."""
    home_id, host, client_id, tenant, cloud, arm = text.split(records.US)
    wanted = address(resource, cloud, arm)
    if not wanted:
        return ""
    digest = tokentable.digest(home_id, host, client_id, tenant, wanted)
    found = user_vault(place.paths).find_token(digest)
    return found[0] if found and found[1] > time.time() + MARGIN_S else ""


def address(resource: str, cloud: str, arm: str) -> str:
    """Return what the token is for, empty where that takes a look at the cloud."""
    if resources.is_address(resource):
        return resource
    if resources.folded(resource) == resources.ARM:
        return arm
    return resources.public(resource) if cloud == resources.PUBLIC_CLOUD else ""
