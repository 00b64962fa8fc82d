"""The user's vault: tokens.bin holds MSAL's cache and the token table, sp.bin the secrets.

`azenv token` imports this module: builtins only.
"""

from __future__ import annotations

import os

from azenv.store.sealed_files import SECRETS, TOKENS, SealedFiles, told

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
    """Tokens and secrets in user scope. What its methods raise, `SealedFiles` says."""

    def __init__(self, paths: Paths) -> None:
        self.label = paths.store
        self._paths = paths
        self._files = SealedFiles(paths)

    def cache(self) -> str:
        """Return MSAL's cache as JSON text, "" where there is none."""
        return self._files.read(TOKENS)[0].decode()

    def stamp(self) -> tuple[int, int, int]:
        """Return (inode, mtime_ns, size) of tokens.bin; equal stamps: nothing has changed."""
        return stamp_of(self._files.path(TOKENS))

    def change_cache(self, edit: Callable[[str], str]) -> None:
        """Replace the cache by what `edit` makes of it, in one locked read and write.

        What an exception leaves `edit` by leaves the vault as it was.
        """
        with self._files.locked():
            old = self._files.read(TOKENS, is_locked=True)[0].decode()
            new = edit(old)
            if new != old:
                self._files.write(TOKENS, cache_sections(new))

    def find_token(self, digest: bytes) -> tuple[str, int] | None:
        """Return (access token, expiry) by its `tokentable.digest`, None where there is none."""
        from azenv.store import tokentable

        return tokentable.find(self._files.read(TOKENS)[1], digest)

    def secret(self, key: str) -> Secret | None:
        """Return what was put under `key`, a `holder_key`."""
        return parse_secrets(self._files.read(SECRETS)[0]).get(key)

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
        found = self._files.key_ids()
        return "; ".join(told(self._paths, key_id) for key_id in found) or "no tokens are kept"

    def notice(self) -> str:
        """Return what to tell the user once, after a sign-in: "" unless this vault made a key."""
        return self._files.notice

    def rotate(self) -> None:
        """Seal everything with a new key, where `key_store` says, and destroy the old one."""
        with self._files.locked():
            self._files.rotate()

    def erase(self) -> None:
        """Remove everything and destroy the key: copies of the files open nowhere any more."""
        with self._files.locked():
            self._files.erase()

    def erase_if_empty(self) -> bool:
        """Erase where nobody is signed in any more; tell whether that was so."""
        with self._files.locked():
            if self._files.key_ids() and self._is_empty():
                self._files.erase()
                return True
            return False

    def _is_empty(self) -> bool:
        import json

        if parse_secrets(self._files.read(SECRETS, is_locked=True)[0]):
            return False
        cache = json.loads(self._files.read(TOKENS, is_locked=True)[0] or b"{}")
        # what is left of an account that signed out says only which applications there are
        return not any(cache.get(kind) for kind in cache if kind != "AppMetadata")

    def _change_secrets(self, edit: Callable[[dict[str, Secret]], dict[str, Secret]]) -> None:
        with self._files.locked():
            old = parse_secrets(self._files.read(SECRETS, is_locked=True)[0])
            new = edit(old)
            if new != old:
                self._files.write(SECRETS, [dump_secrets(new)])


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
