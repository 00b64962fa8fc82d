"""What azenv says, and how.

The voice: data goes to stdout, talk to stderr. An error is one line, `azenv: error: …`, lower
case, no full stop, names in double quotes; a hint is a second line, `azenv: hint: …`, something
to type. Nothing that a stranger named reaches a terminal unfiltered: only JSON holds true text.
"""

from __future__ import annotations

import sys

from azenv.core.names import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

FORMATS = ("table", "json", "tsv")
ENVELOPE_VERSION = 1


def say(text: str, stream: TextIO | None = None) -> None:
    """Tell the user something, on stderr, in one line."""
    print(f"azenv: {printable(text)}", file=stream or sys.stderr)


def error(message: str, hint: str | None = None) -> None:
    """Print an error, and what to type next where there is something."""
    say(f"error: {message}")
    if hint:
        say(f"hint: {hint}")


def write_json(kind: str, data: object) -> None:
    """Print the versioned envelope: `version`, `kind`, `data`; true text, ASCII-safe."""
    import json  # only for this format

    json.dump({"version": ENVELOPE_VERSION, "kind": kind, "data": data}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def write_tsv(rows: Iterable[Sequence[str]]) -> None:
    """Print rows, fields separated by tabs; a tab or a line break inside a field is a space."""
    for row in rows:
        fields = row
        if not "".join(row).isprintable():
            fields = [printable(field.replace("\t", " ").replace("\n", " ")) for field in row]
        sys.stdout.write("\t".join(fields) + "\n")


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table: rich on a terminal, plain text elsewhere (and for long lists)."""
    # one look at a row instead of one at each cell: lists are long
    clean = [row if "".join(row).isprintable() else tuple(map(printable, row)) for row in rows]
    if sys.stdout.isatty() and len(rows) <= 500:  # noqa: PLR2004  rich measures every cell
        _rich_table(columns, clean)
    else:
        _plain_table(columns, clean)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    heads = [column.upper() for column in columns]
    widths = [max(map(len, cells)) for cells in zip(heads, *rows, strict=True)]
    line = "  ".join(f"%-{width}s" for width in widths[:-1]) + "  %s" if len(widths) > 1 else "%s"
    text = "\n".join((line % tuple(row)).rstrip() for row in [heads, *rows])
    sys.stdout.write(text + "\n")


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # 58 ms, on a terminal only
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in rows:
        # Text, not markup: a subscription may be called "[red]"
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)


def write_lines(lines: Iterable[str]) -> None:
    """Print lines of text, filtered."""
    for line in lines:
        sys.stdout.write(f"{printable(line)}\n")


def write_fields(fields: Mapping[str, str]) -> None:
    """Print one thing, a field a line, aligned."""
    width = max(map(len, fields)) + 1
    for name, value in fields.items():
        print(f"{name + ':':<{width}} {printable(value)}")
