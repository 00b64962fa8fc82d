"""What can be typed after `azenv`, read off the click declarations.

A completion engine, in whatever shell, knows no verb: it is driven by the strings made here.

    verbs     `name|help`                     what a group offers
    switches  `-o,--output|table json tsv|help`   spellings, what the value is, help
    operands  `- @context`                    what stands at each place; the last may repeat

What a value is: words to choose from, or what the shell must find itself: `@context`, `@file`,
`@directory`, `@command` (a command line begins here), `@any` (nothing is known about it),
`@skip` (a flag in whose presence the first operand is left out), `...` (and again).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import click

from azenv import dialects
from azenv.commands import ALIASES, VERBS
from azenv.commands.parameters import ContextName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What the words of a metavar mean: `[NAME|-]`, `FILE`. Others in capitals mean nothing.
_METAVARS = {
    "COMMAND": ("@command",),
    "DIRECTORY": ("@directory",),
    "FILE": ("@file",),
    "NAME": ("@context",),
    "PATH": ("@file",),
    "SHELL": dialects.SHELLS,
}
_WORD = re.compile(r"-|@?[A-Za-z0-9][\w.-]*")

# Flags that stand for the first operand: `azenv exec --here make`.
_INSTEAD = frozenset(("--here",))


class Rules(NamedTuple):
    """What a command takes. `paths` are its spellings, of which the first is its own."""

    paths: tuple[str, ...]
    verbs: tuple[str, ...]
    switches: tuple[str, ...]
    operands: tuple[str, ...]


def rules(root: click.Group) -> Iterator[Rules]:
    """Yield the rules of `root`, whose path is empty, and of every command below it."""
    yield from _below(root, _context(root, None), ())


def _below(command: click.Command, ctx: click.Context, path: tuple[str, ...]) -> Iterator[Rules]:
    children = dict(_children(command, ctx))
    aliases = ALIASES if not path else {}
    lines = {name: VERBS[name][1] if not path else _help(child) for name, child in children.items()}
    lines |= {alias: lines[name] for alias, name in aliases.items() if name in lines}
    parameters = [p for p in command.get_params(ctx) if not getattr(p, "hidden", False)]
    spellings = [path]
    if len(path) == 1:
        spellings += [(alias,) for alias, name in ALIASES.items() if name == path[0]]
    yield Rules(
        tuple(" ".join(spelling) for spelling in spellings),
        tuple(f"{name}|{line}" for name, line in lines.items()),
        tuple(_switch(p) for p in parameters if isinstance(p, click.Option)),
        tuple(place for p in parameters if isinstance(p, click.Argument) for place in _places(p)),
    )
    for name, child in children.items():
        yield from _below(child, _context(child, ctx), (*path, name))


def _context(command: click.Command, parent: click.Context | None) -> click.Context:
    return click.Context(command, parent, command.name, **command.context_settings)


def _children(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(ctx):
        child = command.get_command(ctx, name)
        if child is not None and not child.hidden:
            yield name, child


def _help(command: click.Command) -> str:
    return command.get_short_help_str(limit=80)


def _switch(option: click.Option) -> str:
    spellings = (*option.opts, *option.secondary_opts)
    if _INSTEAD.intersection(spellings):
        value = "@skip"
    elif option.is_flag or option.count:
        value = ""
    else:
        value = _value(option, option.metavar or "")
    line = (option.help or "").partition("\n")[0]
    return f"{','.join(spellings)}|{value}|{line}"


def _places(argument: click.Argument) -> list[str]:
    """Return the operands of one argument: its metavar may name several, `[NAME] COMMAND...`."""
    metavars = (argument.metavar or "").split() or [""]
    places = [_value(argument, metavar.strip("[].")) for metavar in metavars]
    if argument.nargs == -1:
        places[-1] += " ..."
    return places


def _value(parameter: click.Parameter, metavar: str) -> str:
    """Return the words for one value: as its metavar says, else as its type does."""
    kind = parameter.type
    words = [said for word in metavar.split("|") for said in _meaning(word)]
    if not isinstance(kind, ContextName):  # a name to be, or the name of something else
        words = [word for word in words if word != "@context"]
    if words:
        pass
    elif isinstance(kind, ContextName):
        words = ["@context"]
    elif isinstance(kind, click.Choice):
        words = list(kind.choices)
    elif isinstance(kind, click.Path):
        words = ["@file" if kind.file_okay else "@directory"]
    elif isinstance(kind, click.File):
        words = ["@file"]
    for word in words:
        if not _WORD.fullmatch(word):  # the shells cut at spaces, commas and bars
            message = f"completion cannot offer the word {word!r} of {parameter.name}"
            raise ValueError(message)
    return " ".join(words or ["@any"])


def _meaning(word: str) -> tuple[str, ...]:
    """Return what a word of a metavar offers: itself, unless it is in capitals."""
    return _METAVARS.get(word, (word,) if word == "-" or word != word.upper() else ())
