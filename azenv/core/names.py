"""What a context may be called, what a generated name is, and what may be printed.

Display forms exist because tenants and subscriptions are named by strangers: a guest sees
whatever a hostile tenant calls itself (DESIGN section 2).
"""

from __future__ import annotations

from azenv.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azenv.core.model import Target

LONGEST = 128
_SAFE_PUNCTUATION = frozenset(" ._-@()")
# Cc control, Cf format (bidi, zero width), Zl and Zp line and paragraph separators, Cs lone
# surrogates, which cannot be written as UTF-8.
_REFUSED_CATEGORIES = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))


def display(text: str) -> str:
    """Return the display form: every character but letters, digits, space and `._-@()` is `_`."""
    return "".join(c if c.isalnum() or c in _SAFE_PUNCTUATION else "_" for c in text)


def printable(text: str) -> str:
    """Return `text` without control, bidi and format characters: for paths and true names."""
    if text.isprintable():
        return text
    return "".join("?" if _is_refused(c) else c for c in text)


def _is_refused(char: str) -> bool:
    import unicodedata  # for the rare text that is not plainly printable

    return unicodedata.category(char) in _REFUSED_CATEGORIES


def ensure_name(name: str) -> str:
    """Return `name`, or raise UsageError where a context may not be called so."""
    if not name.strip():
        message = "a context's name may not be empty"
        raise UsageError(message, hint="azenv rename OLD NEW")
    if len(name) > LONGEST:
        message = f"a context's name has at most {LONGEST} characters; this one has {len(name)}"
        raise UsageError(message)
    for position, char in enumerate(name, start=1):
        if _is_refused(char):
            message = f"a context's name may not hold {_char_name(char)} (character {position})"
            raise UsageError(message)
    return name


def _char_name(char: str) -> str:
    import unicodedata  # for an error only

    return f"U+{ord(char):04X} {unicodedata.name(char, 'a control character')}"


def generated(target: Target, is_taken: Callable[[str], bool]) -> str:
    """Return the name of a context that the user did not name (DESIGN section 2)."""
    tenant = target.tenant.domain or target.tenant.id
    if target.subscription:
        name = f"{target.subscription.name} ({target.subscription.id})"
    else:
        name = f"{tenant} - {target.account.username}"
    # Azure's own names may hold anything; ours may not, and are cut so that a suffix still fits.
    name = acceptable(name)
    if not is_taken(name):
        return name
    name = acceptable(f"{name} - {tenant} - {target.account.username}")
    return name if not is_taken(name) else numbered(name, is_taken)


def acceptable(name: str) -> str:
    """Return the nearest thing to `name` that a context may be called."""
    name = "".join("_" if _is_refused(c) else c for c in name)
    return name[:LONGEST].strip() or "context"


def numbered(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return `name` with the first number that makes it free."""
    number = 2
    while True:
        suffix = f" ({number})"
        candidate = name[: LONGEST - len(suffix)] + suffix
        if not is_taken(candidate):
            return candidate
        number += 1


def nearest(wanted: str, names: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """Return the names that come closest to `wanted`, best first."""
    import difflib  # slow to import, needed for errors only

    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    close = difflib.get_close_matches(wanted.casefold(), folded, n=most, cutoff=0.5)
    inside = [key for key in folded if wanted.casefold() in key and key not in close]
    return tuple(folded[key] for key in [*close, *inside][:most])
