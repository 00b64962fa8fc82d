"""What a session keeps apart from the user's store, as the session store's JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from azenv.store import nouns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azenv.core.book import Holder, Identity
    from azenv.core.model import Context, Credential, Pending, Target
    from azenv.store.clouds import Clouds

SCHEMA = 1


@dataclass(slots=True)
class State:
    """`mode` is what `autosave --scope process` set: "process", "user", or "".

    `contexts` by id: those born here, and the user's that were changed for this session; `hidden`
    are the user's that this session does not see. `unsaved` (context ids and holder keys) is what
    was made by `--scope process` and is never merged into the user's store.
    """

    mode: str = ""
    contexts: dict[str, Context] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    known: dict[Identity, Target] = field(default_factory=dict)
    credentials: dict[Holder, Credential] = field(default_factory=dict)
    pending: dict[tuple[str, str, str], Pending] = field(default_factory=dict)
    clouds: Clouds = field(default_factory=dict)
    unsaved: frozenset[str] = frozenset()

    def holders(self) -> set[Holder]:
        """Return every account that the session says anything of."""
        found = set(self.credentials)
        found |= {context.target.identity[:2] for context in self.contexts.values()}
        found |= {key[:2] for key in self.known}
        return found | {key[:2] for key in self.pending}


def dump(state: State) -> bytes:
    """Return `state` as JSON."""
    top: dict[str, Any] = {
        "schema": SCHEMA,
        "mode": state.mode,
        "contexts": [nouns.context_object(context) for context in state.contexts.values()],
        "hidden": sorted(state.hidden),
        "known": [nouns.target_object(target) for target in state.known.values()],
        "credentials": [nouns.credential_object(*item) for item in state.credentials.items()],
        "pending": [nouns.pending_object(pending) for pending in state.pending.values()],
        "clouds": state.clouds,
        "unsaved": sorted(state.unsaved),
    }
    return json.dumps(top, ensure_ascii=False, separators=(",", ":")).encode()


def parse(data: bytes) -> State:
    """Return the state that `data` holds, an empty one for nothing.

    Raises ValueError, KeyError, TypeError or AttributeError where it is none.
    """
    if not data:
        return State()
    top = json.loads(data)
    if top["schema"] != SCHEMA:
        raise ValueError("the session store of another azenv")
    contexts = [nouns.context(item) for item in top["contexts"]]
    targets = [nouns.target(item) for item in top["known"]]
    pending = [nouns.pending(item) for item in top["pending"]]
    return State(
        mode=nouns.text(top, "mode"),
        contexts={context.id: context for context in contexts},
        hidden=frozenset(top["hidden"]),
        known={target.identity: target for target in targets},
        credentials={
            (nouns.text(item, "cloud"), nouns.text(item, "account")): nouns.credential(item)
            for item in top["credentials"]
        },
        pending={item.key: item for item in pending},
        clouds=top["clouds"],
        unsaved=frozenset(top["unsaved"]),
    )
