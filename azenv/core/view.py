"""A context as data: the keys of `--output json` are pinned by a test, the columns by habit."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.core.model import Context

    Object = dict[str, object]

# What a table shows, and tsv, in this order.
COLUMNS = ("name", "subscription", "tenant", "account", "cloud", "flags")


def context_object(
    context: Context, *, is_active: bool = False, is_default: bool = False
) -> Object:
    """Return what JSON says of a context: true text, no secret."""
    target, subscription = context.target, context.target.subscription
    return {
        "id": context.id,
        "name": context.name,
        "cloud": target.cloud,
        "account": {
            "username": target.account.username,
            "kind": target.account.kind,
            "home_account_id": target.account.home_id or None,
        },
        "tenant": {
            "id": target.tenant.id,
            "domain": target.tenant.domain or None,
            "name": target.tenant.name or None,
        },
        "subscription": (
            {"id": subscription.id, "name": subscription.name, "state": subscription.state}
            if subscription
            else None
        ),
        "group": context.group or None,
        "location": context.location or None,
        "protected": context.protected,
        "locked": context.locked,
        "also": list(context.also),
        "exports": list(context.exports),
        "keep": list(context.keep),
        "tags": dict(context.tags),
        "active": is_active,
        "default": is_default,
    }


def context_row(
    context: Context, *, is_active: bool = False, is_default: bool = False
) -> tuple[str, ...]:
    """Return the columns of COLUMNS."""
    target = context.target
    flags = {
        "active": is_active,
        "default": is_default,
        "protected": context.protected,
        "locked": context.locked,
    }
    return (
        context.name,
        target.subscription.name if target.subscription else "-",
        target.tenant.domain or target.tenant.name or target.tenant.id,
        target.account.username,
        target.cloud,
        ",".join(word for word, holds in flags.items() if holds),
    )
