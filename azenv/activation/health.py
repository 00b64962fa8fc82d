"""What can be wrong with azenv's files, and how each is repaired: for `azenv doctor`.

A check yields findings and changes nothing; a finding that can be repaired carries the repair.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial

from azenv.activation import change, render
from azenv.core.errors import AzenvError, DamagedError
from azenv.interop import azprofile, azrows, foreign
from azenv.store import clouds, contexts, files, records, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azenv.activation.place import Place
    from azenv.core.book import Book

OK, WARN, FAIL = "ok", "warn", "fail"
_DAMAGED = ".damaged"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how bad, of what, in which words; the hint is something to type."""

    level: str
    check: str
    text: str
    hint: str = ""
    repair: Callable[[], None] | None = None


def directories(place: Place) -> Iterator[Finding]:
    """Check owner, mode and kind of every directory and file that azenv reads."""
    paths = place.paths
    private = [paths.store, paths.state, paths.records]
    if root := place.existing_root:
        private.append(root)
    private += [contexts.path(paths.store), trust.path(paths.store), clouds.path(paths.store)]
    found = [
        finding for path in (*private, paths.lock, paths.settings) for finding in _private(path)
    ]
    found += [f for path in (paths.base, azrows.path(paths.base)) for f in _owned(path)]
    yield from found
    if not found:
        yield Finding(OK, "files", f"owner and modes of {paths.store} and what azenv keeps")


def _private(path: str) -> Iterator[Finding]:
    """Yield what is wrong with a file or directory that must be ours alone."""
    try:
        found = os.lstat(path)
    except OSError:
        return
    is_directory = stat.S_ISDIR(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        yield Finding(
            FAIL, "files", f"a link, which azenv does not follow: {path}", f"ls -l {path}"
        )
    elif not is_directory and not stat.S_ISREG(found.st_mode):
        yield Finding(FAIL, "files", f"not a plain file: {path}", f"mv {path} {path}.old")
    elif os.name == "posix" and found.st_uid != os.geteuid():
        yield Finding(FAIL, "files", f"another user owns {path}", f"sudo chown -R $USER {path}")
    elif os.name == "posix" and found.st_mode & 0o077:
        mode = 0o700 if is_directory else 0o600
        level = FAIL if found.st_mode & 0o022 else WARN
        said = "write" if level == FAIL else "read"
        text = f"others may {said} {path}"
        hint = f"check what it holds, then: chmod {mode:o} {path}"
        yield Finding(level, "files", text, hint, partial(os.chmod, path, mode))


def _owned(path: str) -> Iterator[Finding]:
    """Yield what is wrong with what az keeps: azenv reads it, and never changes its mode."""
    try:
        found = os.stat(path)
    except OSError:
        return
    if os.name == "posix" and found.st_uid != os.geteuid():
        text = f"another user owns {path} (an az under sudo?)"
        yield Finding(FAIL, "files", text, f"sudo chown -R $USER {path}")
    elif os.name == "posix" and found.st_mode & 0o022:
        yield Finding(WARN, "files", f"others may write {path}", f"chmod go-w {path}")


def stores(place: Place) -> Iterator[Finding]:
    """Check that every file of the store parses; a backup can take a damaged one's place."""
    store = place.paths.store
    kept: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        ("contexts", contexts.path(store), contexts.load),
        ("trust", trust.path(store), trust.load),
        ("clouds", clouds.path(store), clouds.load),
    )
    for name, path, load in kept:
        try:
            load(store)
        except DamagedError as error:
            yield _damaged(name, path, error, partial(load, store))
        except AzenvError as error:  # of a newer azenv: whole, and not ours to replace
            yield Finding(FAIL, name, error.message, error.hint or "")
        else:
            if os.path.exists(path):
                yield Finding(OK, name, f"{path} parses")


def _damaged(check: str, path: str, error: DamagedError, load: Callable[[], object]) -> Finding:
    """Return the finding for a damaged file; its repair puts the backup there, if that is good."""
    backup = f"{path}.bak"
    if not os.path.isfile(backup) or os.path.islink(path):
        return Finding(FAIL, check, error.message, f"mv {path} {path}{_DAMAGED}")

    def repair() -> None:
        damaged, good = foreign.read(path), files.read_private(backup)
        if good is None:
            raise AzenvError(f"the backup is gone: {backup}")
        files.write_private(f"{path}{_DAMAGED}", damaged or b"")
        files.write_private(path, good)
        try:
            load()
        except DamagedError:
            files.write_private(path, damaged or b"")
            raise AzenvError(f"the backup is damaged, too: {backup}") from None

    hint = f"azenv doctor --repair    # restores {backup}: the change after it is lost"
    return Finding(FAIL, check, error.message, hint, repair)


def az_profile(place: Place) -> Iterator[Finding]:
    """Check az's own profile, which azenv writes only to set the default."""
    path = azrows.path(place.paths.base)
    try:
        rows = azprofile.load(place.paths.base).rows
    except DamagedError as error:
        yield _torn_profile(path, error)
    else:
        if os.path.exists(path):
            yield Finding(OK, "az", f"{path} parses, {len(rows)} subscriptions")
        else:
            yield Finding(WARN, "az", f"az has signed nobody in: there is no {path}", "az login")


def _torn_profile(path: str, error: DamagedError) -> Finding:
    backup = f"{path}.azenv-backup"
    good = foreign.read(backup)
    try:
        azrows.parse(good or b"", backup)
    except DamagedError:
        return Finding(FAIL, "az", error.message, f"mv {path} {path}{_DAMAGED}; az login")

    def repair() -> None:
        files.write_private(f"{path}{_DAMAGED}", foreign.read(path) or b"")
        foreign.change(path, lambda _: good)

    return Finding(FAIL, "az", error.message, "azenv doctor --repair", repair)


def record_files(place: Place, book: Book) -> Iterator[Finding]:
    """Check that the records say what the store says: shells read nothing else."""
    paths = place.paths
    if not book.contexts and not os.path.exists(paths.records):
        return
    rows = sorted(map(list, map(render.index_row, book.contexts.values())))
    wrong = records.is_dirty(paths) or sorted(records.read_index(paths) or []) != rows
    for folder in ("contexts", "seeds"):
        wrong = wrong or set(names(os.path.join(paths.records, folder))) != set(book.contexts)
    if not wrong:
        yield Finding(OK, "records", f"{len(rows)} contexts are ready for the shells")
        return

    def repair() -> None:
        with files.locked(paths.lock):
            change.rebuild(place, contexts.load(paths.store), trust.load(paths.store))

    text = "the shells' records differ from the store (a writer was killed?)"
    yield Finding(FAIL, "records", text, "azenv doctor --repair", repair)


def names(folder: str) -> list[str]:
    """Return what lies in a directory; nothing where there is none."""
    try:
        return os.listdir(folder)
    except OSError:
        return []
