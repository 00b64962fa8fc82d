"""Explain which context is in force here, and why."""

from __future__ import annotations

import click

from azenv import output
from azenv.activation import inforce
from azenv.commands.parameters import CONTEXT, output_option
from azenv.core.names import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.app import App
    from azenv.core.book import Book
    from azenv.core.resolve import Link


@click.command("why")
@click.option("--context", "flag", type=CONTEXT, default="", help="As if this were named.")
@output_option
@click.pass_obj
def why_command(app: App, *, flag: str) -> None:
    """Print the whole chain: --context, this shell's choice, the nearest pin, the default."""
    found = inforce.resolution(app.place, app.book, flag)
    rows = [(link.source.word, answer(app.book, link), link.detail) for link in found.chain]
    winner = found.link.source.word
    if app.output == "json":
        links = [_object(app.book, link) for link in found.chain]
        output.write_json("why", {"source": winner, "chain": links})
    elif app.output == "tsv":
        output.write_tsv(rows)
    else:
        marked = [("*" if row[0] == winner else "", *row) for row in rows]
        output.write_table(("", "source", "context", "where"), marked)
        for note in inforce.contradictions(app.place, app.book, found):
            output.say(note)


def answer(book: Book, link: Link) -> str:
    """Return what a source says: a name, a block with its reason, or a dash."""
    if link.is_blocked:
        return f"blocked: {link.blocked}"
    if not link.context_id:
        return "-"
    return printable(book.contexts[link.context_id].name)


def _object(book: Book, link: Link) -> dict[str, object]:
    context = book.contexts.get(link.context_id)
    return {
        "source": link.source.word,
        "context_id": link.context_id or None,
        "name": context.name if context else None,
        "where": link.detail or None,
        "blocked": link.blocked or None,
    }
