"""What `azenv doctor` looks for beside the stores: what sessions and writers that are gone left."""

from __future__ import annotations

import os
import re
from functools import partial

from azenv.activation import departing
from azenv.activation.health import OK, WARN, Finding, names
from azenv.core.variables import NONE_ID
from azenv.interop import overlay
from azenv.interop.aztokens import LEARNT
from azenv.store import session, session_accounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.activation.place import Place
    from azenv.core.book import Book

# What a writer that was killed leaves: see `store.files`.
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.[0-9a-f]{8}")


def runtime(place: Place, book: Book) -> Iterator[Finding]:
    """Check the runtime directory: what sessions and contexts that are gone left there."""
    root = place.existing_root
    if root is None:
        yield Finding(OK, "runtime", "no shell has needed the runtime directory yet")
        return
    stores = session_accounts.stale(root)
    if stale := {*session.stale(root), *map(session_accounts.pid_of, stores)}:
        text = f"{len(stale)} shells that are gone left files in {root}"
        repair = partial(departing.sweep, place)
        yield Finding(WARN, "runtime", text, "azenv doctor --repair", repair)
    born = {i for sid in session_accounts.sids(root) for i in departing.born(root, sid)}
    overlays = set(names(os.path.join(root, "az"))) - {NONE_ID, LEARNT} - set(book.contexts) - born
    for context_id in sorted(overlays):
        text = f"an overlay of a context that is gone: {os.path.join(root, 'az', context_id)}"
        repair = partial(overlay.drop, root, context_id)
        yield Finding(WARN, "runtime", text, "azenv doctor --repair", repair)
    if os.path.dirname(root) == place.paths.store:
        text = f"az's tokens lie on a disk, in {root}: there is no runtime directory in memory"
        yield Finding(
            WARN, "runtime", text, "loginctl enable-linger, or set --exports without az-tokens"
        )
    if not stale and not overlays:
        yield Finding(OK, "runtime", f"{root} holds nothing of shells and contexts that are gone")


def leftovers(place: Place) -> Iterator[Finding]:
    """Check for temporary files of writers that were killed."""
    paths = place.paths
    folders = [paths.store, paths.records]
    folders += [os.path.join(paths.records, name) for name in ("contexts", "seeds", "groups")]
    found = [
        os.path.join(folder, name)
        for folder in folders
        for name in names(folder)
        if (match := _LEFTOVER.fullmatch(name)) and not _is_alive(int(match["pid"]))
    ]
    if found:

        def repair() -> None:
            for path in found:
                os.unlink(path)

        text = f"{len(found)} temporary files of a killed azenv, such as {found[0]}"
        yield Finding(WARN, "files", text, "azenv doctor --repair", repair)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, signal 0 is Ctrl-C
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
