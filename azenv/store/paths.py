"""Where everything lies. The hook imports this: `os` and `sys` only, platformdirs when needed."""

from __future__ import annotations

import os
import stat
import sys

from azenv.core.errors import AzenvError
from azenv.core.variables import LAYOUT
from azenv.store.files import ensure_private_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RUNTIME_NAME = "azenv"
ACTIVE = "active"  # below the runtime directory

_IS_LINUX: bool = sys.platform == "linux"


class Paths:
    """The directories of one user, absolute; nothing is created here.

    base    az's own directory, `~/.azure` or the setting `base_dir`
    store   what azenv keeps: contexts, trust, settings
    state   machine-local: records, keys
    records the records of this version's variables table
    """

    __slots__ = ("base", "home", "records", "state", "store")

    def __init__(self, *, home: str, base: str, store: str, state: str) -> None:
        self.home = home
        self.base = base
        self.store = store
        self.state = state
        self.records = os.path.join(state, LAYOUT)

    @property
    def lock(self) -> str:
        """Return the one lock that every writer of the store and the records holds."""
        return os.path.join(self.store, "lock")

    @property
    def settings(self) -> str:
        """Return the settings file."""
        return os.path.join(self.store, "config.toml")


def locate(environ: Mapping[str, str]) -> Paths:
    """Return the paths of this user, `AZENV_HOME` first. Raises AzenvError without a home."""
    home = environ.get("AZENV_HOME", "")
    if home:
        _ensure_own_home(home)
        base = os.path.join(home, ".azure")
        return Paths(
            home=home,
            base=base,
            store=os.path.join(base, "azenv"),
            state=os.path.join(home, "state"),
        )
    user_home = environ.get("USERPROFILE" if os.name == "nt" else "HOME", "")
    if not os.path.isabs(user_home):
        message = "HOME is not set, so azenv does not know where ~/.azure is"
        raise AzenvError(message, hint="export HOME=/home/you, or AZENV_HOME=/some/directory")
    base = os.path.join(user_home, ".azure")
    store = os.path.join(base, "azenv")
    paths = Paths(home="", base=base, store=store, state=_state_directory(environ, user_home))
    if os.path.exists(paths.settings):
        from azenv.store.settings import load  # tomllib costs more than a hook

        paths.base = load(paths.settings).base_dir or base
    return paths


def _ensure_own_home(home: str) -> None:
    """Refuse an AZENV_HOME that a wrapper may have planted: relative, or another user's."""
    if not os.path.isabs(home):
        message = f'AZENV_HOME is not an absolute path: "{home}"'
        raise AzenvError(message, hint="unset AZENV_HOME")
    try:
        owner = os.stat(home).st_uid
    except OSError:
        return
    if os.name == "posix" and owner != os.geteuid():
        message = f'AZENV_HOME belongs to another user: "{home}"'
        raise AzenvError(message, hint="unset AZENV_HOME")


def _state_directory(environ: Mapping[str, str], user_home: str) -> str:
    if _IS_LINUX:
        # What platformdirs answers here; importing it costs more than a whole hook run.
        state = environ.get("XDG_STATE_HOME", "").strip() or f"{user_home}/.local/state"
        return os.path.join(state, "azenv")
    import platformdirs

    return platformdirs.user_state_dir("azenv", appauthor=False)


def runtime_candidates(paths: Paths, environ: Mapping[str, str]) -> list[str]:
    """Return where the runtime directory may lie, best first (DESIGN section 4)."""
    if paths.home:
        return [os.path.join(paths.home, "run")]
    if os.name == "nt":
        return [os.path.join(paths.store, "run")]
    uid = os.geteuid()
    found = [f"/run/user/{uid}/{RUNTIME_NAME}", f"/dev/shm/{RUNTIME_NAME}-{uid}"]  # noqa: S108
    if os.path.isabs(session := environ.get("XDG_RUNTIME_DIR", "")):
        found.insert(0, os.path.join(session, RUNTIME_NAME))
    return [*found, os.path.join(paths.store, "run")]


def is_own_directory(path: str) -> bool:
    """Tell whether `path` is a directory of ours, no link: what a shell tests by -O and -L."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid())


def find_root(paths: Paths, environ: Mapping[str, str]) -> str | None:
    """Return the runtime directory that exists and is ours, as a shell would pick it."""
    mail = environ.get("__AZENV_MAIL", "")
    if mail and is_own_directory(root := os.path.dirname(os.path.dirname(mail))):
        return root
    for candidate in runtime_candidates(paths, environ):
        if is_own_directory(candidate):
            return candidate
    return None


def ensure_root(paths: Paths, environ: Mapping[str, str]) -> str:
    """Return the runtime directory, made 0700 where there is none yet.

    With it the directory into which shells write what they have active. Raises AzenvError where
    no candidate can be had, DamagedError where others may write it.
    """
    root = _ensure_root(paths, environ)
    ensure_private_directory(os.path.join(root, ACTIVE))
    return root


def _ensure_root(paths: Paths, environ: Mapping[str, str]) -> str:
    if root := find_root(paths, environ):
        ensure_private_directory(root)
        return root
    for candidate in runtime_candidates(paths, environ):
        parent = os.path.dirname(candidate)
        if parent == paths.store:
            os.makedirs(parent, mode=0o700, exist_ok=True)
        elif paths.home:
            os.makedirs(paths.home, mode=0o700, exist_ok=True)
        try:
            os.mkdir(candidate, 0o700)
        except OSError:
            continue
        return candidate
    message = "no runtime directory can be made"
    raise AzenvError(message, hint="set XDG_RUNTIME_DIR to a directory of yours, mode 0700")


def mirrored(directory: str, path: str) -> str:
    """Return where the record of the pin at `path` lies: the same tree below `directory`."""
    drive, rest = os.path.splitdrive(path)
    return os.path.join(directory, drive.replace(":", "").strip("\\/"), rest.lstrip("\\/"))
