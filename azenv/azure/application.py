"""A service principal proves itself: by a secret, a certificate, or another issuer's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.azure import certificate, federation
from azenv.core.errors import SignInNeededError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from azenv.azure.client import Clients
    from azenv.azure.refusals import Attempt
    from azenv.core.model import Credential

    Answer = dict[str, Any]
    Secret = Mapping[str, str]

# What a vault keeps for an application: its secret, or the password of its certificate's key.
SECRET, PASSWORD = "secret", "password"


def proof(
    credential: Credential,
    secret: Secret,
    clients: Clients,
    environ: Mapping[str, str],
    attempt: Attempt,
) -> object:
    """Return MSAL's client_credential, made from what is kept and read again from where it lies.

    Raises SignInNeededError where the secret is gone, and what `certificate.load` raises.
    """
    if credential.method == "certificate":
        found = certificate.load(credential.certificate, secret.get(PASSWORD, ""))
        made = {"private_key": found.key, "thumbprint": found.thumbprint}
        return made | ({"public_certificate": found.chain} if credential.send_chain else {})
    if credential.method == "federated":
        source, cloud = credential.federated, clients.cloud.name

        def assertion() -> str:
            return federation.assertion(source, environ, clients.http, cloud)

        return {"client_assertion": assertion}
    if not secret.get(SECRET):
        message = f"the secret of the application {attempt.account} is not kept here"
        raise SignInNeededError(message, hint=attempt.command())
    return secret[SECRET]


def acquire(  # noqa: PLR0913  what a token depends on
    clients: Clients,
    client_id: str,
    made: object,
    tenant: str,
    oauth_scopes: list[str],
    *,
    claims: str = "",
) -> Answer:
    """Return a token for the application; a token that the cache holds is never looked at.

    So a new proof is tried, and a wrong one cannot hide behind an older token: `clients` has an
    empty cache.
    """
    app = clients.confidential(client_id, tenant, made)
    answer: Answer = app.acquire_token_for_client(oauth_scopes, claims_challenge=claims or None)
    return answer | {"tenant": app.authority.tenant}
