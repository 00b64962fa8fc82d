"""Entra ID's refusals in words: what was refused, to whom, where, and what to type next.

The numbers are those that users meet. A number that is not here keeps Entra's own first sentence.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azenv.azure import claims
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import AZURE_CLOUD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Answer = Mapping[str, Any]

# What helps: sign in again in that tenant; through the broker of a managed device; bring the
# application's proof anew; somebody who may change the tenant; other words; time; nothing known.
SIGN_IN, BROKER, PROVE, ADMIN = "sign-in", "broker", "prove", "administrator"
TENANT, RESOURCE, WAIT, NOTHING = "tenant", "resource", "wait", ""

_MFA = "{tenant} wants more proof (MFA) from {account}"
_DEVICE = "Conditional Access of {tenant} keeps {account} out on this device"
_OVER = "the sign-in of {account} is over"
_NOT_HERE = "{account} is not known in {tenant}"
_FEDERATION = "{tenant} does not trust the token that was brought for the application {account}"

# number -> (sentence, what helps)
TABLE = {
    **dict.fromkeys((50072, 50074, 50076, 50078, 50079, 50158), (_MFA, SIGN_IN)),
    **dict.fromkeys((50097, 50129), (_DEVICE, BROKER)),
    50005: (_DEVICE, BROKER),
    53004: ("{tenant} wants {account} to register for MFA first", SIGN_IN),
    53011: ("{tenant} blocks {account} as a risk", ADMIN),
    **dict.fromkeys(
        (65001, 65004, 90008, 90093, 90094, 900941),
        ("nobody has agreed yet that azenv may act for {account} in {tenant}", SIGN_IN),
    ),
    50173: (f"{_OVER}: it was revoked (a new password?)", SIGN_IN),
    50133: (f"{_OVER}: the password has changed or expired", SIGN_IN),
    700082: (f"{_OVER}: it was not used for too long", SIGN_IN),
    **dict.fromkeys((70043, 70044), (f"{_OVER}: {{tenant}} limits how long one lasts", SIGN_IN)),
    **dict.fromkeys((70000, 70008, 50132, 50089, 50058, 700084, 54005), (_OVER, SIGN_IN)),
    50034: (_NOT_HERE, TENANT),
    50020: (f"{_NOT_HERE}: it belongs to another one and was not invited", ADMIN),
    90072: (f"{_NOT_HERE}: it belongs to another one and was not invited", ADMIN),
    50053: ("{account} is locked out for a while, after too many attempts", WAIT),
    50055: ("the password of {account} has expired", SIGN_IN),
    50057: ("{account} is disabled", ADMIN),
    50105: ("{account} was not given this application in {tenant}", ADMIN),
    50126: ("the user name or the password of {account} is wrong", SIGN_IN),
    **dict.fromkeys(
        (70016, 70018, 70019, 70020), ("the device code was not used in time", SIGN_IN)
    ),
    90002: ('there is no tenant "{tenant}"', TENANT),
    900023: ('"{tenant}" is neither a domain nor the id of a tenant', TENANT),
    700016: ("there is no application {account} in {tenant}", TENANT),
    7000112: ("the application {account} is disabled in {tenant}", ADMIN),
    **dict.fromkeys(
        (7000215, 7000216), ("the secret of the application {account} is wrong", PROVE)
    ),
    7000222: ("the secret of the application {account} has expired", PROVE),
    7000218: ("the application {account} is no public one: it has to prove itself", PROVE),
    700027: ("{tenant} does not accept this certificate for the application {account}", PROVE),
    **dict.fromkeys(
        (700024, 500133),
        ("the proof of the application {account} is of another time: is this clock right?", PROVE),
    ),
    **dict.fromkeys((70021, 700211, 700212, 700213, 700214, 700223), (_FEDERATION, PROVE)),
    500011: ('nobody answers to "{resource}" in {tenant}', RESOURCE),
    **dict.fromkeys((70011, 500014), ('{tenant} gives no token for "{resource}"', RESOURCE)),
    **dict.fromkeys(
        (90055, 90033, 50196, 90006),
        ("Entra ID of {cloud} is too busy to answer", WAIT),
    ),
}
# What to do where a sign-in does not help.
_HINTS = {
    ADMIN: "ask an administrator of {tenant}",
    TENANT: "azenv tenants    # lists those that are known here",
    RESOURCE: "azenv token --help    # lists the names of resources",
    WAIT: "try again in a minute",
    NOTHING: "",
}
# Every 530xx that is not in the table is Conditional Access asking for a managed device.
_CONDITIONAL_ACCESS = re.compile(r"530\d{2,3}")
_NUMBER = re.compile(r"AADSTS(\d+)")
# OAuth's words for "ask the person".
_INTERACTIVE = frozenset(
    ("invalid_grant", "interaction_required", "login_required", "consent_required")
)


class RefusedError(SignInNeededError):
    """Entra ID wants the person; `claims` (JSON) is what it wants beside that, mostly nothing."""

    def __init__(self, message: str, *, hint: str, claims: str = "") -> None:
        super().__init__(message, hint=hint)
        self.claims = claims


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who asked for what, where: what a refusal is told with. An empty tenant is the user's own."""

    cloud: str = AZURE_CLOUD
    account: str = ""
    tenant: str = ""
    method: str = "user"
    resource: str = ""
    domain: str = ""

    @property
    def where(self) -> str:
        """Return what people call the tenant: its domain where it is known."""
        return self.domain or self.tenant

    def command(self, *words: str) -> str:
        """Return what to type to sign in again, with `words` at its end."""
        parts = ["azenv", "login"]
        if self.method in ("secret", "certificate", "federated"):
            parts += ["--service-principal", "--client-id", self.account]
        elif self.method == "managed":
            parts.append("--identity")
        if self.tenant and self.method not in ("managed", "token"):
            parts += ["--tenant", self.where]
        if self.account and self.method == "user":
            parts += ["--username", self.account]
        if self.cloud != AZURE_CLOUD:
            parts += ["--cloud", self.cloud]
        proof = {"secret": "secret-file", "certificate": "certificate", "token": "access-token"}
        if self.method in proof:
            parts += [f"--{proof[self.method]}", "FILE"]
        if self.method == "federated":
            parts.append("--federated")
        return shlex.join([*parts, *words])


