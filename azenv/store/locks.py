"""How this platform locks a file that is open: flock, or the first byte on Windows."""

from __future__ import annotations

import sys
import time

if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def acquire(handle: int, timeout_s: float) -> bool:
    """Lock `handle` exclusively, or return False after `timeout_s` seconds.

    The lock goes with the handle, also when its process is killed.
    """
    if _try(handle):
        return True
    end = time.monotonic() + timeout_s
    pause_s = 0.001
    while time.monotonic() < end:
        time.sleep(pause_s)
        if _try(handle):
            return True
        pause_s = min(pause_s * 1.5, 0.02)
    return False
