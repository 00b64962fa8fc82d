"""The two sealed files of the user's vault, and the one key that opens both.

Writers hold `tokens.bin.lock`; readers take no lock, since a file is only ever replaced. What was
damaged is moved to `<file>.bad` (one is kept) and reads as empty; what another key sealed is left
alone. `azenv token` imports this module: builtins only.
"""

from __future__ import annotations

import os

from azenv.core.errors import AzenvError
from azenv.store import keys, sealing
from azenv.store.files import ensure_private_directory, locked, read_private, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.store.paths import Paths

    Sections = list[bytes]

TOKENS, SECRETS = "tokens.bin", "sp.bin"
# How many sections each holds: the cache and the token table; the secrets.
_COUNT = {TOKENS: 2, SECRETS: 1}
BAD = ".bad"
# A rotation that a reader meets lasts milliseconds, and nobody rotates all day.
_ATTEMPTS = 100


class SealedFiles:
    """What the user's vault lies in. Methods but `read` are called under `locked()`.

    They raise KeyMissingError where the key is not to be had now, DamagedError for a file that is
    not safe to use, AzenvError for that of a newer azenv or a disk that refuses.
    """

    def __init__(self, paths: Paths) -> None:
        self.notice = ""  # what to tell of a key that was made
        self._paths = paths
        self._keys: dict[bytes, bytes] = {}  # a keyring is asked once a run

    def path(self, name: str) -> str:
        """Return where a file lies."""
        return os.path.join(self._paths.store, name)

    def locked(self) -> locked:
        """Return the lock of both files."""
        return locked(self.path(f"{TOKENS}.lock"))

    def read(self, name: str, *, is_locked: bool = False) -> Sections:
        """Return the sections of a file, empty ones where there is none.

        A key that is gone may mean that a rotation came in between: if so the file differs now.
        """
        missing: keys.KeyMissingError | None = None
        last = None
        for _ in range(_ATTEMPTS):
            data = read_private(self.path(name))
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

    def write(self, name: str, sections: Sections) -> None:
        """Seal one file anew, with the key it has, or that of the other."""
        ensure_private_directory(self._paths.store)
        self._seal(name, sections, *self._key_to_write(name))

    def rotate(self) -> None:
        """Seal everything with a new key, where `key_store` says, and destroy the old one.

        The new key is stored first and the old one removed last: a kill between leaves a key too
        many. Without files nothing happens.
        """
        old = self.key_ids()
        contents = {
            name: self.read(name, is_locked=True)
            for name in _COUNT
            if os.path.lexists(self.path(name))
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
        old = self.key_ids()
        for name in _COUNT:
            for path in (self.path(name), self.path(f"{name}{BAD}")):
                try:  # noqa: SIM105  contextlib costs `azenv token` 3 ms
                    os.unlink(path)
                except FileNotFoundError:
                    pass
        for key_id in old:
            keys.remove(self._paths, key_id)
            self._keys.pop(key_id, None)

    def key_ids(self) -> list[bytes]:
        """Return the ids of the keys that the files want: one, or two after a killed rotation."""
        found: list[bytes] = []
        for name in _COUNT:
            data = read_private(self.path(name))
            try:
                key_id = sealing.key_id(data) if data is not None else b""
            except ValueError:
                continue  # damaged: the next read moves it away
            if key_id and key_id not in found:
                found.append(key_id)
        return found

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
            with self.locked():
                self._set_aside(name, data, is_locked=True)
            return
        path = self.path(name)
        if read_private(path) != data:
            return
        try:
            os.replace(path, f"{path}{BAD}")
        except OSError as error:
            message = f"damaged, and cannot be moved away: {path} ({error.strerror})"
            raise AzenvError(message, hint=f"rm {path}") from error

    def _seal(self, name: str, sections: Sections, key_id: bytes, key: bytes) -> None:
        data = read_private(self.path(name))
        generation = sealing.generation(data) + 1 if data else 1
        sealed = sealing.seal(sections, key=key, key_id=key_id, generation=generation, label=name)
        write_private(self.path(name), sealed)

    def _key_to_write(self, name: str) -> tuple[bytes, bytes]:
        for file in (name, *_COUNT):
            data = read_private(self.path(file))
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
        self.notice = f"{told(self._paths, made.id)}{because}"
        return made


def told(paths: Paths, key_id: bytes) -> str:
    """Return the sentence that says where a key is."""
    text = f"tokens are encrypted; the key is in {keys.where(paths, key_id)}"
    if key_id[:1] != keys.FILE:
        return text
    return f"{text}; whoever can act as you, or read a backup that holds both, can read them"
