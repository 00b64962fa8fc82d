"""Where the keys of sealed files are kept: the OS keyring, else a file that only the user can read.

The first byte of a key's id says which of them has it, so a key is never looked for elsewhere
and never moves by itself. The files lie below the state directory and not beside what they open:
people mount `~/.azure` into containers. `azenv token` imports this module: builtins only.
"""

from __future__ import annotations

import os
import sys

from azenv.core.errors import AzenvError, DamagedError, SignInNeededError
from azenv.store.files import ensure_private_directory, read_private, write_private
from azenv.store.keyrings import SERVICE, UnavailableError
from azenv.store.sealing import ID_SIZE, KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from azenv.store.paths import Paths

    class Keyring(Protocol):
        """What each of the modules `keyrings.*` that keep a key by name is."""

        NAME: str

        def load(self, name: str) -> bytes | None:
            """Return the key called `name`."""

        def store(self, name: str, key: bytes) -> None:
            """Keep a key."""

        def remove(self, name: str) -> None:
            """Forget the key called `name`."""


FILE, WRAPPED_FILE, SECRET_SERVICE, KEYCHAIN = b"f", b"d", b"s", b"k"
_PLACES = {
    FILE: "a file that only you can read",
    WRAPPED_FILE: "a file that Windows opens for you alone",
    SECRET_SERVICE: "the OS keyring (Secret Service)",
    KEYCHAIN: "the Keychain of macOS",
}
_FILES = (FILE, WRAPPED_FILE)
_OF_PLATFORM = {"linux": SECRET_SERVICE, "darwin": KEYCHAIN, "win32": WRAPPED_FILE}


class KeyMissingError(SignInNeededError):
    """The key that opens what azenv keeps is not to be had now; what it sealed stays as it is."""


def folder(paths: Paths) -> str:
    """Return where key files lie."""
    return os.path.join(paths.state, "keys")


def _file(paths: Paths, key_id: bytes) -> str:
    return os.path.join(folder(paths), key_id.hex())


def load(paths: Paths, key_id: bytes) -> bytes:
    """Return the key. Raises KeyMissingError that says which key is missing, and where."""
    try:
        key = _load(paths, key_id)
    except UnavailableError as error:
        message = f"{error.message}; it has the key of azenv's tokens"
        raise KeyMissingError(message, hint=error.hint) from None
    if key is None:
        message = f"the key of azenv's tokens is missing: {where(paths, key_id)}"
        raise KeyMissingError(message, hint="azenv doctor")
    if len(key) != KEY_SIZE:
        message = f"the key of azenv's tokens is damaged: {where(paths, key_id)}"
        raise DamagedError(message, hint="azenv doctor")
    return key


def where(paths: Paths, key_id: bytes) -> str:
    """Return where a key is kept, in words."""
    if key_id[:1] in _FILES:
        return f"{_PLACES[key_id[:1]]}, {_file(paths, key_id)}"
    place = _PLACES.get(key_id[:1], "a place that this azenv does not know")
    return f'{place}, service "{SERVICE}", account "{key_id.hex()}"'


def _load(paths: Paths, key_id: bytes) -> bytes | None:
    kind = key_id[:1]
    if kind in _FILES:
        found = read_private(_file(paths, key_id))
        return _unwrapped(found) if found and kind == WRAPPED_FILE else found
    ring = _keyring(kind)
    return ring.load(key_id.hex()) if ring else None


def _unwrapped(data: bytes) -> bytes:
    from azenv.store.keyrings import dpapi

    return dpapi.unwrap(data)


def _keyring(kind: bytes) -> Keyring | None:
    """Return the keyring that has the keys of a kind, None where this system has no such one."""
    if kind == SECRET_SERVICE and sys.platform == "linux":
        from azenv.store.keyrings import secret_service

        return secret_service
    if kind == KEYCHAIN and sys.platform == "darwin":
        from azenv.store.keyrings import keychain

        return keychain
    return None


class Made:
    """A new key, its id, and why the OS keyring does not have it, where it should."""

    __slots__ = ("id", "key", "why")

    def __init__(self, kind: bytes, why: str = "") -> None:
        self.id = kind + os.urandom(ID_SIZE - 1)
        self.key = os.urandom(KEY_SIZE)
        self.why = why


def create(paths: Paths) -> Made:
    """Make a new key and store it where the setting `key_store` says.

    Raises AzenvError where that is the keyring and it is not to be had.
    """
    wanted = _wanted(paths)
    # what lies below AZENV_HOME goes with that directory, and leaves nothing in a keyring
    if wanted == "file" or (wanted == "auto" and paths.home):
        return _in_file(paths, Made(FILE))
    try:
        return _in_keyring(paths)
    except UnavailableError as error:
        if wanted == "keyring":
            message = f'{error.message}, and key_store is "keyring"'
            hint = f'{error.hint}, or: key_store = "file" in {paths.settings}'
            raise AzenvError(message, hint=hint) from None
        return _in_file(paths, Made(FILE, error.message))


def _wanted(paths: Paths) -> str:
    if not os.path.lexists(paths.settings):
        return "auto"
    from azenv.store import settings  # tomllib

    return settings.load(paths.settings).key_store


def _in_keyring(paths: Paths) -> Made:
    kind = _OF_PLATFORM.get(sys.platform, SECRET_SERVICE)
    if kind == WRAPPED_FILE:
        return _in_file(paths, Made(WRAPPED_FILE))
    ring = _keyring(kind)
    if ring is None:
        raise UnavailableError("this system has no keyring that azenv knows")
    made = Made(kind)
    ring.store(made.id.hex(), made.key)
    return made


def _in_file(paths: Paths, made: Made) -> Made:
    data = made.key
    if made.id[:1] == WRAPPED_FILE:
        from azenv.store.keyrings import dpapi

        data = dpapi.wrap(data)
    ensure_private_directory(paths.state)
    ensure_private_directory(folder(paths))
    write_private(_file(paths, made.id), data)
    return made


def remove(paths: Paths, key_id: bytes) -> None:
    """Destroy a key: what it sealed can never be opened again. Raises UnavailableError."""
    if ring := _keyring(key_id[:1]):
        ring.remove(key_id.hex())
        return
    try:  # noqa: SIM105  contextlib costs `azenv token` 3 ms
        os.unlink(_file(paths, key_id))
    except FileNotFoundError:
        pass
