"""Requests and answers as values; what a fault makes of an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from azenv.sandbox.faults import Fault

# A status that no server sends: the connection is closed instead.
NO_ANSWER = 0


@dataclass
class Request:
    """What a client sent: the path without the query, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a posted form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """Return the bearer token, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.casefold() == "bearer" else ""

    def json(self) -> Any:  # noqa: ANN401  whatever the client sent
        """Return the body as JSON. Raises ValueError."""
        return json.loads(self.body or b"null")


@dataclass
class Response:
    """What the client gets."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, **headers: str) -> Response:
    """Return `value` as JSON; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    named["Content-Type"] = "application/json; charset=utf-8"
    return Response(status, json.dumps(value).encode(), named)


def as_html(text: str, status: int = 200) -> Response:
    """Return a page that no cache keeps and no other page frames."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Frame-Options": "DENY",
    }
    return Response(status, text.encode(), headers)


def redirect(location: str) -> Response:
    """Send the browser elsewhere."""
    return Response(302, b"", {"Location": location})


def broken(fault: Fault, endpoint: str) -> Response:
    """Return what a service answers that is busy, down or no service at all."""
    if fault.kind == "throttled":
        error = {"code": "TooManyRequests", "message": "Too many requests; try again later."}
        answer = {"error": error} if endpoint == "arm" else _throttled_by_entra()
        return as_json(answer, 429, Retry_After=str(fault.retry_after))
    if fault.kind == "server_error":
        error = {"code": "ServerTimeout", "message": "The sandbox was told to fail."}
        return as_json({"error": error}, fault.status)
    if fault.kind == "dropped":
        return Response(NO_ANSWER)
    if fault.kind == "truncated":
        return Response(200, b'{"access_token": "ey', {"Content-Type": "application/json"})
    return as_html("<!doctype html><title>Proxy</title><p>Please sign in to the hotel's network.")


def _throttled_by_entra() -> dict[str, object]:
    return {
        "error": "temporarily_unavailable",
        "error_description": "AADSTS90055: The server is temporarily too busy to answer.",
        "error_codes": [90055],
    }
