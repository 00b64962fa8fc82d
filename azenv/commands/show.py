"""Show the context in force, or the one named."""

from __future__ import annotations

import click

from azenv import output
from azenv.activation import inforce
from azenv.commands.parameters import CONTEXT, output_option
from azenv.core import view
from azenv.core.errors import AzenvError, UsageError
from azenv.core.resolve import Link, Resolution, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.model import Context


@click.command("show")
@click.argument("name", type=CONTEXT, required=False)
@click.option("--context", "flag", type=CONTEXT, default="", help="The same as NAME.")
@output_option
@click.pass_obj
def show_command(app: App, name: str | None, *, flag: str) -> None:
    """Show the context in force here and where that comes from, or the context NAME."""
    if name is not None and flag:
        message = "give NAME or --context, not both"
        raise UsageError(message, hint="azenv show NAME")
    wanted = name if name is not None else flag
    if wanted or name is not None:
        context = app.book.find(wanted)
        found = in_force(app)
        write(app, context, Link(Source.FLAG), found)
    else:
        context = inforce.ensure_context(app.place, app.book)
        found = inforce.resolution(app.place, app.book)
        write(app, context, found.link, found)


def in_force(app: App) -> Resolution:
    """Return what is in force; nothing where that cannot be told, as with az's broken files."""
    try:
        return inforce.resolution(app.place, app.book)
    except AzenvError as error:
        output.say(f"warning: {error.message}")
        return Resolution(Link(Source.NOTHING), ())


def write(app: App, context: Context, link: Link, found: Resolution) -> None:
    """Print one context, whether it is active or default, and the source of the answer."""
    default = next((one.context_id for one in found.chain if one.source == Source.DEFAULT), "")
    is_active, is_default = found.link.context_id == context.id, default == context.id
    if app.output == "json":
        data = view.context_object(context, is_active=is_active, is_default=is_default)
        source = {"source": link.source.word, "where": link.detail or None}
        output.write_json("context", data | source)
    elif app.output == "tsv":
        output.write_tsv([view.context_row(context, is_active=is_active, is_default=is_default)])
    else:
        output.write_fields(fields(context, link, is_active=is_active, is_default=is_default))


def fields(context: Context, link: Link, *, is_active: bool, is_default: bool) -> dict[str, str]:
    """Return what a person reads, in order; what is empty is left out."""
    target = context.target
    subscription, tenant = target.subscription, target.tenant
    marks = {
        "active": is_active,
        "default": is_default,
        "protected": context.protected,
        "locked": context.locked,
    }
    found = {
        "name": context.name,
        "subscription": f"{subscription.name} ({subscription.id})" if subscription else "none",
        "state": subscription.state if subscription else "",
        "tenant": _named(tenant.name or tenant.domain, tenant.id),
        "domain": tenant.domain,
        "account": f"{target.account.username} ({target.account.kind})",
        "cloud": target.cloud,
        "group": context.group,
        "location": context.location,
        "also": ", ".join(context.also),
        "exports": ", ".join(context.exports),
        "keeps": ", ".join(context.keep),
        "tags": ", ".join(f"{key}={value}" for key, value in context.tags),
        "flags": ", ".join(word for word, holds in marks.items() if holds),
        "source": "" if link.source == Source.FLAG else _sourced(link),
        "id": context.id,
    }
    return {key: value for key, value in found.items() if value}


def _named(name: str, identifier: str) -> str:
    return f"{name} ({identifier})" if name and name != identifier else identifier


def _sourced(link: Link) -> str:
    return f"{link.source.word} ({link.detail})" if link.detail else link.source.word
