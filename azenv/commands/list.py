"""List the contexts."""

from __future__ import annotations

import click

from azenv.commands import listing
from azenv.commands.parameters import output_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--tenant", metavar="TENANT", help="Only this tenant: id, domain or name.")
@click.option("--account", metavar="ACCOUNT", help="Only this account.")
@click.option("--cloud", metavar="CLOUD", help="Only this cloud.")
@output_option
@click.pass_obj
def list_command(
    app: App, pattern: str | None, *, tenant: str | None, account: str | None, cloud: str | None
) -> None:
    """List the contexts, by name; PATTERN is a part of a name, or has wildcards.

    It is held against names, subscriptions, tenants and accounts.
    """
    listing.show(app, pattern, tenant=tenant, account=account, cloud=cloud)
