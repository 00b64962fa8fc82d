"""Windows' data protection: wraps bytes so that this user on this machine alone unwraps them.

Its test runs on Windows only.
"""

from __future__ import annotations

import ctypes

from azenv.store import keyrings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "Windows data protection"
_NO_PROMPT = 0x1  # CRYPTPROTECT_UI_FORBIDDEN


class _Blob(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.c_void_p))


def wrap(key: bytes) -> bytes:
    """Return `key`, wrapped. Raises UnavailableError."""
    return _call("CryptProtectData", key)


def unwrap(wrapped: bytes) -> bytes:
    """Return what `wrap` was given. Raises UnavailableError, as after a move of the profile."""
    return _call("CryptUnprotectData", wrapped)


def _call(function: str, data: bytes) -> bytes:
    windows: Any = ctypes  # typeshed has the rest of it on Windows alone
    if not hasattr(windows, "WinDLL"):
        raise keyrings.absent("this is not Windows")
    buffer = ctypes.create_string_buffer(data, len(data))
    given = _Blob(len(data), ctypes.cast(buffer, ctypes.c_void_p))
    answer = _Blob()
    crypt32 = windows.WinDLL("crypt32", use_last_error=True)
    kernel32 = windows.WinDLL("kernel32")
    arguments = (None, None, None, None, _NO_PROMPT, ctypes.byref(answer))
    if not getattr(crypt32, function)(ctypes.byref(given), *arguments):
        raise keyrings.absent(f"{function} fails with {windows.get_last_error()}")
    try:
        return ctypes.string_at(answer.data, answer.size)
    finally:
        kernel32.LocalFree.argtypes = [ctypes.c_void_p]
        kernel32.LocalFree(answer.data)
