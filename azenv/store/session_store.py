"""The session store: what a shell keeps to itself, sealed in the runtime directory.

The key is in the shell's environment alone (AZENV_SESSION), so that the file opens nowhere once
the shell is gone. Beside it lie plain records for the shell, completion's names, and salted
hashes of the accounts, by which `logout` elsewhere knows an account without the key.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from azenv.core.errors import DamagedError, SignInNeededError
from azenv.store import liveness, sealing, session_accounts, session_state
from azenv.store.files import ensure_private_directory, locked, read_private, write_private
from azenv.store.session_state import State
from azenv.store.vault import cache_sections, dump_secrets, parse_secrets, stamp_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from azenv.store.vault import Secret, Sections

__all__ = ["SessionStore", "State"]

LABEL = "session"
_CACHE, _TABLE, _STATE, _SECRETS = range(4)
_COUNT = 4
_VALUE = re.compile(r"(?P<sid>\d+-\d*-[0-9a-f]{8})\.(?P<key>[0-9A-Za-z_-]{43})", re.ASCII)


class SessionStore:
    """The vault and the state of one session. Methods raise SignInNeededError where it is gone."""

    def __init__(self, root: str, sid: str, key: bytes) -> None:
        self.sid = sid
        self.directory = os.path.join(root, "session", sid)
        self.label = "this session"
        self._key = key
        self._file = os.path.join(self.directory, "store.bin")

    @classmethod
    def create(cls, root: str, pid: str) -> SessionStore:
        """Make the store of the shell `pid`, whole or not at all."""
        owner = liveness.identity(pid)
        sid = f"{pid}-{owner[3]}-{os.urandom(4).hex()}"
        store = cls(root, sid, os.urandom(sealing.KEY_SIZE))
        parent, name = os.path.split(store.directory)
        making = os.path.join(parent, f".{name}")
        for directory in (root, parent, making, os.path.join(making, "contexts")):
            ensure_private_directory(directory)
        write_private(os.path.join(making, "owner"), "\n".join(owner).encode(), sync=False)
        sections = [b"", b"", session_state.dump(State()), b""]
        write_private(os.path.join(making, "store.bin"), store._seal(sections, 1), sync=False)
        os.rename(making, store.directory)
        return store

    @classmethod
    def open(cls, root: str, value: str) -> SessionStore | None:
        """Return the store that AZENV_SESSION names, None where it is gone."""
        match = _VALUE.fullmatch(value)
        if match is None:
            return None
        store = cls(root, match["sid"], urlsafe_b64decode(match["key"] + "="))
        return store if os.path.lexists(store._file) else None

    @property
    def value(self) -> str:
        """Return what AZENV_SESSION is set to. It holds the key: never print it."""
        return f"{self.sid}.{urlsafe_b64encode(self._key).decode().rstrip('=')}"

    def cache(self) -> str:
        """Return MSAL's cache as JSON text, "" where there is none."""
        return self._read()[_CACHE].decode()

    def stamp(self) -> tuple[int, int, int]:
        """Return (inode, mtime_ns, size) of the file; equal stamps: nothing has changed."""
        return stamp_of(self._file)

    def change_cache(self, edit: Callable[[str], str]) -> None:
        """Replace the cache by what `edit` makes of it, in one locked read and write."""

        def change(sections: Sections) -> None:
            old = sections[_CACHE].decode()
            if (new := edit(old)) != old:
                sections[_CACHE : _TABLE + 1] = cache_sections(new)

        self._change(change)

    def find_token(self, digest: bytes) -> tuple[str, int] | None:
        """Return (access token, expiry) by its `tokentable.digest`, None where there is none."""
        from azenv.store import tokentable

        return tokentable.find(self._read()[_TABLE], digest)

    def secret(self, key: str) -> Secret | None:
        """Return what was put under `key`, a `holder_key`."""
        return parse_secrets(self._read()[_SECRETS]).get(key)

    def put_secret(self, key: str, value: Secret) -> None:
        """Keep `value` under `key`."""
        self._change_secrets(lambda secrets: {**secrets, key: value})

    def forget_secret(self, key: str) -> None:
        """Forget what was put under `key`, if anything was."""
        self._change_secrets(
            lambda secrets: {name: value for name, value in secrets.items() if name != key}
        )

    def notice(self) -> str:
        """Return "": the key is the session's own, and in its environment only."""
        return ""

    def _change_secrets(self, edit: Callable[[dict[str, Secret]], dict[str, Secret]]) -> None:
        def change(sections: Sections) -> None:
            sections[_SECRETS] = dump_secrets(edit(parse_secrets(sections[_SECRETS])))

        self._change(change)

    def state(self) -> State:
        """Return the contexts, credentials and clouds of this session. Raises DamagedError."""
        return self._parsed(self._read())

    def change(self) -> changing_state:
        """Hold the state while the block changes it; leaving the block saves it."""
        return changing_state(self)

    def put_state(self, state: State) -> None:
        """Replace the state; what the block of `change` ends with."""

        def change(sections: Sections) -> None:
            sections[_STATE] = session_state.dump(state)

        self._change(change)

    def locked_state(self) -> locked:
        """Return the lock of the state: apart from the file's, since a sign-in changes both."""
        return locked(self._lock("state"))

    def remove(self) -> None:
        """Remove the store: its key opens nothing any more."""
        session_accounts.drop(os.path.dirname(os.path.dirname(self.directory)), self.sid)

    def _lock(self, what: str) -> str:
        parent, name = os.path.split(self.directory)
        return os.path.join(parent, f".{name}.{what}.lock")

    def _parsed(self, sections: Sections) -> State:
        try:
            return session_state.parse(sections[_STATE])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DamagedError:
        # to start empty would forget that this session keeps to itself
        return DamagedError(
            f"the session store is damaged: {self._file} ({error})", hint="start a new shell"
        )

    def _read(self) -> Sections:
        return self._unsealed(self._bytes())

    def _bytes(self) -> bytes:
        data = read_private(self._file)
        if data is None:
            raise SignInNeededError("this session has ended elsewhere", hint="azenv login")
        return data

    def _unsealed(self, data: bytes) -> Sections:
        try:
            return sealing.unseal(data, key=self._key, label=LABEL, count=_COUNT)
        except ValueError as error:
            raise self._damaged(error) from error

    def _change(self, edit: Callable[[Sections], None]) -> None:
        with locked(self._lock("store")):
            try:
                data = self._bytes()
            except SignInNeededError:
                os.unlink(self._lock("store"))  # ours: the store's own went with it
                raise
            old = self._unsealed(data)
            new = list(old)
            edit(new)
            if new == old:
                return
            state, secrets = self._parsed(new), parse_secrets(new[_SECRETS])
            with session_accounts.naming(self.directory, state.holders(), secrets):
                generation = sealing.generation(data) + 1
                write_private(self._file, self._seal(new, generation), sync=False)

    def _seal(self, sections: Sections, generation: int) -> bytes:
        return sealing.seal(
            sections, key=self._key, key_id=self._key_id(), generation=generation, label=LABEL
        )

    def _key_id(self) -> bytes:
        from hashlib import sha256

        return sha256(self._key).digest()[: sealing.ID_SIZE]


class changing_state:  # noqa: N801  reads as a verb, as `locked` does
    """Hold a session's state; the block changes it; leaving it without an exception saves it."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._lock = store.locked_state()

    def __enter__(self) -> State:
        self._lock.__enter__()
        try:
            self._state = self._store.state()
        except BaseException:
            self._lock.__exit__()
            raise
        return self._state

    def __exit__(self, kind: object, *_exception: object) -> None:
        try:
            if kind is None:
                self._store.put_state(self._state)
        finally:
            self._lock.__exit__()
