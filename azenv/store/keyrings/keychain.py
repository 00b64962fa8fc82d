"""The Keychain of macOS. Its test runs on macOS only."""

from __future__ import annotations

from base64 import b64decode, b64encode

# the one backend, and not keyring.get_keyring(): that would load whatever is installed
from keyring.backends import macOS
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from azenv.store import keyrings

NAME = "the Keychain"
# errSecInteractionNotAllowed: a session without a screen, such as SSH
_NO_INTERACTION = "-25308"


def load(name: str) -> bytes | None:
    """Return the key called `name`, None where the Keychain has none. Raises UnavailableError."""
    try:
        text = macOS.Keyring().get_password(keyrings.SERVICE, name)
    except KeyringError as error:
        raise _refusal(error) from None
    return None if text is None else b64decode(text)


def store(name: str, key: bytes) -> None:
    """Keep a key, and read it back. Raises UnavailableError."""
    try:
        macOS.Keyring().set_password(keyrings.SERVICE, name, b64encode(key).decode())
    except KeyringError as error:
        raise _refusal(error) from None
    if load(name) != key:
        raise keyrings.forgetful(NAME)


def remove(name: str) -> None:
    """Forget the key called `name`, if it is there. Raises UnavailableError."""
    try:
        macOS.Keyring().delete_password(keyrings.SERVICE, name)
    except PasswordDeleteError as error:
        if load(name) is not None:
            raise _refusal(error) from None


def _refusal(error: KeyringError) -> keyrings.UnavailableError:
    if isinstance(error, KeyringLocked) or _NO_INTERACTION in str(error):
        return keyrings.locked(NAME)
    return keyrings.absent(str(error))
