"""The user's vault: tokens.bin holds MSAL's cache and the token table, sp.bin the secrets.

Both are sealed with one key. Writers hold `tokens.bin.lock`; readers take no lock, since a file
is only ever replaced. What was damaged is moved to `<file>.bad` (one is kept) and the vault starts
empty; what another key sealed is left alone. `azenv token` imports this module: builtins only.
"""

from __future__ import annotations

import os

from azenv.core.errors import AzenvError
from azenv.store import keys, sealing
from azenv.store.files import ensure_private_directory, locked, read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from azenv.core.book import Holder
    from azenv.store.paths import Paths

    Secret = dict[str, str]
    Sections = list[bytes]

    class Vault(Protocol):
        """Where tokens and secrets are kept for one scope."""

        label: str

        def cache(self) -> str:
            """Return MSAL's cache as JSON text, "" where there is none."""

        def stamp(self) -> tuple[int, int, int]:
            """Return (inode, mtime_ns, size) of the file; equal stamps: nothing has changed."""

        def change_cache(self, edit: Callable[[str], str]) -> None:
            """Replace the cache by what `edit` makes of it, in one locked read and write."""

        def find_token(self, digest: bytes) -> tuple[str, int] | None:
            """Return (access token, expiry) by its `tokentable.digest`."""

        def secret(self, key: str) -> Secret | None:
            """Return what was put under `key`, a `holder_key`."""

        def put_secret(self, key: str, value: Secret) -> None:
            """Keep `value` under `key`."""

        def forget_secret(self, key: str) -> None:
            """Forget what was put under `key`, if anything was."""

        def notice(self) -> str:
            """Return what to tell the user of where the key is, "" where there is nothing new."""


TOKENS, SECRETS = "tokens.bin", "sp.bin"
# How many sections each holds: the cache and the token table; the secrets.
_COUNT = {TOKENS: 2, SECRETS: 1}
BAD = ".bad"
# A rotation that a reader meets lasts milliseconds, and nobody rotates all day.
_ATTEMPTS = 100


def holder_key(holder: Holder) -> str:
    """Return what the vaults call an account of a cloud: `Target.identity[:2]` as text."""
    return "\x1f".join(holder)


def user_vault(paths: Paths) -> UserVault:
    """Return the vault of what outlives a session."""
    return UserVault(paths)


