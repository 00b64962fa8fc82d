"""Which context is in force here, and why: the program's side of what the shells decide."""

from __future__ import annotations

import os

from azenv.activation import verdicts
from azenv.activation.change import changing
from azenv.activation.scoping import is_session_born, record
from azenv.core import delta, variables
from azenv.core.errors import AzenvError, NotTrustedError
from azenv.core.resolve import Link, Resolution, Source, resolve
from azenv.interop import azprofile
from azenv.store import pins, records, session, trust
from azenv.watch import candidates, logical_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.activation.place import Place
    from azenv.core.book import Book
    from azenv.core.model import Context, Target

GONE = "the context is gone"


def resolution(place: Place, book: Book, flag: str = "") -> Resolution:
    """Return the context in force, with the whole chain. `flag` is what --context names."""
    links = [choice(place, book), pin(place, book)]
    if flag:
        links.append(Link(Source.FLAG, book.find(flag).id, "--context"))
    try:
        links.append(default(place, book))
    except AzenvError as error:
        if not any(link.context_id for link in links):
            raise
        # az writes its profile in place: what is torn must not stop what outranks it
        links.append(Link(Source.DEFAULT, detail=error.message))
    return resolve(tuple(links))


def choice(place: Place, book: Book) -> Link:
    """Return this shell's choice; an expired or vanished one blocks."""
    chosen = place.environ.get(delta.CHOICE, "")
    if not chosen:
        return Link(Source.CHOICE)
    if chosen == variables.NONE_ID:
        return Link(Source.CHOICE, variables.NONE_ID, blocked="chosen")
    if session.is_over(place.existing_root, place.environ.get(delta.UNTIL, "")):
        return Link(Source.CHOICE, variables.NONE_ID, blocked="the time is up")
    if chosen not in book.contexts:
        return Link(Source.CHOICE, variables.NONE_ID, blocked=GONE)
    return Link(Source.CHOICE, chosen)


def pin(place: Place, book: Book | None = None) -> Link:
    """Return the answer of the nearest pin that is not denied; a blocked one answers `none`.

    A pin that means a context which `book`, as this session sees it, does not have is blocked, too.
    """
    try:
        directory = logical_directory(place.environ)
    except OSError:
        return Link(Source.PIN)
    for path in candidates(directory):
        if not os.path.lexists(path):
            continue
        try:
            content = pins.read(path)
        except FileNotFoundError:
            continue
        except pins.PinError as error:
            return Link(Source.PIN, variables.NONE_ID, path, error.message)
        decided, known = trust.load(place.paths.store), verdicts.rows(place.paths)
        word, argument = verdicts.verdict(os.path.realpath(path), content, decided, known)
        if word == records.CONTEXT and book is not None and argument not in book.contexts:
            return Link(Source.PIN, variables.NONE_ID, path, GONE)
        if word == records.CONTEXT:
            return Link(Source.PIN, argument, path)
        if word == records.BLOCKED:
            return Link(Source.PIN, variables.NONE_ID, path, argument)
    return Link(Source.PIN)


def default(place: Place, book: Book) -> Link:
    """Return the default: of azenv's own and az's, the later change counts (DESIGN section 3).

    Never call it under the store lock, which it may take.
    """
    found = azprofile.default_target(place.paths.base)
    fingerprint = found[1] if found else ""
    if book.default in book.contexts:
        if book.az_seen == fingerprint:
            return Link(Source.DEFAULT, book.default, "azenv")
        _take_over(place, fingerprint)
    if found is None:
        return Link(Source.DEFAULT)
    same = context_of(book, found[0])
    return Link(Source.DEFAULT, same.id if same else "", "az")


def _take_over(place: Place, fingerprint: str) -> None:
    """Forget azenv's own default: az's row changed since, and may well change back."""
    try:
        with changing(place) as change:
            change.book.default, change.book.az_seen = "", fingerprint
    except AzenvError:
        pass  # a home that cannot be written: asked again next time


def context_of(book: Book, target: Target) -> Context | None:
    """Return the oldest context of az's row `target`: by identity, or by what az's profile has.

    az's profile does not hold a user's home id, so the user name stands in for it. What was born
    in a session is nobody's default.
    """
    stored = [c for c in book.contexts.values() if not is_session_born(c.id)]
    if same := [context for context in stored if context.target.identity == target.identity]:
        return same[0]
    wanted = without_home(target)
    return next((context for context in stored if without_home(context.target) == wanted), None)


def without_home(target: Target) -> tuple[str, ...]:
    """Return what az's profile knows of an identity."""
    subscription = target.subscription.id if target.subscription else ""
    parts = (target.cloud, target.account.kind, target.account.username, target.tenant.id)
    return tuple(part.casefold() for part in (*parts, subscription))


def ensure_context(place: Place, book: Book, flag: str = "") -> Context:
    """Return the context in force.

    Raises NotTrustedError where a pin blocks, AzenvError where another block or nothing answers.
    """
    link = resolution(place, book, flag).link
    if link.is_blocked:
        where = f" ({link.detail})" if link.detail else ""
        kind = NotTrustedError if link.source == Source.PIN else AzenvError
        raise kind(f"blocked: {link.blocked}{where}", hint="azenv why")
    if not link.context_id:
        message = "no context is in force: no choice, no pin, no default"
        raise AzenvError(message, hint="azenv use NAME" if book.contexts else "azenv import az")
    return book.contexts[link.context_id]


def contradictions(place: Place, book: Book, found: Resolution) -> list[str]:
    """Return what in this environment leads a tool elsewhere than the context in force.

    An `.envrc` that runs after our hook may set any of the names that a context unsets; that
    stays, and is named here.
    """
    if found.link.is_blocked or found.link.context_id not in book.contexts:
        return []
    text = record(place, found.link.context_id)
    if text is None or delta.UNDO not in place.environ:
        return []
    _, _, kinds, values = delta.parse_record(text)
    return list(_differing(place, kinds, values))


def _differing(place: Place, kinds: str, values: list[str]) -> Iterator[str]:
    for number, name in enumerate(variables.NAMES):
        now = place.environ.get(name)
        if kinds[number] == variables.UNSET and now is not None:
            yield f"{name} is set by something else; tools may follow it"
        wants = values[number - len(variables.COMPOSED)] if number < len(variables.SETTABLE) else ""
        composed = number < len(variables.COMPOSED)
        if kinds[number] == variables.SET and not composed and now is not None and now != wants:
            yield f"{name} was changed after the context was applied"
