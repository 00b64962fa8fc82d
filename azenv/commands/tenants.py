"""The tenants and subscriptions that the accounts known here can see."""

from __future__ import annotations

import click

from azenv import output
from azenv.commands.parameters import output_option
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from azenv.app import App
    from azenv.core.model import Target

TENANTS = ("domain", "name", "id", "account", "cloud", "subscriptions")
SUBSCRIPTIONS = ("name", "id", "state", "tenant", "account", "cloud")


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--account", default="", metavar="NAME", help="Of this account alone."),
        click.option("--tenant", default="", metavar="ID|DOMAIN", help="Of this tenant alone."),
        click.option("--refresh", is_flag=True, help="Ask Azure; else what is known here."),
    ):
        function = option(function)
    return output_option(function)


@click.command("tenants")
@_options
@click.pass_obj
def tenants_command(app: App, /, *, refresh: bool, tenant: str, account: str) -> None:
    """List the tenants of the accounts known here."""
    found: dict[tuple[str, str, str], list[Target]] = {}
    for target in _targets(app, refresh=refresh, tenant=tenant, account=account):
        found.setdefault(target.identity[:3], []).append(target)
    rows, objects = [], []
    for targets in sorted(found.values(), key=lambda ts: _order(ts[0])):
        one, count = targets[0], sum(1 for target in targets if target.subscription)
        facts = (one.tenant.domain, one.tenant.name, one.tenant.id)
        rows.append((*facts, one.account.username, one.cloud, str(count)))
        objects.append(dict(zip(TENANTS, (*rows[-1][:-1], count), strict=True)))
    waiting = [p for p in app.book.pending.values() if _fits(p.tenant.id, p.tenant.domain, tenant)]
    for pending in waiting:
        say(f"{pending.tenant.domain or pending.tenant.id} is left out: {pending.reason}")
    if waiting:
        say("hint: azenv login --pending")
    _write(app, "tenants", TENANTS, rows, objects)


@click.command("subscriptions")
@_options
@click.pass_obj
def subscriptions_command(app: App, /, *, refresh: bool, tenant: str, account: str) -> None:
    """List the subscriptions of the accounts known here, in all their tenants."""
    rows = []
    for target in _targets(app, refresh=refresh, tenant=tenant, account=account):
        if one := target.subscription:
            where = target.tenant.domain or target.tenant.name or target.tenant.id
            rows.append((one.name, one.id, one.state, where, target.account.username, target.cloud))
    rows.sort(key=lambda row: (row[3].casefold(), row[0].casefold(), row))
    objects = [dict(zip(SUBSCRIPTIONS, row, strict=True)) for row in rows]
    _write(app, "subscriptions", SUBSCRIPTIONS, rows, objects)


def _targets(app: App, *, refresh: bool, tenant: str, account: str) -> list[Target]:
    if refresh:
        from azenv.commands.relisting import relist

        relist(app, account=account, tenant=tenant)
    return [
        target
        for target in app.book.targets()
        if _fits(target.tenant.id, target.tenant.domain, tenant)
        and account.casefold() in ("", target.account.username.casefold())
    ]


def _fits(tenant_id: str, domain: str, wanted: str) -> bool:
    return wanted.casefold() in ("", tenant_id.casefold(), domain.casefold())


def _order(target: Target) -> tuple[str, ...]:
    tenant = target.tenant
    return ((tenant.domain or tenant.name or tenant.id).casefold(), *target.identity)


def _write(
    app: App,
    kind: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    objects: Sequence[object],
) -> None:
    if app.output == "json":
        output.write_json(kind, objects)
    elif app.output == "tsv":
        output.write_tsv(rows)
    elif rows:
        output.write_table(columns, rows)
    if not rows:
        say(f"no {kind} are known")
        say("hint: azenv login, or: azenv import az")
