"""Where the keys of sealed files are kept: the OS keyring, else a file that only the user can read.

The first byte of a key's id says which of them has it, so a key is never looked for elsewhere
and never moves by itself. The files lie below the state directory and not beside what they open:
people mount `~/.azure` into containers. `azenv token` imports this module: builtins only.
"""

from __future__ import annotations

import os

from azenv.core.errors import DamagedError, SignInNeededError
from azenv.store.files import ensure_private_directory, read_private, write_private
from azenv.store.sealing import ID_SIZE, KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.store.paths import Paths

FILE = b"f"


class KeyMissingError(SignInNeededError):
    """The key that opens what azenv keeps is not to be had now; what it sealed stays as it is."""


def folder(paths: Paths) -> str:
    """Return where key files lie."""
    return os.path.join(paths.state, "keys")


def _file(paths: Paths, key_id: bytes) -> str:
    return os.path.join(folder(paths), key_id.hex())


def load(paths: Paths, key_id: bytes) -> bytes:
    """Return the key. Raises KeyMissingError that says which key is missing, and where."""
    path = _file(paths, key_id)
    key = read_private(path)
    if key is None:
        raise KeyMissingError(f"the key of azenv's tokens is missing: {path}", hint="azenv doctor")
    if len(key) != KEY_SIZE:
        raise DamagedError(f"the key of azenv's tokens is damaged: {path}", hint="azenv doctor")
    return key


def create(paths: Paths) -> tuple[bytes, bytes]:
    """Make a new key, store it, and return (id, key)."""
    key_id, key = FILE + os.urandom(ID_SIZE - 1), os.urandom(KEY_SIZE)
    ensure_private_directory(paths.state)
    ensure_private_directory(folder(paths))
    write_private(_file(paths, key_id), key)
    return key_id, key


def remove(paths: Paths, key_id: bytes) -> None:
    """Destroy a key: what it sealed can never be opened again."""
    try:  # noqa: SIM105  contextlib costs `azenv token` 3 ms
        os.unlink(_file(paths, key_id))
    except FileNotFoundError:
        pass
