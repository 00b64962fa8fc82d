"""Sign in, and keep who it is together with all that it can see."""

from __future__ import annotations

import click

from azenv.commands.parameters import output_option, report, scope_option
from azenv.core.errors import AzenvError, SignInNeededError, UsageError
from azenv.core.model import AZURE_CLOUD
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azenv.app import App
    from azenv.azure.endpoints import Endpoints
    from azenv.azure.transport import Transport
    from azenv.commands.proof import Wanted
    from azenv.core.model import Pending


@click.command("login")
@click.option("--tenant", default="", metavar="ID|DOMAIN", help="Sign in to this tenant alone.")
@click.option("--cloud", default=AZURE_CLOUD, show_default=True, metavar="NAME", help="Where.")
@click.option("--subscription", default="", metavar="ID|NAME", help="Select this subscription.")
@click.option("--name", metavar="NAME", help="Call its context so.")
@click.option("--default", is_flag=True, help="Make it the default of future sessions, too.")
@click.option("--username", default="", metavar="NAME", help="The user who is to sign in.")
@click.option(
    *("--no-browser", "--device-code"),
    is_flag=True,
    help="Show a code to enter in a browser elsewhere.",
)
@click.option("--broker", is_flag=True, help="Sign in through the operating system.")
@click.option("--service-principal", is_flag=True, help="Sign an application in.")
@click.option("--client-id", default="", metavar="ID", help="Of the application, or the identity.")
@click.option("--secret-file", default="", metavar="FILE", help="Its secret; - is stdin.")
@click.option(
    "--certificate", default="", metavar="FILE", help="Its certificate and key, PEM or PFX."
)
@click.option("--password-file", default="", metavar="FILE", help="What opens the key; - is stdin.")
@click.option("--send-chain", is_flag=True, help="Send the certificate's chain, too.")
@click.option("--federated", is_flag=True, help="By the token that this CI or cluster gives.")
@click.option("--federated-token-file", default="", metavar="FILE", help="By the token in a file.")
@click.option("--identity", is_flag=True, help="Sign this machine's managed identity in.")
@click.option("--access-token", default="", metavar="FILE", help="Take this token; - is stdin.")
@click.option("--pending", is_flag=True, help="Sign in to the tenants that wanted more before.")
@click.option("--claims-challenge", default="", metavar="CLAIMS", help="What a refusal asked for.")
@click.option(
    "--timeout",
    type=click.IntRange(1, 86400),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a person.",
)
@click.option("--force", is_flag=True, help="With --name: replace the context that has it.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@scope_option
@output_option
@click.pass_obj
def login_command(
    app: App,
    /,
    *,
    dry_run: bool,
    pending: bool,
    **typed: Any,  # noqa: ANN401  what click parsed
) -> None:
    """Sign in with a browser, or as --service-principal, --identity, with --access-token.

    Secrets are read from a file, stdin or the terminal, never from the command line. All tenants
    and subscriptions are recorded as contexts; one of them becomes this shell's choice.
    """
    from azenv.commands.proof import Wanted

    wanted = Wanted.of(typed)
    wanted.ensure_sound(app)
    if dry_run:
        _tell_plan(app, wanted, pending=pending)
        return
    from azenv.azure.transport import Transport

    with Transport() as http:
        if pending:
            _settle_pending(app, wanted, http)
        else:
            _sign_in(app, wanted, app.cloud(wanted.cloud), http)


def _sign_in(app: App, wanted: Wanted, cloud: Endpoints, http: Transport) -> None:
    from azenv.commands import keeping, proof, survey

    signed = proof.sign_in(app, wanted, cloud, http)
    listing = survey.of_sign_in(cloud, signed, http, tenant=wanted.tenant and signed.tenant)
    target, trouble = survey.choose(app, listing, wanted.subscription, signed.tenant)
    context = keeping.keep(
        app, signed, listing, target, name=wanted.name, scope=wanted.scope, force=wanted.force
    )
    say(f"signed in: {signed.account.username} ({survey.counts(listing)})")
    survey.tell(listing)
    if trouble:
        raise trouble
    if context is not None:
        report(app, context)
        keeping.select(app, context, scope=wanted.scope, default=wanted.default)


def _settle_pending(app: App, wanted: Wanted, http: Transport) -> None:
    """Walk through the tenants that wanted more of a sign-in. Raises SignInNeededError."""
    from dataclasses import replace

    from azenv.commands import keeping, proof, survey

    found = [one for one in app.book.pending.values() if _is_meant(one, wanted)]
    if not found:
        say("no tenant waits for a sign-in")
    left = 0
    for one in found:
        name = one.tenant.domain or one.tenant.id
        say(f"{name}: {one.reason}")
        cloud = app.cloud(one.cloud)
        asked = replace(
            wanted,
            cloud=one.cloud,
            tenant=one.tenant.id,
            username=one.account.username,
            claims_challenge=one.claims,
        )
        try:
            signed = proof.sign_in(app, asked, cloud, http)
            listing = survey.of_sign_in(cloud, signed, http, tenant=one.tenant.id)
            keeping.keep(app, signed, listing, None, scope=wanted.scope)
        except AzenvError as error:
            say(f"warning: {error.message}")
            if error.hint:
                say(f"hint: {error.hint}")
            left += 1
            continue
        say(f"{name}: {survey.counts(listing)}")
        survey.tell(listing)
        left += bool(listing.pending)
    if left:
        message = f"{left} of {len(found)} tenants still want a sign-in"
        raise SignInNeededError(message, hint="azenv login --pending")


def _is_meant(one: Pending, wanted: Wanted) -> bool:
    names = {one.tenant.id.casefold(), one.tenant.domain.casefold()}
    is_there = not wanted.tenant or wanted.tenant.casefold() in names
    return is_there and wanted.username.casefold() in ("", one.account.username.casefold())


def _tell_plan(app: App, wanted: Wanted, *, pending: bool) -> None:
    """Say what would happen; neither the network nor a vault is touched."""
    if pending:
        found = [one for one in app.book.pending.values() if _is_meant(one, wanted)]
        if not found:
            raise UsageError("no tenant waits for a sign-in", hint="azenv login")
        for one in found:
            say(f"would sign in to {one.tenant.domain or one.tenant.id}: {one.reason}")
        return
    cloud = app.cloud(wanted.cloud)
    where = f" in {wanted.tenant}" if wanted.tenant else ""
    say(f"would sign in {wanted.described(app)}{where} at {cloud.authority}")
    if app.scope(wanted.scope) == "user":
        say(f"would keep it in {app.paths.store}")
    else:
        say("would keep it in this session only")
    if wanted.default:
        say("would make its context the default of future sessions")
