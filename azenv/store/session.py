"""One shell with the integration loaded: its mail, its deadlines, and what a kill left behind.

Only the shell itself removes its own files; the next azenv sweeps those of shells that are gone:
see `store.liveness`.
"""

from __future__ import annotations

import os
import time

from azenv.core.errors import AzenvError, UsageError
from azenv.core.variables import SEPARATOR
from azenv.store import liveness
from azenv.store.files import ensure_private_directory
from azenv.store.paths import ACTIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAIL = "__AZENV_MAIL"
NONCE = "__AZENV_NONCE"
SHELL = "__AZENV_SHELL"
# What a program that azenv starts must not inherit: it would write into this shell's mailbox.
PRIVATE = (MAIL, NONCE, SHELL)

LONGEST_BOX_S = 31 * 86400


class Mailbox:
    """Where a command leaves what shall change in the shell that called it: one mail a command.

    `session` goes with the mail: what AZENV_SESSION shall be, `-` to unset it.
    """

    def __init__(self, path: str, nonce: str) -> None:
        self._path = path
        self._nonce = nonce
        self.session = ""
        self.is_sent = False

    @property
    def root(self) -> str:
        """Return the runtime directory of that shell."""
        return os.path.dirname(os.path.dirname(self._path))

    @property
    def pid(self) -> str:
        """Return the shell's process id, as it named its mail."""
        return os.path.basename(self._path).split(".", 1)[0]

    def send(
        self,
        verb: str,
        context_id: str,
        *,
        deadline: str = "",
        previous: str = "",
        session: str = "",
    ) -> None:
        """Leave one change; the shell applies it when the command ends.

        Raises AzenvError where the runtime directory does not take it.
        """
        told = session or self.session
        fields = [self._nonce, verb, context_id, deadline, previous, told, "."]
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            ensure_private_directory(os.path.dirname(self._path))
            handle = os.open(self._path, flags, 0o600)
        except OSError as error:
            message = f"cannot reach this shell: {error.strerror}"
            raise AzenvError(message, hint="start a new shell") from error
        try:
            os.write(handle, SEPARATOR.join(fields).encode())
        finally:
            os.close(handle)
        self.is_sent = True


def mailbox(environ: Mapping[str, str]) -> Mailbox:
    """Return the mailbox of the shell that called.

    Raises UsageError where no shell function did: a script, make, CI.
    """
    path, nonce = environ.get(MAIL, ""), environ.get(NONCE, "")
    if not os.path.isabs(path) or not nonce:
        message = "this shell has no azenv integration, so nothing here can change it"
        hint = 'azenv exec NAME cmd…, or: eval "$(azenv env NAME)"'
        raise UsageError(message, hint=hint)
    return Mailbox(path, nonce)


def make_deadline(root: str, pid: str, seconds: float) -> str:
    """Make the deadline file whose mtime is the end; return its name.

    Raises UsageError for a span that is not positive, or longer than 31 days.
    """
    if not 0 < seconds <= LONGEST_BOX_S:
        message = "a time box lasts more than nothing and at most 31 days"
        raise UsageError(message, hint="azenv use NAME --for 30m")
    directory = os.path.join(root, "until")
    ensure_private_directory(directory)
    remember(root, pid)
    name = f"{pid}-{os.urandom(4).hex()}"
    path = os.path.join(directory, name)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # whole seconds, rounded down: old shells compare no finer
    end = int(time.time() + seconds)
    os.utime(path, (end, end))
    return name


def is_over(root: str | None, name: str) -> bool:
    """Tell whether the time box `name` has ended; a missing deadline is an expired one."""
    if not name:
        return False
    try:
        return os.stat(os.path.join(root or "", "until", name)).st_mtime < time.time()
    except OSError:
        return True


def remember(root: str, pid: str) -> None:
    """Say which shell the files of `pid` belong to, so that they are swept when it is gone."""
    directory = os.path.join(root, "sessions")
    ensure_private_directory(directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(os.path.join(directory, pid), flags, 0o600)
    try:
        os.write(handle, "\n".join(liveness.identity(pid)).encode("ascii"))
    finally:
        os.close(handle)


def remove(root: str, pid: str) -> None:
    """Remove what the session of the shell `pid` left in the runtime directory."""
    if not pid.isdecimal():
        return
    names = [os.path.join("sessions", pid), os.path.join(ACTIVE, pid), f"clock.{pid}"]
    for directory, mark in (("until", f"{pid}-"), ("mail", f"{pid}.")):
        names += [os.path.join(directory, n) for n in _list(root, directory) if n.startswith(mark)]
    for name in names:
        try:
            os.unlink(os.path.join(root, name))
        except OSError:
            continue  # another sweep was faster


def _list(root: str, directory: str) -> list[str]:
    try:
        return os.listdir(os.path.join(root, directory))
    except OSError:
        return []


def forget_context(root: str, context_id: str) -> None:
    """Remove what sessions say of a stored context that is gone: it is gone in each of them."""
    for sid in _list(root, "session"):
        try:  # noqa: SIM105  contextlib costs the hook 3 ms
            os.unlink(os.path.join(root, "session", sid, "contexts", context_id))
        except OSError:
            pass


def stale(root: str) -> list[str]:
    """Return the pids of sessions that are gone."""
    found = ((pid, liveness.remembered(root, pid)) for pid in _list(root, "sessions"))
    return [pid for pid, known in found if known and liveness.has_ended(pid, known)]


def sweep(root: str) -> None:
    """Remove the files of sessions that are gone, and mail that was read."""
    for pid in stale(root):
        remove(root, pid)
    liveness.active(root)
    for name in _list(root, "mail"):
        path = os.path.join(root, "mail", name)
        try:
            if os.stat(path).st_size == 0:
                os.unlink(path)
        except OSError:
            continue  # swept by another
