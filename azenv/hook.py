"""What a shell asks when no record answers: `azenv hook VERB ROOT …`.

The fast lane: `os` and `sys` only until something changed, since a person waits at a prompt. It
never breaks one: whatever fails is one line on stderr, and the shell, which finds no answer,
blocks.

    pin ROOT PATH SHELL      no record answers for the content of the pin at PATH
    overlay ROOT ID SHELL    the overlay of ID is missing, or older than what it is made from
    undo ROOT                an undo record of another layout is to be reversed by name
    root SHELL               a runtime directory is needed
    end ROOT PID             a session ends and has left files
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azenv.store.paths import Paths


def main(words: Sequence[str]) -> int:
    """Answer one question of a shell; return the exit status (1: no answer)."""
    verbs = {"pin": _pin, "overlay": _overlay, "undo": _undo, "root": _root, "end": _end}
    from azenv.core.errors import AzenvError  # noqa: PLC0415

    try:
        verbs[words[0]](*words[1:])
    except AzenvError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"azenv: {error.message}{hint}", file=sys.stderr)
        return 1
    except (KeyError, IndexError, TypeError):
        if os.environ.get("AZENV_DEBUG"):
            raise
        print("azenv: this shell's hook is of another version; start a new shell", file=sys.stderr)
        return 1
    return 0


def _paths() -> Paths:
    from azenv.store.paths import locate  # noqa: PLC0415

    return locate(os.environ)


def _pin(root: str, path: str, shell: str) -> None:
    from azenv.store import pins, records  # noqa: PLC0415
    from azenv.store.files import locked  # noqa: PLC0415

    paths = _paths()
    try:
        content = pins.read(path)
    except FileNotFoundError:
        return
    except pins.PinError as error:
        with open(path, "rb") as file:
            content = file.read(pins.LARGEST).decode("utf-8", "surrogateescape")
        records.make_directories(paths)
        records.write_pin(paths, path, content, records.BLOCKED, error.message)
        return
    with locked(paths.lock):
        found = _answer(paths, path, content, root)
        if found is None:
            return
        records.write_pin(paths, path, content, *found)
    if found == (records.DENIED, "foreign"):
        print(f"azenv: another user's pin is ignored: {_shown(path)}", file=sys.stderr)
    if found[0] == records.CONTEXT:
        _overlay(root, found[1], shell)


def _answer(paths: Paths, path: str, content: str, root: str) -> tuple[str, str] | None:
    """Return (word, argument) for the pin, None where the record already holds them."""
    from azenv.store import records  # noqa: PLC0415

    index = os.path.join(paths.records, "index")
    if records.is_dirty(paths) or not os.path.exists(index):
        _rebuild(root)
    real = os.path.realpath(path)
    for known in dict.fromkeys((path, real)):
        record = records.read_pin(paths, known)
        if record and record[2] == content:
            return None if known == path else record[:2]
    from azenv.activation.undecided import verdict  # noqa: PLC0415

    return verdict(paths, real, content)


def _rebuild(root: str) -> None:
    from azenv.activation import change  # noqa: PLC0415  all of it: after an upgrade, or a kill
    from azenv.activation.place import Place  # noqa: PLC0415
    from azenv.store import contexts, trust  # noqa: PLC0415

    place = Place(os.environ, root=root)
    store = place.paths.store
    change.rebuild(place, contexts.load(store), trust.load(store))


def _shown(path: str) -> str:
    from azenv.core.names import printable  # noqa: PLC0415

    return printable(path)


def _overlay(root: str, context_id: str, shell: str) -> None:
    from azenv.activation.overlays import ensure  # noqa: PLC0415
    from azenv.activation.place import Place  # noqa: PLC0415

    # an old shell says `bash:coarse`: it compares file times in whole seconds
    lines = ensure(Place(os.environ, root=root), context_id, coarse=shell.endswith(":coarse"))
    for line in lines:
        print(f"azenv: {line}", file=sys.stderr)


def _undo(_root: str) -> None:
    from azenv.activation.foreign import reversed_fields  # noqa: PLC0415

    sys.stdout.write("\x1f".join([*reversed_fields(_paths(), os.environ), "."]))


def _root(_shell: str) -> None:
    from azenv.store.paths import ensure_root  # noqa: PLC0415

    sys.stdout.write(ensure_root(_paths(), os.environ))


def _end(root: str, pid: str) -> None:
    from azenv.store.session import remove  # noqa: PLC0415

    remove(root, pid)
