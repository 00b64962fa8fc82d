"""What can go wrong, in the user's words, and the exit code that says so.

Raise low, print once: `azenv.boundary` is the only place that turns these into text. A hint is
something to type.
"""

from __future__ import annotations

OK = 0
FAILURE = 1
USAGE = 2
BUG = 3
SIGN_IN_NEEDED = 4
NOT_TRUSTED = 5
INTERRUPTED = 130


class AzenvError(Exception):
    """An expected failure: exit code 1, a message and, where there is one, a hint to type."""

    exit_code = FAILURE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AzenvError):
    """The words of the call are off: exit code 2, as click's own usage errors."""

    exit_code = USAGE


class SignInNeededError(AzenvError):
    """Nothing can be reached before the user signs in: exit code 4."""

    exit_code = SIGN_IN_NEEDED


class NotTrustedError(AzenvError):
    """A pin that the user has not allowed stands in the way: exit code 5."""

    exit_code = NOT_TRUSTED


class NotFoundError(AzenvError):
    """Nothing fits what the user typed; `nearest` are the names that come closest."""

    def __init__(
        self, message: str, *, hint: str | None = None, nearest: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.nearest = nearest


class AmbiguousError(AzenvError):
    """Several contexts fit what the user typed; the message lists them."""


class DamagedError(AzenvError):
    """A file that does not parse, or is not safe to use: refused, never overwritten."""
