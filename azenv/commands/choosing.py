"""What `azenv use` does: a choice is mailed to the shell, a default is written. Without click."""

from __future__ import annotations

import os

from azenv.activation import freshness, glance
from azenv.activation.scoping import is_session_born
from azenv.core import delta
from azenv.core.errors import AzenvError, NotFoundError, UsageError
from azenv.core.variables import NONE_ID
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.app import App

FOLLOW = "follow"


def choose(
    app: App,
    name: str | None = None,
    *,
    follow: bool = False,
    none: bool = False,
    span: str | None = None,
    yes: bool = False,
    scope: str | None = None,
) -> None:
    """Select the context `name`, as the command line declares it. Raises AzenvError."""
    if sum((follow, none, name is not None)) > 1:
        message = "give one of NAME, --follow and --none"
        raise UsageError(message)
    if (follow or none or name == "-") and scope == "user":
        message = "only a context can be the default"
        raise UsageError(message, hint="azenv use NAME --scope user")
    seconds = parse_span(span) if span is not None else None
    if name == "-":
        name = app.environ.get(delta.PREVIOUS, "")
        if not name:
            message = "there is no choice before this one"
            raise AzenvError(message, hint="azenv use NAME")
        follow, none = name == FOLLOW, name == NONE_ID
    if follow:
        if seconds is not None:
            message = "--for needs a context"
            raise UsageError(message)
        drop_choice(app)
    elif none:
        send_choice(app, NONE_ID, seconds)
    else:
        select(app, find_row(app, name or _pick(app)), scope=scope, seconds=seconds, yes=yes)


def select(
    app: App,
    row: Sequence[str],
    *,
    scope: str | None = None,
    seconds: float | None = None,
    yes: bool = False,
) -> None:
    """Make the context of a row this shell's choice, or with scope `user` the default.

    A protected one is asked about. Raises UsageError without a shell function, AzenvError where
    the user says no.
    """
    context_id = row[0]
    if scope != "user":
        mailbox = app.mailbox  # refused before anything is asked
        app.place.use_root(mailbox.root)
    ensure_agreed(app, row, yes=yes)
    if scope == "user":
        if seconds is not None:
            message = "a default has no end: --for is for this shell"
            raise UsageError(message)
        make_default(app, context_id)
    else:
        for line in freshness.ensure(app.place, context_id):
            say(line)
        send_choice(app, context_id, seconds)
    if app.output != "table":
        from azenv.commands.parameters import report  # click, which the default form does without

        report(app, app.book.contexts[context_id])


def send_choice(app: App, choice: str, seconds: float | None = None) -> None:
    """Leave a choice in the shell's mailbox; the choice before it is what `-` means."""
    from azenv.store import session

    mailbox = app.mailbox
    now = app.environ.get(delta.CHOICE) or FOLLOW
    previous = now if now != choice else app.environ.get(delta.PREVIOUS, FOLLOW)
    deadline = ""
    if seconds is not None:
        deadline = session.make_deadline(mailbox.root, mailbox.pid, seconds)
    mailbox.send("choice", choice, deadline=deadline, previous=previous)


def drop_choice(app: App) -> None:
    """Let this shell follow the directory again."""
    now = app.environ.get(delta.CHOICE) or app.environ.get(delta.PREVIOUS, "")
    app.mailbox.send("follow", "", previous=now)


def make_default(app: App, context_id: str) -> None:
    """Make the context the default of this and future sessions, and az's where az can follow.

    Raises AzenvError for what lives in this session only, NotFoundError for what is gone.
    """
    from azenv.activation.change import changing
    from azenv.activation.defaults import set_default

    if is_session_born(context_id):
        raise AzenvError(
            "that context lives in this session only, so it is no default of others",
            hint="leave --scope out",
        )
    with changing(app.place) as change:
        context = change.book.contexts.get(context_id)
        if context is None:
            raise NotFoundError("the context is gone", hint="azenv list")
        followed = set_default(app.paths.base, change.book, context)
        name = context.name
    say(f'"{name}" is the default of this and future sessions')
    if not followed:
        say("az itself never signed this account in, so az does not follow")
    if app.environ.get("__AZENV_MAIL"):
        drop_choice(app)


def find_row(app: App, text: str) -> Sequence[str]:
    """Return the row of the index that `text` names. Raises NotFoundError, AmbiguousError."""
    return glance.find(app.place, text)


def ensure_agreed(app: App, row: Sequence[str], *, yes: bool) -> None:
    """Ask before a protected context is used. Raises AzenvError where the user says no."""
    if "P" in row[-1] and not app.confirm(f'use the protected context "{row[1]}"', yes=yes):
        message = "nothing was changed"
        raise AzenvError(message)


def parse_span(text: str) -> float:
    """Return the seconds of `90s`, `30m`, `8h`, `1d`; a bare number is minutes.

    Raises UsageError for anything else.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "m")
    if not number.isascii() or not number.isdecimal() or len(number) > 9:  # noqa: PLR2004
        message = f'"{text}" is no span of time'
        raise UsageError(message, hint="90s, 30m, 8h or 1d")
    return int(number) * units[unit]


def _pick(app: App) -> str:
    from azenv.commands.picker import pick

    if not app.is_interactive:
        message = "which context? nobody can be asked here"
        raise UsageError(message, hint="azenv use NAME")
    rows = glance.rows(app.place)
    if not rows:
        message = "there is no context yet"
        raise AzenvError(message, hint="azenv import az")
    return pick(rows, os.environ.get("PATH", ""))
