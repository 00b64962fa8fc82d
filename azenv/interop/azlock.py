"""The lock that az takes around its token caches: msal-extensions' protocol, without it.

`<cache>.lockfile` is made exclusively, then locked, then removed. az gives up making it after
5 seconds and locks what is there; so does this, which is also what gets over the lock file of an
az that was killed.
"""

from __future__ import annotations

import os
import time

from azenv.core.errors import AzenvError

_CLOSE = getattr(os, "O_CLOEXEC", 0)
_PATIENCE_S = 5.0
_PAUSE_S = 0.01
# An unlocked lock file this old belongs to nobody any more.
_STALE_S = 2.0


class az_locked:  # noqa: N801  reads as a verb: `with az_locked(cache):`
    """Hold az's lock of the token cache `path` while the block runs. Raises AzenvError."""

    def __init__(self, path: str) -> None:
        self._path = f"{path}.lockfile"
        self._handle = -1

    def __enter__(self) -> None:
        from azenv.store.locks import acquire

        self._wait_to_make()
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | _CLOSE, 0o600)
        if not acquire(self._handle, _PATIENCE_S):
            os.close(self._handle)
            raise AzenvError(f"az has held {self._path} for too long", hint="is an az waiting?")

    def _wait_to_make(self) -> None:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            try:
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                if self._is_stale():
                    return
                time.sleep(_PAUSE_S)
            else:
                return

    def _is_stale(self) -> bool:
        try:
            age_s = time.time() - os.stat(self._path).st_mtime
        except OSError:
            return False
        if age_s < _STALE_S:
            return False
        from azenv.store.locks import acquire

        handle = os.open(self._path, os.O_RDWR | _CLOSE)
        try:
            return acquire(handle, 0)
        finally:
            os.close(handle)

    def __exit__(self, *_exception: object) -> None:
        os.close(self._handle)
        try:  # noqa: SIM105  contextlib costs the hook 3 ms
            os.unlink(self._path)
        except OSError:
            pass
