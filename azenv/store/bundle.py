r"""Bundles: contexts with what signs them in, in one file that a passphrase opens anywhere.

    "azenv bundle 1\n" | scrypt's N (4) r (4) p (4) | length (8) | salt (16) | nonce (12)
    | AES-256-GCM ciphertext, tag

All before the ciphertext is authenticated with it, and held against limits before anything is
computed: a strange file cannot ask for more memory or time than those allow.
"""

from __future__ import annotations

import json
import os
import struct
import unicodedata
from dataclasses import dataclass, field

from azenv.core.errors import AzenvError, DamagedError
from azenv.store import nouns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from azenv.core.book import Holder
    from azenv.core.model import Context, Credential
    from azenv.store.clouds import Clouds
    from azenv.store.vault import Secret

_FAMILY = b"azenv bundle "
MAGIC = _FAMILY + b"1\n"
_FIELDS = struct.Struct(">IIIQ16s12s")
_HEADER_SIZE = len(MAGIC) + _FIELDS.size
_TAG_SIZE = 16
# RFC 7914's parameters: 128 MiB and a third of a second here.
N, R, P = 2**17, 8, 1
_MOST_N, _MOST_R, _MOST_P = 2**19, 16, 4
_MOST_BYTES_OF_MEMORY = 2**29  # scrypt takes 128 * N * r


@dataclass(slots=True)
class Bundle:
    """What a bundle carries. `secrets` go by `vault.holder_key`, `cache` is MSAL's as JSON text.

    `default` is the name of the default context, empty where it is not among them.
    """

    contexts: list[Context] = field(default_factory=list)
    default: str = ""
    clouds: Clouds = field(default_factory=dict)
    credentials: dict[Holder, Credential] = field(default_factory=dict)
    cache: str = ""
    secrets: dict[str, Secret] = field(default_factory=dict)


def is_bundle(data: bytes) -> bool:
    """Tell whether `data` begins as a bundle does, of whatever version."""
    return data.startswith(_FAMILY)


def seal(bundle: Bundle, passphrase: str) -> bytes:
    """Return the file that holds `bundle`."""
    content = _dump(bundle)
    salt, nonce = os.urandom(16), os.urandom(12)
    header = MAGIC + _FIELDS.pack(N, R, P, len(content) + _TAG_SIZE, salt, nonce)
    return header + _cipher(passphrase, salt, N, R, P).encrypt(nonce, content, header)


def unseal(data: bytes, passphrase: str, path: str) -> Bundle:
    """Return what a bundle carries; `path` is for messages.

    Raises DamagedError where it is cut short or was changed or the passphrase is wrong, which
    nobody can tell apart, and AzenvError for the bundle of a newer azenv.
    """
    from cryptography.exceptions import InvalidTag

    header, sealed = data[:_HEADER_SIZE], data[_HEADER_SIZE:]
    n, r, p, salt, nonce = _parameters(data, path)
    try:
        content = _cipher(passphrase, salt, n, r, p).decrypt(nonce, sealed, header)
    except InvalidTag:
        raise DamagedError(
            f"the passphrase does not open {path}, or the file was changed",
            hint="try again, or let it be written anew: azenv save FILE --with-credentials",
        ) from None
    try:
        return _parse(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"the content of the bundle does not parse: {path} ({error})"
        raise DamagedError(message, hint="azenv save FILE --with-credentials") from error


def ensure_whole(data: bytes, path: str) -> None:
    """Refuse, before anybody is asked for a passphrase, what none can open.

    Raises DamagedError, AzenvError.
    """
    _parameters(data, path)


def _parameters(data: bytes, path: str) -> tuple[int, int, int, bytes, bytes]:
    """Return N, r, p, salt and nonce. Raises DamagedError, AzenvError."""
    hint = "let it be written anew: azenv save FILE --with-credentials"
    if is_bundle(data) and b"\n" in data[:32] and not data.startswith(MAGIC):
        raise AzenvError(f"a newer azenv wrote the bundle {path}", hint="upgrade azenv")
    if len(data) < _HEADER_SIZE:
        raise DamagedError(f"the bundle is cut short: {path}", hint=hint)
    n, r, p, length, salt, nonce = _FIELDS.unpack(data[len(MAGIC) : _HEADER_SIZE])
    is_sound = 1 < n <= _MOST_N and n & (n - 1) == 0 and 0 < r <= _MOST_R and 0 < p <= _MOST_P
    if not is_sound or 128 * n * r > _MOST_BYTES_OF_MEMORY:
        message = f"the bundle asks for a key that azenv does not compute: {path}"
        raise DamagedError(f"{message} (scrypt N={n}, r={r}, p={p})", hint=hint)
    if length < _TAG_SIZE or len(data) != _HEADER_SIZE + length:
        raise DamagedError(
            f"the bundle is not whole: {path} has {len(data)} bytes, not {_HEADER_SIZE + length}",
            hint=hint,
        )
    return n, r, p, salt, nonce


def _cipher(passphrase: str, salt: bytes, n: int, r: int, p: int) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    # one keyboard composes "é", another one types "e" and its accent
    text = unicodedata.normalize("NFC", passphrase).encode()
    return AESGCM(Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(text))


def _dump(bundle: Bundle) -> bytes:
    top = {
        "contexts": [nouns.context_object(context) for context in bundle.contexts],
        "default": bundle.default,
        "clouds": bundle.clouds,
        "credentials": [nouns.credential_object(*item) for item in bundle.credentials.items()],
        "cache": bundle.cache,
        "secrets": bundle.secrets,
    }
    return json.dumps(top, ensure_ascii=False, separators=(",", ":")).encode()


def _parse(content: bytes) -> Bundle:
    top = json.loads(content)
    cache = nouns.text(top, "cache")
    for entries in json.loads(cache or "{}").values():
        for entry in entries.values():
            entry.items()  # AttributeError: no cache of MSAL's
    return Bundle(
        [nouns.context(item) for item in top["contexts"]],
        nouns.text(top, "default"),
        {str(name): _texts(options) for name, options in top["clouds"].items()},
        {
            (nouns.text(item, "cloud"), nouns.text(item, "account")): nouns.credential(item)
            for item in top["credentials"]
        },
        cache,
        {str(key): _texts(secret) for key, secret in top["secrets"].items()},
    )


def _texts(item: dict[str, str]) -> dict[str, str]:
    return {str(key): str(value) for key, value in item.items()}
