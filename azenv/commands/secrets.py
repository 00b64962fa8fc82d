"""Secrets that a person types, or that come from a file, a pipe or a descriptor: never words."""

from __future__ import annotations

import os
import sys
from functools import partial

from azenv.core.errors import AzenvError, NotFoundError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App

STDIN = "-"
_MOST_BYTES = 1_000_000
# What scrypt slows down, it does not make long.
_SHORTEST = 8


def read(app: App, path: str, what: str) -> str:
    """Return a secret from a file, stdin or the terminal, without the line's end.

    Raises UsageError where there is none, NotFoundError.
    """
    if path == STDIN:
        text = sys.stdin.read(_MOST_BYTES)
    elif path:
        text = _from_file(path)
    elif app.is_interactive:
        text = _typed(what)
    else:
        raise UsageError(f"nobody can be asked here for the {what}", hint="--secret-file FILE")
    text = text.rstrip("\r\n")
    if not text:
        where = "stdin" if path == STDIN else path or "what was typed"
        raise UsageError(f"there is no {what.partition(' of ')[0]} in {where}: it is empty")
    return text


def _typed(what: str) -> str:
    import getpass

    return getpass.getpass(f"azenv: {what}: ", stream=sys.stderr)


def _from_file(path: str) -> str:
    """Return the text of a file or a pipe, as `<(…)` of a shell is."""
    opened = partial(open, os.path.expanduser(path), encoding="utf-8")
    try:
        with opened() as file:
            return str(file.read(_MOST_BYTES))
    except FileNotFoundError:
        raise NotFoundError(
            f"no such file: {path}", hint="--secret-file FILE; - is stdin"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} holds no text") from None


def passphrase(app: App, descriptor: int | None) -> str:
    """Return the passphrase of a bundle that is opened. Raises UsageError where there is none."""
    if descriptor is not None:
        return _from_descriptor(descriptor)
    _ensure_somebody(app)
    return _typed("passphrase")


def new_passphrase(app: App, descriptor: int | None) -> str:
    """Return the passphrase of a bundle to be made; a person types it twice.

    Raises UsageError where there is none, AzenvError for one that is too short or mistyped.
    """
    if descriptor is None:
        _ensure_somebody(app)
    text = _typed("passphrase") if descriptor is None else _from_descriptor(descriptor)
    if len(text) < _SHORTEST:
        message = f"the passphrase has fewer than {_SHORTEST} characters"
        raise AzenvError(message, hint="several words are easy to keep and hard to guess")
    if descriptor is None and _typed("the same once more") != text:
        raise AzenvError("the two passphrases differ", hint="try again")
    return text


def _ensure_somebody(app: App) -> None:
    if not app.is_interactive and not _is_at_a_terminal():
        raise UsageError(
            "nobody can be asked here for the passphrase",
            hint="--passphrase-fd 3 3<FILE",
        )


def _is_at_a_terminal() -> bool:
    """Tell whether a person can type though stdin is a pipe: the bundle itself may come by it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):  # Windows has no such flag
        return False
    return sys.stderr.isatty()


def _from_descriptor(descriptor: int) -> str:
    """Return the first line that an open descriptor gives. Raises UsageError."""
    hint = f"--passphrase-fd {descriptor} {descriptor}<FILE"
    data = b""
    try:
        while b"\n" not in data and len(data) < _MOST_BYTES:
            part = os.read(descriptor, 4096)
            if not part:
                break
            data += part
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", "no such descriptor")
        raise UsageError(f"cannot read descriptor {descriptor}: {why}", hint=hint) from error
    try:
        text = data.split(b"\n", 1)[0].decode().rstrip("\r")
    except UnicodeDecodeError:
        raise UsageError(f"descriptor {descriptor} gives no text", hint=hint) from None
    if not text:
        raise UsageError(f"descriptor {descriptor} gives no passphrase: it is empty", hint=hint)
    return text
