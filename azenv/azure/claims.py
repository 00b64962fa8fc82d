"""What a token says of itself. Nothing is verified: whoever the token is for does that."""

from __future__ import annotations

import base64
import binascii
import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Claims = dict[str, Any]


def read(token: str) -> Claims:
    """Return the claims of a JSON web token. Raises ValueError."""
    pieces = token.split(".")
    if len(pieces) != 3:  # noqa: PLR2004  header, claims, signature
        raise ValueError("not three parts")
    try:
        found = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError("the claims are no object")  # noqa: TRY004  one error for all damage
    return found


def text(claims: Claims, *names: str) -> str:
    """Return the first of these claims that is a text, empty where none is."""
    found = (claims.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def seconds(claims: Claims, name: str) -> int:
    """Return a claim that is a time, 0 where it is none."""
    value = claims.get(name)
    return value if isinstance(value, int) else 0


def challenge(typed: str) -> str:
    """Return a claims challenge as JSON: it may be typed so, or in base64 as headers have it.

    Raises ValueError for anything else.
    """
    raw = typed.strip()
    if not raw.startswith("{"):
        raw = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_").decode()
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")  # noqa: TRY004  one error for all damage
    return raw


def packed(challenge: str) -> str:
    """Return a claims challenge in base64, which every shell takes as one word."""
    return base64.urlsafe_b64encode(challenge.encode()).decode().rstrip("=")
