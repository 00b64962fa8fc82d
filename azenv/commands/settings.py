"""A context's settings, as options of `set`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from azenv.core import names, targeting, variables
from azenv.core.errors import NotFoundError, UsageError
from azenv.core.model import DEFAULT_FAMILIES, FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from azenv.core.book import Book
    from azenv.core.model import Context


@dataclass(frozen=True, slots=True)
class Settings:
    """What shall change; None and an empty tuple stay as they are, an empty text clears."""

    group: str | None = None
    location: str | None = None
    protected: bool | None = None
    locked: bool | None = None
    also: tuple[str, ...] = ()
    exports: str | None = None
    keep: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: dict[str, Any]) -> Settings:
        """Return the settings that the options name. Raises UsageError for what nobody knows."""
        found = cls(**options)
        for text in filter(None, (found.group, found.location, *found.tag)):
            _ensure_plain(text)
        _families(found.exports)
        for name in filter(None, found.keep):
            _ensure_keepable(name)
        for tag in found.tag:
            if not tag.partition("=")[0] or "=" not in tag:
                raise UsageError(
                    f'"{tag}" is no tag', hint="--tag KEY=VALUE; --tag KEY= removes it"
                )
        return found


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; each arrives under its name in `Settings`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option("--group", metavar="GROUP", help='Default resource group; "" clears it.'),
    click.option("--location", metavar="LOCATION", help='Default location; "" clears it.'),
    click.option("--protected/--no-protected", default=None, help="Ask before each use."),
    click.option("--locked/--no-locked", default=None, help="Show az this subscription only."),
    click.option("--also", multiple=True, metavar="SUB", help="And this one, though locked."),
    click.option(
        "--exports", metavar="FAMILIES", help=f"Any of {', '.join(FAMILIES)}; or: default."
    ),
    click.option("--keep", multiple=True, metavar="VARIABLE", help="Do not unset this variable."),
    click.option("--tag", multiple=True, metavar="KEY=VALUE", help="A label of yours."),
)


def applied(book: Book, context: Context, changes: Settings) -> Context:
    """Return `context` with the changes. Raises NotFoundError for an unknown `also`."""
    families = _families(changes.exports)
    also = tuple(_subscription_id(book, context, text) for text in changes.also if text)
    return replace(
        context,
        group=context.group if changes.group is None else changes.group,
        location=context.location if changes.location is None else changes.location,
        protected=context.protected if changes.protected is None else changes.protected,
        locked=context.locked if changes.locked is None else changes.locked,
        also=tuple(dict.fromkeys(also)) if changes.also else context.also,
        exports=context.exports if families is None else families,
        keep=tuple(filter(None, dict.fromkeys(changes.keep))) if changes.keep else context.keep,
        tags=_tags(context.tags, changes.tag),
    )


def _ensure_plain(text: str) -> None:
    if names.printable(text) != text:
        raise UsageError("a setting may not hold control characters")


def _families(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    words = [word for part in text.split(",") if (word := part.strip())]
    if words == ["default"]:
        return DEFAULT_FAMILIES
    for word in words:
        if word not in FAMILIES:
            hint = f"--exports default, or any of {','.join(FAMILIES)}"
            raise UsageError(f'nothing called "{word}" can be exported', hint=hint)
    return tuple(family for family in FAMILIES if family in words)


def _ensure_keepable(name: str) -> None:
    if name in variables.UNSETTABLE:
        return
    if name in variables.SETTABLE:
        raise UsageError(f"a context sets {name} itself; it cannot be kept")
    close = names.nearest(name, variables.UNSETTABLE)
    hint = f"did you mean {', '.join(close)}?" if close else "azenv leaves it alone anyway"
    raise UsageError(f"no context touches {names.printable(name)}", hint=hint)


def _subscription_id(book: Book, context: Context, text: str) -> str:
    found = targeting.find(
        [t for t in book.targets() if t.identity[:3] == context.target.identity[:3]],
        subscription=text,
    )
    if found.subscription is None:
        raise NotFoundError(f'no subscription "{text}" is known')
    return found.subscription.id


def _tags(old: Sequence[tuple[str, str]], wanted: Sequence[str]) -> tuple[tuple[str, str], ...]:
    tags = dict(old)
    for text in wanted:
        key, _, value = text.partition("=")
        if value:
            tags[key] = value
        else:
            tags.pop(key, None)
    return tuple(sorted(tags.items()))
