"""An access token for a resource: cached, else asked for. The plain form is `azenv.token`."""

from __future__ import annotations

import datetime as dt
import time

import click

from azenv import output
from azenv.activation import inforce
from azenv.commands.parameters import CONTEXT, output_option
from azenv.core import resources
from azenv.core.errors import UsageError
from azenv.core.names import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context, Token


@click.command("token")
@click.option("--context", "name", type=CONTEXT, default="", help="Of this context's account.")
@click.option(
    *("-r", "--resource"),
    default=resources.ARM,
    show_default=True,
    metavar="NAME|URL",
    help=f"What it is for: {', '.join(resources.NAMES)}, or a URL.",
)
@click.option("--tenant", default="", metavar="ID|DOMAIN", help="In another tenant.")
@click.option("--claims-challenge", default="", metavar="CLAIMS", help="What a refusal asked for.")
@output_option
@click.pass_obj
def token_command(
    app: App, /, *, name: str, resource: str, tenant: str, claims_challenge: str
) -> None:
    """Print an access token of the context in force, as programs read it.

    --output json says also when it ends, and what it is for. Whoever has it can act as you until
    then: pipe it, do not paste it.
    """
    found = app.book.find(name) if name else inforce.ensure_context(app.place, app.book)
    address = _address(app, found, resource)
    at_hand = None if tenant or claims_challenge else _at_hand(app, found, address)
    token = at_hand or _token(app, found, address, tenant, claims_challenge)
    _write(app, found, token)


def _address(app: App, context: Context, word: str) -> str:
    """Return what the token is for. Raises UsageError for a name that the cloud does not have."""
    if resources.is_address(word):
        return word
    own = app.cloud(context.target.cloud)
    if here := {resources.ARM: own.resource, "msgraph": own.graph}.get(resources.folded(word)):
        return here
    from azenv.activation import render, scoping

    known = render.Clouds(app.paths, scoping.effective_clouds(app.place))
    cloud = context.target.cloud
    is_public = cloud == resources.PUBLIC_CLOUD
    found = resources.public(word) if is_public else resources.elsewhere(word, known.options(cloud))
    if found:
        return found
    close = nearest(word, resources.NAMES)
    if resources.public(word):
        raise UsageError(f"{cloud} does not say where its {word} is", hint="--resource URL")
    raise UsageError(
        f'"{word}" is no resource that azenv knows',
        hint=f"did you mean {' or '.join(close)}? else: --resource URL"
        if close
        else "--resource URL",
    )


def _at_hand(app: App, context: Context, resource: str) -> Token | None:
    """Return the token that the vault has, without MSAL; None where there is none that lasts."""
    from azenv.activation import render, scoping
    from azenv.core.model import Token
    from azenv.store import tokentable
    from azenv.token import MARGIN_S

    vault, credential = app.credential_of(context)
    if credential is None:
        return None
    known = render.Clouds(app.paths, scoping.effective_clouds(app.place))
    home_id, host, client_id, tenant, *_ = render.filed_under(context, credential, known)
    found = vault.find_token(tokentable.digest(home_id, host, client_id, tenant, resource))
    if found is None or found[1] <= time.time() + MARGIN_S:
        return None
    return Token(*found, resource, tenant, context.target.account.username)


def _token(app: App, context: Context, resource: str, tenant: str, challenge: str) -> Token:
    from azenv.azure import claims, desk, metadata
    from azenv.azure.transport import Transport

    try:
        wanted = challenge and claims.challenge(challenge)
    except ValueError:
        raise UsageError("that is no claims challenge: neither JSON nor base64 of it") from None
    with Transport() as http:
        kept = desk.of(app, context, http)
        where = context.target.tenant.id
        if tenant:
            where = metadata.tenant_id(app.cloud(context.target.cloud), tenant, http)
        return kept.get(where, resource, claims=wanted)


def _write(app: App, context: Context, token: Token) -> None:
    ends = dt.datetime.fromtimestamp(token.expires_on, dt.UTC).isoformat().replace("+00:00", "Z")
    subscription = context.target.subscription
    if app.output == "json":
        facts = {
            "accessToken": token.text,
            "expiresOn": ends,
            "expires_on": token.expires_on,
            "resource": token.resource,
            "subscription": subscription.id if subscription else None,
            "tenant": token.tenant,
            "tokenType": "Bearer",
        }
        output.write_json("token", facts)
    elif app.output == "tsv":
        output.write_tsv([(token.text, ends, token.resource, token.tenant)])
    else:
        print(token.text)  # noqa: T201  bare, as programs read it
