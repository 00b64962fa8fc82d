"""Which context is in force: --context > choice > pin > default (DESIGN section 3).

One enum, one function; every answer carries its source and the links that lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from azenv.core.variables import NONE_ID


class Source(IntEnum):
    """Where an answer comes from; the higher rank wins."""

    NOTHING = 0
    DEFAULT = 1
    PIN = 2
    CHOICE = 3
    FLAG = 4

    @property
    def word(self) -> str:
        """Return the word that people and AZENV_SOURCE see."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Link:
    """One source's answer: a context id, `none` with the reason of the block, or nothing.

    `detail` says where it stands (a pin's path, `az` for az's own default).
    """

    source: Source
    context_id: str = ""
    detail: str = ""
    blocked: str = ""

    @property
    def is_blocked(self) -> bool:
        """Tell whether this answer reaches nothing until the user decides."""
        return self.context_id == NONE_ID


@dataclass(frozen=True, slots=True)
class Resolution:
    """The link in force, and the whole chain, highest rank first."""

    link: Link
    chain: tuple[Link, ...]


def resolve(links: tuple[Link, ...]) -> Resolution:
    """Return the answer of the highest rank that has one; a block counts as an answer."""
    chain = tuple(sorted(links, key=lambda link: -link.source))
    for link in chain:
        if link.context_id:
            return Resolution(link, chain)
    return Resolution(Link(Source.NOTHING), chain)
