"""The composition root: one run's place, its store on first use, and what the terminal can do."""

from __future__ import annotations

import os
import sys

from azenv.activation.place import Place
from azenv.core.errors import AzenvError, UsageError
from azenv.watch import logical_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.core.book import Book
    from azenv.store.paths import Paths
    from azenv.store.session import Mailbox


class App:
    """What a command gets: built once, from the process's environment and streams."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.environ = dict(os.environ) if environ is None else environ
        self.place = Place(self.environ)
        self.output = "table"
        self._book: Book | None = None

    @property
    def paths(self) -> Paths:
        """Return the user's directories."""
        return self.place.paths

    @property
    def book(self) -> Book:
        """Return the context store as it is on disk; read once. Raises DamagedError."""
        if self._book is None:
            from azenv.store import contexts  # json and dataclasses

            self._book = contexts.load(self.paths.store)
        return self._book

    def reread(self) -> None:
        """Forget the context store as it was: a command has changed it."""
        self._book = None

    @property
    def directory(self) -> str:
        """Return the logical working directory. Raises AzenvError where it is gone."""
        try:
            return logical_directory(self.environ)
        except OSError:
            message = "the working directory is gone"
            raise AzenvError(message, hint="cd to a directory that exists") from None

    @property
    def is_interactive(self) -> bool:
        """Tell whether a person can be asked: without a terminal azenv never prompts."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def mailbox(self) -> Mailbox:
        """Return the mailbox of the calling shell. Raises UsageError where there is none."""
        from azenv.store.session import mailbox

        return mailbox(self.environ)

    def confirm(self, question: str, *, yes: bool, flag: str = "--yes") -> bool:
        """Ask on the terminal; `yes` answers for the user.

        Raises UsageError where nobody can be asked.
        """
        if yes:
            return True
        if not self.is_interactive:
            message = f"{question}: nobody can be asked here"
            raise UsageError(message, hint=f"add {flag}")
        print(f"azenv: {question}? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().casefold() in {"y", "yes"}
