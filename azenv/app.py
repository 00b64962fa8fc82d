"""The composition root: one run's place, its store on first use, and what the terminal can do."""

from __future__ import annotations

import os
import sys

from azenv.activation import scoping
from azenv.activation.place import Place
from azenv.core.errors import AzenvError, UsageError
from azenv.watch import logical_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.activation.change import changing
    from azenv.activation.session_change import session_changing
    from azenv.azure.endpoints import Endpoints
    from azenv.core.book import Book
    from azenv.core.model import Context, Credential
    from azenv.store.paths import Paths
    from azenv.store.session import Mailbox
    from azenv.store.session_store import SessionStore
    from azenv.store.vault import Vault

    Change = changing | session_changing


class App:
    """What a command gets: built once, from the process's environment and streams."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.environ = dict(os.environ) if environ is None else environ
        self.place = Place(self.environ)
        self.output = "table"
        self._book: Book | None = None
        self._mailbox: Mailbox | None = None

    @property
    def paths(self) -> Paths:
        """Return the user's directories."""
        return self.place.paths

    @property
    def book(self) -> Book:
        """Return the contexts as this session sees them; read once. Raises DamagedError."""
        if self._book is None:
            self._book = scoping.effective_book(self.place)
        return self._book

    def reread(self) -> None:
        """Forget the contexts as they were: a command has changed them."""
        self._book = None

    def scope(self, flag: str | None, *contexts: Context) -> str:
        """Return where a change goes; what was born in this session stays in it.

        `flag` is what `--scope` said, `contexts` are those that will change. Raises AzenvError
        where user scope is asked for what lives in this session only.
        """
        born = next((c for c in contexts if scoping.is_session_born(c.id)), None)
        if born is None:
            return scoping.scope_of(self.place, flag)
        if flag == scoping.USER:
            message = f'"{born.name}" lives in this session only'
            raise AzenvError(message, hint="leave --scope out")
        return scoping.PROCESS

    def changing(self, flag: str | None, *contexts: Context) -> Change:
        """Return a change, in the scope that `flag` and `contexts` ask for, as `scope` says.

        In user scope its `book` is what is stored; in process scope, what this session sees. Raises
        UsageError where process scope is asked for without a session.
        """
        self.reread()
        if self.scope(flag, *contexts) == scoping.USER:
            from azenv.activation.change import changing

            return changing(self.place)
        from azenv.activation.session_change import session_changing

        self._ensure_a_session_is_possible(flag)
        return session_changing(
            self.place, self.ensure_session, is_explicit=flag == scoping.PROCESS
        )

    def vault(self, flag: str | None, *contexts: Context) -> Vault:
        """Return where a sign-in is kept, in the scope that `flag` and `contexts` ask for."""
        if self.scope(flag, *contexts) == scoping.USER:
            from azenv.store.vault import user_vault

            return user_vault(self.paths)
        self._ensure_a_session_is_possible(flag)
        return self.ensure_session()

    def credential_of(self, context: Context) -> tuple[Vault, Credential | None]:
        """Return the vault of a context's account, and how azenv signs it in; None: not at all."""
        return scoping.credential_of(self.place, context)

    def cloud(self, name: str) -> Endpoints:
        """Return where a cloud is, as this session knows it.

        Raises NotFoundError, and AzenvError where no token may go there.
        """
        from azenv.azure import endpoints

        ours = scoping.effective_clouds(self.place)
        return endpoints.find(name, endpoints.own_clouds(self.paths, ours))

    def _ensure_a_session_is_possible(self, flag: str | None) -> None:
        if self.environ.get(scoping.SESSION) or self.environ.get("__AZENV_MAIL"):
            return
        if flag is None:
            message = "autosave is off, and without the shell integration no session keeps this"
            raise UsageError(message, hint="add --scope user, or: azenv init SHELL --install")
        _ = self.mailbox

    def ensure_session(self) -> SessionStore:
        """Return the store of this session, made where there is none; its shell learns of it.

        Raises UsageError where no shell can learn of it.
        """
        found = scoping.session_of(self.place)
        if found is None:
            from azenv.store import session
            from azenv.store.session_store import SessionStore

            mailbox = self.mailbox
            self.place.use_root(mailbox.root)
            session.remember(mailbox.root, mailbox.pid)
            found = SessionStore.create(mailbox.root, mailbox.pid)
            self.environ[scoping.SESSION] = found.value
        if self.environ.get("__AZENV_MAIL"):
            # also where the shell knows it: it then decides anew
            self.mailbox.session = found.value
        return found

    def settle(self) -> None:
        """Let the shell know of its session, where no mail of the command has told it."""
        if self._mailbox and self._mailbox.session and not self._mailbox.is_sent:
            self._mailbox.send("keep", "")

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
        if self._mailbox is None:
            from azenv.store.session import mailbox

            self._mailbox = mailbox(self.environ)
        return self._mailbox

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