def refused(answer: Answer, attempt: Attempt) -> AzenvError:
    """Return the error for a refusal in OAuth's form: RefusedError where a sign-in helps."""
    number = number_of(answer)
    sentence, remedy = TABLE.get(number, ("", NOTHING))
    if not sentence and _CONDITIONAL_ACCESS.fullmatch(str(number)):
        sentence, remedy = _DEVICE, BROKER
    if not sentence:
        sentence = "{tenant} refuses {account}: {theirs}"
        remedy = SIGN_IN if answer.get("error") in _INTERACTIVE else NOTHING
    message = sentence.format(
        account=attempt.account or "the account",
        tenant=attempt.where or "the tenant",
        cloud=attempt.cloud,
        resource=attempt.resource,
        theirs=_first_sentence(answer),
    )
    if number:
        message += f" (AADSTS{number})"
    if remedy in _HINTS:
        hint = _HINTS[remedy].format(tenant=attempt.where or "the tenant")
        return AzenvError(message, hint=hint or None)
    challenge = answer.get("claims") if remedy == SIGN_IN else None
    return RefusedError(
        message, hint=_hint(attempt, remedy, challenge or ""), claims=challenge or ""
    )


def _hint(attempt: Attempt, remedy: str, challenge: str) -> str:
    if attempt.method != "user":
        return attempt.command()
    if remedy == BROKER:
        return attempt.command("--broker") + "    # on a device that the organization manages"
    words = ("--claims-challenge", claims.packed(challenge)) if challenge else ()
    return attempt.command(*words)


def number_of(answer: Answer) -> int:
    """Return the number of an AADSTS error, 0 where there is none."""
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _NUMBER.search(str(answer.get("error_description") or ""))
    return int(found[1]) if found else 0


def _first_sentence(answer: Answer) -> str:
    """Return Entra's own words without the number, and without trace ids and times."""
    text = str(answer.get("error_description") or answer.get("error") or "no reason given")
    text = re.split(r"Trace ID:|\r|\n", text, maxsplit=1)[0]
    return re.sub(r"^AADSTS\d+:\s*", "", text).strip().rstrip(".")
