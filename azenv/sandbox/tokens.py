"""JSON web tokens: signed by the sandbox, and those of others verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Claims = dict[str, Any]


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None


class Signer:
    """An RS256 key pair that signs tokens and knows its own again."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        numbers = self._key.public_key().public_numbers()
        self._modulus = encode(numbers.n.to_bytes(256, "big"))
        self.key_id = encode(hashlib.sha256(self._modulus.encode()).digest()[:15])

    @property
    def public_key_pem(self) -> bytes:
        """Return the public key, as others need it to verify."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def jwk(self) -> dict[str, str]:
        """Return the public key as JWKS has it."""
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_id,
            "n": self._modulus,
            "e": "AQAB",
        }

    def sign(self, claims: Claims) -> str:
        """Return a token with these claims."""
        header = {"typ": "JWT", "alg": "RS256", "kid": self.key_id}
        parts = [
            encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
        ]
        signed = ".".join(parts)
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encode(signature)}"

    def open(self, token: str) -> Claims:
        """Return the claims of a token that this key signed. Raises ValueError."""
        return verified(token, self._key.public_key())


def parts(token: str) -> tuple[Claims, Claims]:
    """Return header and claims, nothing verified. Raises ValueError."""
    pieces = token.split(".")
    if len(pieces) != 3:  # noqa: PLR2004  header, claims, signature
        raise ValueError("not three parts")
    header, claims = (json.loads(decode(piece)) for piece in pieces[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("header or claims are no object")  # noqa: TRY004  one error for all damage
    return header, claims


def verified(token: str, key: RSAPublicKey) -> Claims:
    """Return the claims if `key` signed them (RS256 or PS256). Raises ValueError."""
    header, claims = parts(token)
    schemes = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
    }
    scheme = schemes.get(str(header.get("alg")))
    if scheme is None:
        raise ValueError("neither RS256 nor PS256")
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(decode(signature), signed.encode(), scheme, hashes.SHA256())
    except InvalidSignature:
        raise ValueError("the signature does not fit") from None
    return claims


def public_key(pem: bytes) -> RSAPublicKey:
    """Return the RSA key of `pem`. Raises ValueError."""
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004  one error for all damage
    return key
