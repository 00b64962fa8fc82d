"""A context's private AZURE_CONFIG_DIR: built, kept in step with the base, learnt from.

`<root>/az/<context id>/.azure` (az looks for local settings by this last name). Shells test by
builtins that its azureProfile.json and the base's token cache are not newer than its stamp.
Only light imports here and below: the hook builds overlays.
"""

from __future__ import annotations

import os

from azenv.core.errors import AzenvError, DamagedError
from azenv.interop import azcaches, layout
from azenv.interop.azlock import az_locked
from azenv.interop.aztokens import Learnt
from azenv.interop.building import Means, Report, build
from azenv.interop.renewal import Renewal
from azenv.interop.stamp import due_ns, expire
from azenv.store.files import ensure_private_directory, locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row
    from azenv.interop.stored import Stored

__all__ = ["Report", "directory", "drop", "forget", "refresh"]

_ATTEMPTS = 5


def directory(root: str, context_id: str) -> str:
    """Return the overlay of a context: what AZURE_CONFIG_DIR is set to."""
    return os.path.join(_room(root, context_id), ".azure")


def _room(root: str, context_id: str) -> str:
    if not context_id.isalnum():
        raise DamagedError("a context id has letters and digits only")
    return os.path.join(root, "az", context_id)


def refresh(  # noqa: PLR0913  what an overlay is made of
    root: str,
    context_id: str,
    *,
    base: str,
    seed: Row | None,
    rows: list[Row],
    coarse: bool = False,
    stored: Stored | None = None,
) -> Report:
    """Build the overlay where there is none, else bring it in step and learn what az did there.

    `seed` says whose it is, None for the blocked one; `rows` are all rows known of that account
    and tenant, `stored` what azenv itself has of it. `coarse` says that the shell compares whole
    seconds. Afterwards neither the profile nor the base's token cache is newer than the stamp.
    """
    room = _room(root, context_id)
    ensure_private_directory(os.path.join(root, "az"))
    with locked(os.path.join(room, "lock")):
        try:
            _sweep(room)
            return _refresh(root, room, base, seed, rows, stored, coarse=coarse)
        except OSError as error:
            _sweep(room)
            raise AzenvError(
                f"cannot make {room}: {error.strerror}",
                hint=f"see whether the disk is full: df {root}",
            ) from error


def _refresh(  # noqa: PLR0913, PLR0917
    root: str,
    room: str,
    base: str,
    seed: Row | None,
    rows: list[Row],
    stored: Stored | None,
    *,
    coarse: bool,
) -> Report:
    overlay = os.path.join(room, ".azure")
    for _ in range(_ATTEMPTS):
        stamp_ns = due_ns(base, coarse=coarse)  # before the base is read: later writes are newer
        means = Means(root, base, seed, rows, stored)
        if not layout.is_whole(overlay):
            return build(room, means, stamp_ns)
        renewal = Renewal(overlay, means)
        if renewal.run(stamp_ns):
            expire(root, renewal.taught, overlay)
            return renewal.report
    raise AzenvError(f"az keeps changing {overlay}", hint="wait for the az that runs in there")


def _sweep(room: str) -> None:
    """Remove what a killed writer left; the caller holds the lock, so nobody uses it."""
    for name in os.listdir(room):
        if name.startswith(layout.UNFINISHED):
            layout.remove_tree(os.path.join(room, name))
    overlay = os.path.join(room, ".azure")
    for name in os.listdir(overlay) if os.path.isdir(overlay) else ():
        if name.startswith(layout.TEMPORARY):
            os.unlink(os.path.join(overlay, name))


def drop(root: str, context_id: str) -> None:
    """Remove a context's overlay with its tokens; what its links point to stays."""
    room = _room(root, context_id)
    if not os.path.isdir(room):
        return
    with locked(os.path.join(room, "lock")):
        try:
            _sweep(room)
            layout.remove(os.path.join(room, ".azure"))
            os.unlink(os.path.join(room, "lock"))
        except OSError as error:
            message = f"cannot remove {room}: {error.strerror}"
            raise AzenvError(message, hint=f"end the az in there, then: rm -r {room}") from error
        try:  # noqa: SIM105  contextlib costs the hook 3 ms
            os.rmdir(room)
        except OSError:
            pass  # the process that uploads az's telemetry was faster: it holds no token


def drop_access_tokens(root: str, context_id: str) -> None:
    """Remove the access tokens from a context's overlay: az gets new ones there."""
    room = _room(root, context_id)
    overlay = os.path.join(room, ".azure")
    if not layout.is_whole(overlay):
        return
    path = os.path.join(overlay, azcaches.TOKENS_FILE)
    with locked(os.path.join(room, "lock")), az_locked(path):
        cache = azcaches.read_tokens(overlay)
        if cache.pop("AccessToken", None):
            layout.replace(path, azcaches.dump_tokens(cache))


def forget(root: str, username: str, home_id: str = "") -> None:
    """Remove what was learnt of an account: no overlay is seeded from it any more."""
    Learnt(root).forget(username, home_id)
