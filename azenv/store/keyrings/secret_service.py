"""The Secret Service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC), asked over D-Bus.

It is asked by `SearchItems`, which tells what is locked and never prompts, and all of one
exchange has two seconds: a prompt that nobody sees must not hang a command.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode, b64encode

from jeepney import DBusAddress, DBusErrorResponse, Properties, new_method_call
from jeepney.auth import AuthenticationError
from jeepney.bus import get_bus
from jeepney.io.blocking import DBusConnection, prep_socket
from jeepney.wrappers import unwrap_msg

from azenv.store import keyrings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

NAME = "the OS keyring (Secret Service)"
LIMIT_S = 2.0
_BUS_NAME = "org.freedesktop.secrets"
_SERVICE = "org.freedesktop.Secret.Service"
_COLLECTION = "org.freedesktop.Secret.Collection"
_ITEM = "org.freedesktop.Secret.Item"
_TOP = "/org/freedesktop/secrets"
_NOTHING = "/"  # an object path that names no object: no collection, no prompt
_LATE = ("org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.TimedOut")


def load(name: str) -> bytes | None:
    """Return the key called `name`, None where the keyring has none. Raises UnavailableError."""
    with _Service() as service:
        return service.load(name)


def store(name: str, key: bytes) -> None:
    """Keep a key, and read it back. Raises UnavailableError."""
    with _Service() as service:
        service.store(name, key)
        if service.load(name) != key:
            raise keyrings.forgetful(NAME)


def remove(name: str) -> None:
    """Forget the key called `name`, if it is there. Raises UnavailableError."""
    with _Service() as service:
        unlocked, locked = service.find(name)
        for item in (*unlocked, *locked):
            (prompt,) = service.ask(item, _ITEM, "Delete")
            if prompt != _NOTHING:
                raise keyrings.locked(NAME)


class _Bus(DBusConnection):  # type: ignore[misc]  # jeepney has no types
    """A connection whose every answer, that to its own greeting too, comes before one deadline."""

    def __init__(self, address: str, deadline: float) -> None:
        self._deadline = deadline
        super().__init__(prep_socket(address, timeout=LIMIT_S))

    def send_and_get_reply(self, message: Any, *, timeout: object = None) -> Any:  # noqa: ANN401  jeepney has no types
        del timeout
        left = max(self._deadline - time.monotonic(), 0.0)
        return super().send_and_get_reply(message, timeout=left)


class _Service:
    """One exchange with the service; whatever it refuses is said in azenv's words."""

    def __enter__(self) -> Self:
        self._bus: _Bus | None = None
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._bus is not None:
            self._bus.close()
        if isinstance(error, TimeoutError):
            raise keyrings.slow(NAME, LIMIT_S) from None
        if isinstance(error, DBusErrorResponse):
            raise _refusal(str(error.name)) from None
        if isinstance(error, AuthenticationError | OSError):
            raise keyrings.absent("the D-Bus session refuses") from None

    def load(self, name: str) -> bytes | None:
        unlocked, locked = self.find(name)
        if locked and not unlocked:
            raise keyrings.locked(NAME)
        if not unlocked:
            return None
        secrets = self.ask(_TOP, _SERVICE, "GetSecrets", "aoo", unlocked[:1], self._session())[0]
        *_, value, _ = secrets[unlocked[0]]
        return b64decode(value)

    def store(self, name: str, key: bytes) -> None:
        collection = self.ask(_TOP, _SERVICE, "ReadAlias", "s", "default")[0]
        if collection == _NOTHING:
            raise keyrings.absent("it has no default collection")
        if self._is_locked(collection):
            raise keyrings.locked(NAME)
        properties = {
            f"{_ITEM}.Label": ("s", "azenv: the key of its tokens"),
            f"{_ITEM}.Attributes": ("a{ss}", _attributes(name)),
        }
        secret = (self._session(), b"", b64encode(key), "text/plain")
        body = (properties, secret, True)  # True: in place of one that has its name
        answer = self.ask(collection, _COLLECTION, "CreateItem", "a{sv}(oayays)b", *body)
        if answer[1] != _NOTHING:
            raise keyrings.locked(NAME)

    def find(self, name: str) -> tuple[list[str], list[str]]:
        """Return the items called `name`: unlocked and locked."""
        unlocked, locked = self.ask(_TOP, _SERVICE, "SearchItems", "a{ss}", _attributes(name))
        return unlocked, locked

    def ask(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:  # noqa: ANN401  what D-Bus carries
        """Call a method and return what it answers."""
        address = DBusAddress(path, _BUS_NAME, interface)
        return self._answer(new_method_call(address, method, signature or None, body))

    def _is_locked(self, collection: str) -> bool:
        address = DBusAddress(collection, _BUS_NAME, _COLLECTION)
        ((_, is_locked),) = self._answer(Properties(address).get("Locked"))
        return bool(is_locked)

    def _session(self) -> str:
        # unencrypted: the bus is a socket of this machine, and its other end is this user's
        path: str = self.ask(_TOP, _SERVICE, "OpenSession", "sv", "plain", ("s", ""))[1]
        return path

    def _answer(self, message: Any) -> Any:  # noqa: ANN401  jeepney has no types
        if self._bus is None:
            self._bus = _Bus(_address(), time.monotonic() + LIMIT_S)
        return unwrap_msg(self._bus.send_and_get_reply(message))


def _address() -> str:
    """Return where the session's bus listens, as every D-Bus library looks for it."""
    wanted = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    path = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), "bus")
    if not wanted and os.path.isabs(path) and os.path.exists(path):
        return path
    if not wanted:
        raise keyrings.absent("there is no D-Bus session")
    try:
        return str(get_bus(wanted))
    except (RuntimeError, ValueError, StopIteration):
        raise keyrings.absent("DBUS_SESSION_BUS_ADDRESS names no local socket") from None


def _attributes(name: str) -> dict[str, str]:
    return {"service": keyrings.SERVICE, "account": name}


def _refusal(error_name: str) -> keyrings.UnavailableError:
    if error_name in _LATE:
        return keyrings.slow(NAME, LIMIT_S)
    if error_name.endswith(".IsLocked"):
        return keyrings.locked(NAME)
    if error_name.endswith((".ServiceUnknown", ".NameHasNoOwner")):
        return keyrings.absent("no Secret Service runs")
    return keyrings.absent(error_name)
