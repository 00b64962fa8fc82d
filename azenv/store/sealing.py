r"""Sealed files: AES-256-GCM, a section at a time, bound to their file, key and generation.

    "AZENV\0" 1 1 | key id (16) | generation (8) | per section: length (4) nonce (12) ciphertext tag

The header, the file's label and the section's number are authenticated with each section, so
nothing can be swapped between files, sections or generations. Pure bytes; `azenv token` imports
this module: builtins only, and cryptography's core where something is opened.
"""

from __future__ import annotations

import os

from azenv.core.errors import AzenvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"AZENV\0"
VERSION = b"\x01\x01"  # of the layout and of the cipher
KEY_SIZE = 32
ID_SIZE = 16
_NONCE_SIZE = 12
_HEADER_SIZE = len(MAGIC) + len(VERSION) + ID_SIZE + 8


def key_id(data: bytes) -> bytes:
    """Return the id of the key that opens `data`.

    Raises ValueError for what is no sealed file, AzenvError for that of a newer azenv.
    """
    if len(data) < _HEADER_SIZE or not data.startswith(MAGIC):
        raise ValueError("not a sealed file")
    version = data[len(MAGIC) : len(MAGIC) + len(VERSION)]
    if max(version) > max(VERSION):
        raise AzenvError("a newer azenv sealed it", hint="upgrade azenv")
    if version != VERSION:
        raise ValueError("not a sealed file")
    return data[8 : 8 + ID_SIZE]


def generation(data: bytes) -> int:
    """Return how many times the file was written. Raises ValueError."""
    key_id(data)
    return int.from_bytes(data[8 + ID_SIZE : _HEADER_SIZE])


def seal(
    sections: Sequence[bytes], *, key: bytes, key_id: bytes, generation: int, label: str
) -> bytes:
    """Return the sealed file that holds `sections`; nonces are random."""
    cipher = _cipher(key)
    header = MAGIC + VERSION + key_id + generation.to_bytes(8)
    parts = [header]
    for number, section in enumerate(sections):
        nonce = os.urandom(_NONCE_SIZE)
        sealed = cipher.encrypt(nonce, section, _bound(header, label, number))
        parts += [(len(nonce) + len(sealed)).to_bytes(4), nonce, sealed]
    return b"".join(parts)


def unseal(data: bytes, *, key: bytes, label: str, count: int) -> list[bytes]:
    """Return the `count` sections of a sealed file.

    Raises ValueError where one was changed, or they are more or fewer.
    """
    sealed = _split(data, count)
    cipher = _cipher(key)
    return [_open(cipher, data, label, number, part) for number, part in enumerate(sealed)]


def _split(data: bytes, count: int) -> list[bytes]:
    """Return the sealed sections: the number of them is the file's, so none can be cut off."""
    key_id(data)
    found, at = [], _HEADER_SIZE
    for _ in range(count):
        start = at + 4
        at = start + int.from_bytes(data[at:start])
        if start > len(data) or at > len(data):
            raise ValueError("the file is short")
        found.append(data[start:at])
    if at != len(data):
        raise ValueError("something follows the last section")
    return found


def _open(cipher: AESGCM, data: bytes, label: str, number: int, sealed: bytes) -> bytes:
    bound = _bound(data[:_HEADER_SIZE], label, number)
    try:
        return cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], bound)
    except ValueError:  # cryptography's, for a nonce that is short
        raise ValueError("a section is short") from None
    except Exception as error:
        from cryptography.exceptions import InvalidTag  # only the damaged pay for it

        if not isinstance(error, InvalidTag):
            raise
        raise ValueError("a section was changed, or is another file's") from None


def _bound(header: bytes, label: str, number: int) -> bytes:
    return header + label.encode() + bytes([number])


def _cipher(key: bytes) -> AESGCM:
    # its public name imports every cipher there is: 27 ms, this one 8
    try:
        from cryptography.hazmat.bindings import _rust

        return _rust.openssl.aead.AESGCM(key)
    except (ImportError, AttributeError):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(key)
