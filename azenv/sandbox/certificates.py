"""The sandbox's own certificate authority: made at start, its key never leaves the process."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from azenv.store import files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIFETIME = dt.timedelta(days=7)


def make(directory: str) -> tuple[str, ssl.SSLContext]:
    """Write the authority's certificate below `directory`; return its path and a server context."""
    authority_key, server_key = _key(), _key()
    authority = _certificate("azenv sandbox authority", authority_key, None, authority_key)
    server = _certificate("127.0.0.1", server_key, authority, authority_key)
    ca_file = os.path.join(directory, "ca.pem")
    files.write_private(ca_file, _pem(authority))
    # the ssl module loads keys from files only
    pair = os.path.join(directory, "server.pem")
    files.write_private(pair, _private_pem(server_key) + _pem(server))
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair)
    finally:
        os.unlink(pair)
    return ca_file, context


def bundle(directory: str, ca_file: str) -> str:
    """Write the system's authorities and the sandbox's into one file; return its path."""
    path = os.path.join(directory, "bundle.pem")
    system = ssl.create_default_context().get_ca_certs(binary_form=True)
    parts = [ssl.DER_cert_to_PEM_cert(der) for der in system]
    own = files.read_private(ca_file)
    assert own is not None  # noqa: S101  written by make
    files.write_private(path, "".join(parts).encode() + own)
    return path


def _key() -> EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    is_authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # clocks of containers drift
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), True)  # noqa: FBT003  positional there
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(_usage(is_authority=is_authority), critical=True)
    )
    if issuer:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(use, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
