"""How PowerShell, 5.1 and 7, writes an assignment."""

from __future__ import annotations

import re

from azenv.core import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "powershell"

# Each of them ends a single-quoted string, as ' does: text after one would run as code.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The facts of the prologue, in the order in which they are written.
_FACTS = ("python", "launcher", "state", "base", "store", "roots")


def quote(text: str) -> str:
    """Return `text` as a single-quoted string; each of the five quotes is doubled by itself."""
    return "'" + _QUOTES.sub(r"\1\1", text) + "'"


def export(name: str, value: str) -> str:
    """Return the statement that exports `name`; an empty value stays one from 7.5 on."""
    return f"$env:{_checked(name)} = {quote(value)}"


def unset(name: str) -> str:
    """Return the statement that removes `name`, silent where it is absent.

    By the literal path: a pattern would take other variables along. Assigning '' would leave an
    empty variable in 7.5 and later.
    """
    return f"Remove-Item -LiteralPath Env:{_checked(name)} -ErrorAction SilentlyContinue"


def assign(name: str, value: str | Sequence[str]) -> str:
    """Return the statement that sets a private global, which no child process sees."""
    return f"$Global:{_checked(name)} = {_literal(value)}"


def prologue(facts: Mapping[str, str | Sequence[str]]) -> str:
    """Return the assignment of where everything lies, in ASCII."""
    rows = "".join(f"    {name.capitalize()} = {_literal(facts[name])}\n" for name in _FACTS)
    return f"$Global:__azenvP = @{{\n{rows}}}\n"


def table() -> str:
    """Return the variables table: what is known of each name, by its position from 0."""
    names = variables.NAMES
    secret = "".join("*" if name in variables.SECRET else "." for name in names)
    block = names.index("AZENV_BLOCKED")
    counts = f"Ne = {len(variables.SETTABLE)}; Nn = {len(names)}; Block = {block}"
    return (
        "$Global:__azenvT = @{\n"
        f"    Layout = {quote(variables.LAYOUT)}\n"
        f"    {counts}; Soft = {names.index(variables.SOFT)}\n"
        f"    Secret = {quote(secret)}\n"
        f"    NoneKinds = {quote(variables.NONE_KINDS)}\n"
        f"    Names = {_literal(names)}\n"
        "}\n"
    )


def _literal(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return _ascii(value)
    return f"[string[]] @({', '.join(map(_ascii, value))})"


def _ascii(text: str) -> str:
    """Return `text` as an expression in printable ASCII.

    5.1 reads a file without a BOM, and what a program prints, in a code page of old; a pipeline
    of lines keeps no carriage return.
    """
    parts = []
    for run in re.findall(r"[ -~]+|[^ -~]", text):
        if run.isascii() and run.isprintable():
            parts.append(quote(run))
        else:
            units = run.encode("utf-16-be", "surrogatepass")
            parts += [f"[char] 0x{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)]
    if parts == [quote(text)]:
        return parts[0]
    return f"('' + {' + '.join(parts)})" if parts else "''"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"not a name of a variable: {name!r}"
        raise ValueError(msg)
    return name
