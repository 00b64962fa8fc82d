"""The stored tokens of a context's account: which vault, which credential, which cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from azenv.azure.refusals import Attempt
from azenv.azure.tokens import Keeping, Party, Tokens
from azenv.azure.transport import Transport
from azenv.core.errors import SignInNeededError
from azenv.core.model import MANAGED_IDENTITY, Credential
from azenv.store import tombstones
from azenv.store.vault import holder_key

if TYPE_CHECKING:
    from azenv.azure.endpoints import Endpoints
    from azenv.core.model import Account, Context, Token
    from azenv.store.paths import Paths
    from azenv.store.vault import Vault

    class Desk(Protocol):
        """What `azenv.app.App` has, and a token needs."""

        environ: dict[str, str]

        @property
        def paths(self) -> Paths:
            """Return the user's directories."""

        def cloud(self, name: str) -> Endpoints:
            """Return where a cloud is."""

        def credential_of(self, context: Context) -> tuple[Vault, Credential | None]:
            """Return the vault of a context's account, and how azenv signs it in."""


def get(  # noqa: PLR0913  what a token depends on
    desk: Desk,
    context: Context,
    resource: str,
    *,
    tenant: str = "",
    claims: str = "",
    force: bool = False,
) -> Token:
    """Return a token for `resource` in the context's tenant, or in another one of its account's.

    Raises SignInNeededError where only a person can help, AzenvError where nobody can.
    """
    with Transport() as http:
        tokens = of(desk, context, http)
        return tokens.get(tenant or context.target.tenant.id, resource, claims=claims, force=force)


def of(desk: Desk, context: Context, http: Transport) -> Tokens:
    """Return the stored tokens of a context's account. Raises SignInNeededError without any."""
    target = context.target
    holder = target.identity[:2]
    vault, credential = desk.credential_of(context)
    if credential is None:
        credential = _without_sign_in(target.account)
    if credential is None:
        attempt = Attempt(
            target.cloud,
            target.account.username,
            target.tenant.id,
            domain=target.tenant.domain,
        )
        raise SignInNeededError(
            f"azenv itself has not signed {target.account.username} in", hint=attempt.command()
        )
    keeping = Keeping(
        vault,
        # a session's locks lie beside its store
        getattr(vault, "directory", desk.paths.store),
        lambda: tombstones.time_of(desk.paths, holder),
    )
    party = Party(
        desk.cloud(target.cloud),
        target.account,
        credential,
        lambda: vault.secret(holder_key(holder)) or {},
        http,
        desk.environ,
        {target.tenant.id.casefold(): target.tenant.domain},
    )
    return Tokens(party, keeping=keeping)


def _without_sign_in(account: Account) -> Credential | None:
    """Return how an account that az signed in is served all the same: the machine's own is."""
    if account.kind != MANAGED_IDENTITY:
        return None
    kind, _, client_id = account.home_id.partition("-")
    return Credential("managed", client_id) if kind in ("MSI", "MSIClient") else None
