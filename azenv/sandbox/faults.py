"""Bad answers on demand: which, where, for whom, how often."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass

KINDS = (
    "mfa",
    "consent",
    "revoked",
    "expired",
    "blocked",
    "disabled",
    "throttled",
    "server_error",
    "truncated",
    "html",
    "dropped",
    "claims",
)
# What answers a request instead of its endpoint, whoever asks.
BROKEN = ("throttled", "server_error", "truncated", "html", "dropped")
ENDPOINTS = ("discovery", "authorize", "devicecode", "token", "arm", "identity")


@dataclass
class Fault:
    """One bad answer. Empty fields fit everything; `times` of None lasts until it is cleared."""

    kind: str
    endpoint: str = ""
    tenant: str = ""
    principal: str = ""  # a username or a client id
    path: str = ""  # a part of the path
    times: int | None = None
    retry_after: int = 1
    status: int = 503

    def __post_init__(self) -> None:
        """Refuse what would never fire. Raises ValueError."""
        if self.kind not in KINDS:
            raise ValueError(f'no such fault "{self.kind}"')
        if self.endpoint and self.endpoint not in ENDPOINTS:
            raise ValueError(f'no such endpoint "{self.endpoint}"')
        if self.principal and self.kind in BROKEN:
            raise ValueError(f'"{self.kind}" does not look at who asks')


class Faults:
    """The faults in force; safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put one more fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Answer well again."""
        with self._lock:
            self._faults.clear()

    def describe(self) -> list[dict[str, object]]:
        """Return the faults in force as JSON has them."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(
        self,
        kinds: tuple[str, ...],
        endpoint: str,
        *,
        tenant: str = "",
        principal: str = "",
        path: str = "",
    ) -> Fault | None:
        """Return the first fault that fits, and count it."""
        with self._lock:
            for fault in self._faults:
                if (
                    fault.kind in kinds
                    and fault.endpoint in ("", endpoint)
                    and fault.tenant in ("", tenant)
                    and fault.principal.casefold() in ("", principal.casefold())
                    and fault.path in path
                ):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None
