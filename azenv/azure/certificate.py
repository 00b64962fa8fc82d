"""An application's certificate: PEM or PFX, opened and looked at before anything is sent."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12

from azenv.core.errors import AzenvError, NotFoundError, SignInNeededError
from azenv.interop import foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_PEM = b"-----BEGIN "


class PasswordNeededError(AzenvError):
    """The key has a password, and none was given."""


class Certificate(NamedTuple):
    """A key, the certificate that it belongs to and those that signed it, as PEM text."""

    key: str
    chain: str
    thumbprint: str


def load(path: str, password: str = "") -> Certificate:
    """Return the certificate and the key in `path`.

    Raises NotFoundError, PasswordNeededError, SignInNeededError where it has expired, and
    AzenvError for what is no certificate with its RSA key.
    """
    data = foreign.read(path)
    if data is None:
        raise NotFoundError(f"no such file: {path}", hint="azenv login … --certificate FILE")
    secret = password.encode() or None
    key, found = _from_pem(path, data, secret) if _PEM in data else _from_pfx(path, data, secret)
    if not isinstance(key, RSAPrivateKey):
        raise AzenvError(f"the key in {path} is not RSA: Entra ID takes no other")
    return _matched(path, key, found)


def _from_pem(
    path: str, data: bytes, password: bytes | None
) -> tuple[PrivateKeyTypes, Sequence[x509.Certificate]]:
    if b"PRIVATE KEY-----" not in data:
        hint = f"cat KEY.pem {path} > BOTH.pem"
        raise AzenvError(f"there is no private key in {path}", hint=hint)
    if b"-----BEGIN CERTIFICATE-----" not in data:
        hint = f"cat {path} CERTIFICATE.pem > BOTH.pem"
        raise AzenvError(f"there is no certificate in {path}, only a key", hint=hint)
    try:
        key = _pem_key(path, data, password)
        return key, x509.load_pem_x509_certificates(data)
    except ValueError:
        if password:
            raise _wrong_password(path) from None
        raise AzenvError(f"the certificate or the key does not parse: {path}") from None


def _pem_key(path: str, data: bytes, password: bytes | None) -> PrivateKeyTypes:
    # the loader looks at the first block only, which may be the certificate
    block = data[data.rindex(_PEM, 0, data.index(b"PRIVATE KEY-----")) :]
    try:
        return serialization.load_pem_private_key(block, password)
    except TypeError:
        if password:  # given, and not needed
            return serialization.load_pem_private_key(block, None)
        raise _password_needed(path) from None


def _from_pfx(
    path: str, data: bytes, password: bytes | None
) -> tuple[PrivateKeyTypes, Sequence[x509.Certificate]]:
    try:
        found = pkcs12.load_pkcs12(data, password)
    except ValueError:
        if password:
            raise _wrong_password(path) from None
        # a PFX does not say whether it has one, or is none at all
        if data[:1] == b"\x30":  # DER's SEQUENCE
            raise _password_needed(path) from None
        raise AzenvError(f"neither PEM nor PFX: {path}") from None
    if found.key is None or found.cert is None:
        what = "certificate" if found.key else "private key"
        raise AzenvError(f"there is no {what} in {path}")
    others = [other.certificate for other in found.additional_certs]
    return found.key, [found.cert.certificate, *others]


def _password_needed(path: str) -> PasswordNeededError:
    hint = "--password-file FILE, or --password-fd NUMBER"
    return PasswordNeededError(f"the key in {path} has a password", hint=hint)


def _wrong_password(path: str) -> AzenvError:
    return AzenvError(f"the password does not open {path}", hint="--password-file FILE")


def _matched(path: str, key: RSAPrivateKey, found: Sequence[x509.Certificate]) -> Certificate:
    public = key.public_key().public_numbers()
    # a certificate of another kind of key has no such numbers
    own = [c for c in found if _numbers(c) == public]
    if not own:
        raise AzenvError(f"the key and the certificate in {path} do not belong together")
    own.sort(key=lambda one: one.not_valid_after_utc)
    leaf, now = own[-1], dt.datetime.now(dt.UTC)
    if now >= leaf.not_valid_after_utc:
        ended = leaf.not_valid_after_utc.date()
        raise SignInNeededError(
            f"the certificate in {path} expired on {ended}", hint="azenv login … --certificate FILE"
        )
    if now < leaf.not_valid_before_utc:
        begins = leaf.not_valid_before_utc.date()
        raise AzenvError(f"the certificate in {path} begins on {begins}: is this clock right?")
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = [leaf, *(one for one in found if one not in own)]
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    # SHA-1 is what a certificate is called by, there; nothing is secured by it
    thumbprint = leaf.fingerprint(hashes.SHA1()).hex()  # noqa: S303
    return Certificate(private.decode(), pem.decode(), thumbprint)


def _numbers(certificate: x509.Certificate) -> object:
    public = certificate.public_key()
    return public.public_numbers() if hasattr(public, "public_numbers") else None
