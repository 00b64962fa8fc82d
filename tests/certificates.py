"""Certificates of applications, made on the spot."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


class Certificate(NamedTuple):
    """A certificate and its key, both PEM, and the SHA-1 thumbprint that Entra names it by."""

    pem: bytes
    key: bytes
    thumbprint: str


def make(days: int = 30, password: bytes = b"") -> Certificate:
    """Return a certificate that ends in `days`; its key is locked where there is a password."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azenv")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - dt.timedelta(days=60))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        lock = serialization.BestAvailableEncryption(password)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, lock)
    thumbprint = made.fingerprint(hashes.SHA1()).hex()  # noqa: S303  what Entra names it by
    return Certificate(made.public_bytes(_PEM), private, thumbprint)
