"""The pin file: data that names a context, nothing else (DESIGN section 6).

`context = "NAME"`, or the portable form that a team can commit: `subscription`, `tenant`,
optional `account` and `cloud`. Unknown keys are an error: a pin that carries a variable or a path
must not look as if it worked.
"""

from __future__ import annotations

import os
import stat

from azenv.core.errors import AzenvError
from azenv.core.names import printable

LARGEST = 4096
KEYS = ("context", "subscription", "tenant", "account", "cloud")


class PinError(AzenvError):
    """A pin that cannot be used; the message says why, without its bytes unescaped.

    `data` are the bytes of a plain file that is not UTF-8, else None.
    """

    data: bytes | None = None


def read(path: str) -> str:
    """Return the content of the pin at `path`, under the rules of every shell hook.

    Raises PinError for a link, anything but a plain file, more than 4,096 bytes, NUL, a byte
    order mark or bytes that are not UTF-8; FileNotFoundError where there is none.
    """
    data, found = _read_bytes(path)
    if not stat.S_ISREG(found.st_mode):
        raise PinError(_said(path, "is not a plain readable file"))
    if len(data) > LARGEST or b"\0" in data:
        raise PinError(_said(path, f"is longer than {LARGEST} bytes, or holds NUL"))
    if data.startswith(b"\xef\xbb\xbf"):
        raise PinError(_said(path, "begins with a byte order mark"), hint="save it as plain UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        refused = PinError(_said(path, f"is not valid UTF-8 (byte {error.start})"))
        refused.data = data
        raise refused from None


def _read_bytes(path: str) -> tuple[bytes, os.stat_result]:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError:
        raise PinError(_said(path, "is not a plain readable file")) from None
    try:
        found = os.fstat(handle)
        # never read from a device or a FIFO: /proc/self/pagemap has no end
        data = os.read(handle, LARGEST + 1) if stat.S_ISREG(found.st_mode) else b""
        return data, found
    finally:
        os.close(handle)


def _said(path: str, what: str) -> str:
    return f"the pin {printable(path)} {what}"


def parse(path: str, content: str) -> dict[str, str]:
    """Return the keys of a pin. Raises PinError that names the key, or the place in the text."""
    import tomllib  # as slow as the interpreter itself

    try:
        found = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        message = _said(path, f"is not valid TOML: {printable(str(error))}")
        raise PinError(message) from None
    for key, value in found.items():
        if key not in KEYS:
            known = ", ".join(KEYS)
            message = _said(path, f'has an unknown key "{printable(key)}" (known: {known})')
            raise PinError(message)
        if not isinstance(value, str) or not value:
            message = _said(path, f'needs text for "{key}"')
            raise PinError(message)
    if "context" in found and len(found) > 1:
        message = _said(path, '"context" stands alone; the portable form has no context')
        raise PinError(message)
    if not found.keys() & {"context", "subscription", "tenant"}:
        message = _said(path, "names no context")
        raise PinError(message, hint='write: context = "NAME", or run: azenv pin NAME')
    return found


def render(keys: dict[str, str], old: str = "") -> str:
    """Return the text of a pin with `keys`; comments and order of `old` survive.

    Raises PinError where the result would be longer than 4,096 bytes.
    """
    import tomlkit  # 30 ms, for writing only
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(old)
    except TOMLKitError:
        document = tomlkit.document()
    for key in KEYS:
        if key in keys:
            document[key] = keys[key]
        elif key in document:
            del document[key]
    text = tomlkit.dumps(document)
    if len(text.encode()) > LARGEST:
        message = f"the pin would be longer than {LARGEST} bytes"
        raise PinError(message)
    return text


def write(path: str, text: str) -> None:
    """Write the pin whole, as a file that a team can commit (the umask's mode).

    Raises AzenvError where it cannot be written.
    """
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        message = f"cannot write {printable(path)}: {error.strerror}"
        raise AzenvError(message, hint="pin a directory that you may write") from error
