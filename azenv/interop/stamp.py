"""An overlay's stamp: its time is what shells compare, its content what azenv put in there."""

from __future__ import annotations

import json
import os
import time

from azenv.interop import azcaches, foreign, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.identity import Identity

NAME = ".stamp"
_SECOND_NS = 1_000_000_000
# A stamp this far back is older than any later write, even where times have whole seconds.
_BACK_S = 2
# An az that writes its cache second by second keeps nobody waiting for ever.
_WAITS = 3


class Stamp:
    """Whose the overlay is and whether it held his tokens, when the stamp was set."""

    __slots__ = ("home_id", "is_seeded", "time_ns", "username")

    def __init__(
        self, *, username: str = "", home_id: str = "", is_seeded: bool = False, time_ns: int = 0
    ) -> None:
        self.username = username
        self.home_id = home_id
        self.is_seeded = is_seeded
        self.time_ns = time_ns

    @classmethod
    def of(cls, identity: Identity | None, *, is_seeded: bool) -> Stamp:
        """Return the stamp of an identity's overlay, None for the blocked one."""
        if identity is None:
            return cls()
        return cls(username=identity.username, home_id=identity.home_id, is_seeded=is_seeded)

    @classmethod
    def read(cls, overlay: str) -> Stamp:
        """Return the overlay's stamp; one at the epoch where there is none, or none that parses."""
        path = os.path.join(overlay, NAME)
        try:
            found = json.loads(foreign.read(path) or b"")
            return cls(
                username=str(found["username"]),
                home_id=str(found["home_id"]),
                is_seeded=found["is_seeded"] is True,
                time_ns=foreign.modified_ns(path),
            )
        except (ValueError, KeyError, TypeError):
            return cls()

    def write(self, overlay: str, time_ns: int) -> None:
        """Set the overlay's stamp to `time_ns`."""
        content = {"username": self.username, "home_id": self.home_id, "is_seeded": self.is_seeded}
        data = json.dumps(content).encode()
        layout.replace(os.path.join(overlay, NAME), data, time_ns)


def due_ns(base: str, *, coarse: bool) -> int:
    """Return the time for a stamp that is set now: nothing unchanged is newer, all later is.

    It is two whole seconds back, or the time of the base's token cache where that is later. With
    `coarse` (shells and file systems of whole seconds) it waits until the second is over in
    which that cache was written.
    """
    cache = os.path.join(base, azcaches.TOKENS_FILE)
    modified_ns = foreign.modified_ns(cache)
    for _ in range(_WAITS if coarse else 0):
        if modified_ns // _SECOND_NS != time.time_ns() // _SECOND_NS:
            break
        time.sleep((_SECOND_NS - time.time_ns() % _SECOND_NS) / _SECOND_NS)
        modified_ns = foreign.modified_ns(cache)
    return max((time.time_ns() // _SECOND_NS - _BACK_S) * _SECOND_NS, modified_ns)


def expire(root: str, accounts: set[str], but: str) -> None:
    """Make the shells renew every other overlay of these accounts: newer tokens were learnt.

    `accounts` holds user names and home ids, case-folded; `but` is the overlay that taught them.
    """
    rooms = os.path.join(root, "az")
    for name in os.listdir(rooms) if accounts else ():
        overlay = os.path.join(rooms, name, ".azure")
        if overlay == but or not os.path.isdir(overlay):
            continue
        stamp = Stamp.read(overlay)
        if {stamp.username.casefold(), stamp.home_id.casefold()} & accounts:
            os.utime(os.path.join(overlay, NAME), ns=(0, 0))