def stamp_of(path: str) -> tuple[int, int, int]:
    """Return (inode, mtime_ns, size), zeros where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


class UserVault:
    """Tokens and secrets in user scope.

    Every method raises KeyMissingError where the key is not to be had now, DamagedError for a file
    that is not safe to use, AzenvError for that of a newer azenv or a disk that refuses.
    """

    def __init__(self, paths: Paths) -> None:
        self.label = paths.store
        self._paths = paths
        self._keys: dict[bytes, bytes] = {}  # a keyring is asked once a run
        self._notice = ""

    def cache(self) -> str:
        """Return MSAL's cache as JSON text, "" where there is none."""
        return self._read(TOKENS)[0].decode()

    def stamp(self) -> tuple[int, int, int]:
        """Return (inode, mtime_ns, size) of tokens.bin; equal stamps: nothing has changed."""
        return stamp_of(self._path(TOKENS))

    def change_cache(self, edit: Callable[[str], str]) -> None:
        """Replace the cache by what `edit` makes of it, in one locked read and write.

        What an exception leaves `edit` by leaves the vault as it was.
        """
        with self._locked():
            old = self._read(TOKENS, is_locked=True)[0].decode()
            new = edit(old)
            if new != old:
                self._write(TOKENS, cache_sections(new))

    def find_token(self, digest: bytes) -> tuple[str, int] | None:
        """Return (access token, expiry) by its `tokentable.digest`, None where there is none."""
        from azenv.store import tokentable

        return tokentable.find(self._read(TOKENS)[1], digest)

    def secret(self, key: str) -> Secret | None:
        """Return what was put under `key`, a `holder_key`."""
        return parse_secrets(self._read(SECRETS)[0]).get(key)

    def put_secret(self, key: str, value: Secret) -> None:
        """Keep `value` under `key`: a client secret, a certificate's password, a brought token."""
        self._change_secrets(lambda secrets: {**secrets, key: value})

    def forget_secret(self, key: str) -> None:
        """Forget what was put under `key`, if anything was."""
        self._change_secrets(
            lambda secrets: {name: value for name, value in secrets.items() if name != key}
        )

    def where(self) -> str:
        """Return the sentence that says where the key is: for `status` and `doctor`."""
        found = self._key_ids()
        return "; ".join(_told(self._paths, key_id) for key_id in found) or "no tokens are kept"

    def notice(self) -> str:
        """Return what to tell the user once, after a sign-in: "" unless this vault made a key."""
        return self._notice

    def rotate(self) -> None:
        """Seal everything with a new key, where `key_store` says, and destroy the old one.

        The new key is stored first and the old one removed last: a kill between leaves a key too
        many. Without tokens nothing happens.
        """
        with self._locked():
            old = self._key_ids()
            contents = {
                name: self._read(name, is_locked=True)
                for name in _COUNT
                if os.path.lexists(self._path(name))
            }
            if not contents:
                return
            made = self._new_key()
            for name, sections in contents.items():
                self._seal(name, sections, made.id, made.key)
            for key_id in old:
                keys.remove(self._paths, key_id)

    def erase(self) -> None:
        """Remove everything and destroy the key: copies of the files open nowhere any more."""
        with self._locked():
            self._erase()

    def erase_if_empty(self) -> bool:
        """Erase where nobody is signed in any more; tell whether that was so."""
        with self._locked():
            if self._key_ids() and self._is_empty():
                self._erase()
                return True
            return False

    def _is_empty(self) -> bool:
        import json

        if parse_secrets(self._read(SECRETS, is_locked=True)[0]):
            return False
        cache = json.loads(self._read(TOKENS, is_locked=True)[0] or b"{}")
        # what is left of an account that signed out says only which applications there are
        return not any(cache.get(kind) for kind in cache if kind != "AppMetadata")

    def _erase(self) -> None:
        old = self._key_ids()
        for name in _COUNT:
            for path in (self._path(name), self._path(f"{name}{BAD}")):
                try:  # noqa: SIM105  contextlib costs `azenv token` 3 ms
                    os.unlink(path)
                except FileNotFoundError:
                    pass
        for key_id in old:
            keys.remove(self._paths, key_id)
            self._keys.pop(key_id, None)

    def _key_ids(self) -> list[bytes]:
        """Return the ids of the keys that the files want: one, or two after a killed rotation."""
        found: list[bytes] = []
        for name in _COUNT:
            data = read_private(self._path(name))
            try:
                key_id = sealing.key_id(data) if data is not None else b""
            except ValueError:
                continue  # damaged: the next read moves it away
            if key_id and key_id not in found:
                found.append(key_id)
        return found

    def _change_secrets(self, edit: Callable[[dict[str, Secret]], dict[str, Secret]]) -> None:
        with self._locked():
            old = parse_secrets(self._read(SECRETS, is_locked=True)[0])
            new = edit(old)
            if new != old:
                self._write(SECRETS, [dump_secrets(new)])

    def _path(self, name: str) -> str:
        return os.path.join(self._paths.store, name)

    def _locked(self) -> locked:
        return locked(self._path(f"{TOKENS}.lock"))

    def _read(self, name: str, *, is_locked: bool = False) -> Sections:
        """Return the sections of a file, empty ones where there is none.

        A key that is gone may mean that a rotation came in between: if so the file differs now.
        """
        missing: keys.KeyMissingError | None = None
        last = None
        for _ in range(_ATTEMPTS):
            data = read_private(self._path(name))
            if data is None:
                break
            if missing and data == last:
                raise missing
            try:
                return self._unseal(name, data)
            except keys.KeyMissingError as error:
                missing, last = error, data
            except ValueError:
                self._set_aside(name, data, is_locked=is_locked)
        return [b""] * _COUNT[name]

    def _unseal(self, name: str, data: bytes) -> Sections:
        key = self._key(sealing.key_id(data))
        return sealing.unseal(data, key=key, label=name, count=_COUNT[name])

    def _key(self, key_id: bytes) -> bytes:
        if key_id not in self._keys:
            self._keys[key_id] = keys.load(self._paths, key_id)
        return self._keys[key_id]

    def _set_aside(self, name: str, data: bytes, *, is_locked: bool) -> None:
        """Move a damaged file away, unless another process has replaced it since."""
        if not is_locked:
            with self._locked():
                self._set_aside(name, data, is_locked=True)
            return
        path = self._path(name)
        if read_private(path) != data:
            return
        try:
            os.replace(path, f"{path}{BAD}")
        except OSError as error:
            message = f"damaged, and cannot be moved away: {path} ({error.strerror})"
            raise AzenvError(message, hint=f"rm {path}") from error

    def _write(self, name: str, sections: Sections) -> None:
        """Seal one file anew, with the key it has, or that of the other. Call under the lock."""
        ensure_private_directory(self._paths.store)
        self._seal(name, sections, *self._key_to_write(name))

    def _seal(self, name: str, sections: Sections, key_id: bytes, key: bytes) -> None:
        data = read_private(self._path(name))
        generation = sealing.generation(data) + 1 if data else 1
        sealed = sealing.seal(sections, key=key, key_id=key_id, generation=generation, label=name)
        write_private(self._path(name), sealed)

    def _key_to_write(self, name: str) -> tuple[bytes, bytes]:
        for file in (name, *_COUNT):
            data = read_private(self._path(file))
            try:
                if data is not None:
                    key_id = sealing.key_id(data)
                    return key_id, self._key(key_id)
            except (ValueError, keys.KeyMissingError):
                if file == name:
                    raise
        made = self._new_key()
        return made.id, made.key

    def _new_key(self) -> keys.Made:
        made = keys.create(self._paths)
        self._keys[made.id] = made.key
        because = f", since {made.why}" if made.why else ""
        self._notice = f"{_told(self._paths, made.id)}{because}"
        return made


def _told(paths: Paths, key_id: bytes) -> str:
    told = f"tokens are encrypted; the key is in {keys.where(paths, key_id)}"
    if key_id[:1] != keys.FILE:
        return told
    return f"{told}; whoever can act as you, or read a backup that holds both, can read them"


def cache_sections(cache: str) -> Sections:
    """Return the sections of a cache: itself, and its token table."""
    import time

    from azenv.store import tokentable

    return [cache.encode(), tokentable.build(cache, time.time())]


def parse_secrets(data: bytes) -> dict[str, Secret]:
    """Return the secrets by key that a section holds."""
    import json

    found: dict[str, Secret] = json.loads(data or b"{}")
    return found


def dump_secrets(secrets: dict[str, Secret]) -> bytes:
    """Return the section that holds `secrets`."""
    import json

    return json.dumps(secrets, ensure_ascii=False).encode()
