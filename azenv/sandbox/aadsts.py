"""Entra ID's refusals: a number, a word of OAuth, and what the client may do about it."""

from __future__ import annotations

import datetime as dt
import json
import uuid

from azenv.sandbox.web import Response, as_json

# number -> (error, suberror, status, text)
TABLE = {
    50034: (
        "invalid_grant",
        "",
        400,
        "The user account {who} does not exist in the {where} directory.",
    ),
    50057: ("invalid_grant", "user_account_disabled", 400, "The user account is disabled."),
    50076: (
        "invalid_grant",
        "basic_action",
        400,
        (
            "Due to a configuration change made by your administrator, you must use multi-factor "
            "authentication to access '{where}'."
        ),
    ),
    50126: (
        "invalid_grant",
        "",
        400,
        "Error validating credentials due to invalid username or password.",
    ),
    50173: (
        "invalid_grant",
        "bad_token",
        400,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    ),
    53003: (
        "invalid_grant",
        "message_only",
        400,
        "Access has been blocked by Conditional Access policies.",
    ),
    65001: (
        "invalid_grant",
        "consent_required",
        400,
        "The user or administrator has not consented to use the application with ID '{who}'.",
    ),
    65004: ("authorization_declined", "", 400, "User declined to consent to access the app."),
    70000: ("invalid_grant", "", 400, "Provided grant is invalid or malformed."),
    70003: (
        "unsupported_grant_type",
        "",
        400,
        "The app requested an unsupported grant type '{who}'.",
    ),
    70011: (
        "invalid_scope",
        "",
        400,
        "The provided value for the input parameter 'scope' is not valid.",
    ),
    70016: (
        "authorization_pending",
        "",
        400,
        "OAuth 2.0 device flow error. Authorization is pending.",
    ),
    70020: (
        "expired_token",
        "",
        400,
        "The provided value for the input parameter 'device_code' is expired.",
    ),
    90002: ("invalid_tenant", "", 400, "Tenant '{where}' not found."),
    90014: (
        "invalid_request",
        "",
        400,
        "The required field '{who}' is missing from the credential.",
    ),
    90055: ("slow_down", "", 400, "The client polls too often."),
    500011: ("invalid_resource", "", 400, "The resource principal named {who} was not found."),
    501481: ("invalid_grant", "", 400, "The Code_Verifier does not match the code_challenge."),
    700003: ("invalid_request", "", 400, "Device object was not found."),
    700016: (
        "unauthorized_client",
        "",
        400,
        "Application with identifier '{who}' was not found in the directory '{where}'.",
    ),
    700024: (
        "invalid_client",
        "",
        401,
        "Client assertion is not within its valid time range.",
    ),
    700027: ("invalid_client", "", 401, "Client assertion failed signature validation. {who}"),
    700082: (
        "invalid_grant",
        "token_expired",
        400,
        "The refresh token has expired due to inactivity.",
    ),
    700213: (
        "invalid_request",
        "",
        400,
        "No matching federated identity record found for presented assertion subject '{who}'.",
    ),
    7000112: ("unauthorized_client", "", 400, "Application '{who}' is disabled."),
    7000215: ("invalid_client", "", 401, "Invalid client secret provided."),
    7000222: (
        "invalid_client",
        "",
        401,
        "The provided client secret keys for app '{who}' are expired.",
    ),
}

# What Entra asks the client to bring back after a sign-in in person.
CLAIMS = json.dumps({"access_token": {"capolids": {"essential": True, "values": ["sandbox"]}}})


def steps_up(claims: str) -> bool:
    """Tell whether a client brings back what CLAIMS asked for."""
    try:
        return "capolids" in json.loads(claims or "{}").get("access_token", {})
    except (ValueError, AttributeError, TypeError):
        return False


class Refused(Exception):  # noqa: N818  a refusal is an answer, not a failure of the sandbox
    """A refusal on its way to the client."""

    def __init__(self, number: int, *, who: str = "", where: str = "") -> None:
        super().__init__(number)
        self.number = number
        self.error, self.suberror, self.status, text = TABLE[number]
        self.text = text.format(who=who, where=where)

    def response(self) -> Response:
        """Return the refusal in Entra's shape."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = uuid.uuid4(), uuid.uuid4()
        answer: dict[str, object] = {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {now}",
            "error_codes": [self.number],
            "timestamp": now,
            "trace_id": str(trace),
            "correlation_id": str(correlation),
        }
        if self.suberror:
            answer["suberror"] = self.suberror
        if self.number in (50076, 53003):
            answer["claims"] = CLAIMS
        return as_json(answer, self.status)
