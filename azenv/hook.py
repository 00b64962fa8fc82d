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
    from collections.abc import Callable, Sequence

    from azenv.store.paths import Paths


def main(words: Sequence[str]) -> int:
    """Answer one question of a shell; return the exit status (1: no answer)."""
    from azenv.core.errors import AzenvError

    verb, *rest = words
    answer, arity = VERBS.get(verb, (_pin, -1))
    if len(rest) != arity:
        print("azenv: this shell's hook is of another version; start a new shell", file=sys.stderr)
        return 2
    try:
        answer(*rest)
    except AzenvError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"azenv: {error.message}{hint}", file=sys.stderr)
    except OSError as error:
        print(f"azenv: {error.strerror}: {error.filename} (azenv doctor)", file=sys.stderr)
    except Exception as error:  # a prompt gets one line, never a stack
        if os.environ.get("AZENV_DEBUG"):
            raise
        print(f"azenv: a bug: {type(error).__name__} (AZENV_DEBUG=1 shows where)", file=sys.stderr)
    else:
        return 0
    return 1


def _paths() -> Paths:
    from azenv.store.paths import locate

    return locate(os.environ)


def _pin(root: str, path: str, shell: str) -> None:
    from azenv.store import pins, records
    from azenv.store.files import locked

    paths = _paths()
    try:
        content = pins.read(path)
    except FileNotFoundError:
        return
    except pins.PinError as error:
        if error.data is None:
            raise  # the shell's own tests refuse it, too
        content = error.data.decode("utf-8", "surrogateescape")
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
    from azenv.store import records

    index = os.path.join(paths.records, "index")
    if records.is_dirty(paths) or not os.path.exists(index):
        _rebuild(root)
    real = os.path.realpath(path)
    for known in dict.fromkeys((path, real)):
        record = records.read_pin(paths, known)
        if record and record[2] == content:
            return None if known == path else record[:2]
    from azenv.activation.undecided import verdict

    return verdict(paths, real, content)


def _rebuild(root: str) -> None:
    from azenv import integration
    from azenv.activation import change  # all of it: after an upgrade, or a kill
    from azenv.activation.place import Place
    from azenv.store import contexts, trust

    place = Place(os.environ, root=root)
    store = place.paths.store
    change.rebuild(place, contexts.load(store), trust.load(store))
    for path in integration.renew(place.paths):
        print(f"azenv: azenv was updated, and {path} with it; start a new shell", file=sys.stderr)


def _shown(path: str) -> str:
    from azenv.core.names import printable

    return printable(path)


def _overlay(root: str, context_id: str, shell: str) -> None:
    from azenv.activation.overlays import ensure
    from azenv.activation.place import Place

    # an old shell says `bash:coarse`: it compares file times in whole seconds
    lines = ensure(Place(os.environ, root=root), context_id, coarse=shell.endswith(":coarse"))
    for line in lines:
        print(f"azenv: {line}", file=sys.stderr)


def _undo(_root: str) -> None:
    from azenv.activation.foreign import reversed_fields

    sys.stdout.write("\x1f".join([*reversed_fields(_paths(), os.environ), "."]))


def _root(_shell: str) -> None:
    from azenv.store.paths import ensure_root

    sys.stdout.write(ensure_root(_paths(), os.environ))


def _end(root: str, pid: str) -> None:
    from azenv.activation.departing import end
    from azenv.activation.place import Place

    end(Place(os.environ, root=root), pid)


# Each verb, and how many words it takes.
VERBS: dict[str, tuple[Callable[..., None], int]] = {
    "pin": (_pin, 3),
    "overlay": (_overlay, 3),
    "undo": (_undo, 1),
    "root": (_root, 1),
    "end": (_end, 2),
}
