"""The keyrings of operating systems: a key's name in, 32 bytes out, and never a prompt.

Each has `load`, `store` and `remove`; Windows wraps a file's bytes instead. Each is imported on
its own system only.
"""

from __future__ import annotations

from azenv.core.errors import AzenvError

SERVICE = "azenv"


class UnavailableError(AzenvError):
    """The keyring gives nothing now: it is absent, locked or slow; the message says which."""


def absent(why: str) -> UnavailableError:
    """Return the error for a keyring that is not there."""
    return UnavailableError(
        f"no OS keyring answers here ({why})", hint="try again inside your desktop session"
    )


def locked(name: str) -> UnavailableError:
    """Return the error for a keyring that wants its password first; azenv never lets it ask."""
    return UnavailableError(
        f"{name} is locked, or not reachable from this session",
        hint=f"unlock {name} in your desktop session, then try again",
    )


def slow(name: str, limit_s: float) -> UnavailableError:
    """Return the error for a keyring that does not answer."""
    return UnavailableError(
        f"{name} has not answered for {limit_s:.0f} seconds",
        hint=f"see whether {name} waits for you, then try again",
    )


def forgetful(name: str) -> UnavailableError:
    """Return the error for a keyring that takes a key and does not give it back."""
    return UnavailableError(f"{name} did not keep what was stored", hint="see its settings")
