"""Drop an account's access tokens and get new ones: after a role was activated."""

from __future__ import annotations

from functools import partial

import click

from azenv.activation import inforce
from azenv.activation.change import mark_stale
from azenv.activation.forgetting import hosts_of
from azenv.commands.parameters import CONTEXT, output_option, report
from azenv.interop import msalcache, overlay
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context


@click.command("refresh")
@click.argument("name", metavar="[CONTEXT]", type=CONTEXT, default="")
@output_option
@click.pass_obj
def refresh_command(app: App, /, name: str) -> None:
    """Get new access tokens for the account of a context, of the one in force without a name.

    Old ones go from azenv's store and from az's directories of the account's contexts: what a
    role activated since (PIM) allows is in new tokens only.
    """
    found = app.book.find(name) if name else inforce.ensure_context(app.place, app.book)
    target = found.target
    vault, credential = app.credential_of(found)
    if credential is not None:
        from azenv.azure import desk

        resource = app.cloud(target.cloud).resource
        # the new one first: where it is refused, nothing is lost
        token = desk.get(app, found, resource, force=True)
        account, hosts = target.account.key, hosts_of(app.place, target.cloud.casefold())
        vault.change_cache(
            partial(
                msalcache.without_access, account=account, hosts=hosts, keep=frozenset([token.text])
            )
        )
    _clear_overlays(app, found)
    if credential is None:
        say(f"{target.account.username} is az's: az itself gets new tokens when it needs them")
    else:
        say(f"{target.account.username} has new tokens")
    say("running processes keep the tokens that they hold")
    report(app, found)


def _clear_overlays(app: App, context: Context) -> None:
    """Drop access tokens from az's directories of all contexts of the account."""
    root = app.place.existing_root
    if root is None:
        return
    ids = [one.id for one in app.book.of_account(context.target.identity[:2])]
    for context_id in ids:
        overlay.drop_access_tokens(root, context_id)
    mark_stale(app.place, ids)
