r"""Records: the ready-made answers that a shell reads without starting a process.

Below `Paths.records`; framing as the shells split it (fields by \\037, no newline at the end).
Everything here can be made again from the store, so nothing is synced to disk.
The hook imports this module: `os` only.
"""

from __future__ import annotations

import os

from azenv.core import variables
from azenv.store.files import (
    ensure_private_directory,
    open_private,
    read_private,
    write_private,
)
from azenv.store.paths import mirrored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azenv.store.paths import Paths

US = variables.SEPARATOR
ROW_END = "\x1e"  # between rows of the index: a name may hold neither

# Small enough to stay in the processor's cache, and to be given to each block in turn.
_BLOCK = 1 << 15

CONTEXT, BLOCKED, DENIED = "context", "blocked", "denied"

# The columns of the index, a row a context.
INDEX = (
    *("id", "name", "subscription_id", "subscription", "state", "tenant_id", "domain"),
    *("tenant", "account", "kind", "cloud", "flags"),
)


def make_directories(paths: Paths) -> None:
    """Make the record directories, and say which names this layout stands for."""
    made = ("table", "generation", "credentials")
    if all(os.path.exists(os.path.join(paths.records, name)) for name in made):
        return
    ensure_private_directory(paths.state)
    ensure_private_directory(paths.records)
    for name in ("contexts", "pins", "generation", "seeds", "groups", "credentials"):
        ensure_private_directory(os.path.join(paths.records, name))
    text = US.join((str(len(variables.SETTABLE)), *variables.NAMES))
    _write(paths, "table", text)


def _write(paths: Paths, name: str, text: str) -> None:
    write_private(os.path.join(paths.records, name), text.encode(), sync=False)


def write_context(paths: Paths, context_id: str, text: str) -> None:
    """Write the slots of one context, as `core.variables.record` renders them."""
    _write(paths, f"contexts/{context_id}", text)


def write_seed(paths: Paths, context_id: str, text: str) -> None:
    """Write what the overlay of one context is made from (JSON)."""
    _write(paths, f"seeds/{context_id}", text)


def write_credential(paths: Paths, context_id: str, fields: Sequence[str]) -> None:
    """Write under what the tokens of a context's account are filed; nothing of them is secret."""
    _write(paths, f"credentials/{context_id}", US.join(fields))


def write_group(paths: Paths, group: str, text: str) -> None:
    """Write the profile rows of one (cloud, account, tenant) (JSON)."""
    _write(paths, f"groups/{group}", text)


def read(paths: Paths, name: str) -> str | None:
    """Return the text of the record `name` (`contexts/<id>`, `seeds/<id>` …), None where absent."""
    data = read_private(os.path.join(paths.records, name))
    return None if data is None else data.decode("utf-8", "surrogateescape")


def remove(paths: Paths, name: str) -> None:
    """Remove the record `name`, if it is there."""
    try:  # noqa: SIM105  contextlib costs the hook 3 ms
        os.unlink(os.path.join(paths.records, name))
    except FileNotFoundError:
        pass


def names_text(names: Iterable[str]) -> str:
    """Return names, one a line, as completion reads them.

    Sorted by their bytes with ASCII letters in lower case, an order in which a shell can search.
    """
    ordered = sorted(names, key=lambda name: name.encode().lower())
    return "".join(f"{name}\n" for name in ordered)


def write_names(paths: Paths, names: Iterable[str]) -> None:
    """Write the names of all contexts."""
    _write(paths, "names", names_text(names))


def write_index(paths: Paths, rows: Iterable[Sequence[str]]) -> None:
    """Write the columns of INDEX for each context; a separator inside a value becomes `?`."""
    clean = (US.join(value.replace(US, "?").replace(ROW_END, "?") for value in row) for row in rows)
    _write(paths, "index", ROW_END.join(clean))


def read_index(paths: Paths) -> list[list[str]] | None:
    """Return the rows of the index, None where there is none or it is of another shape."""
    text = read(paths, "index")
    if text is None:
        return None
    rows = [row.split(US) for row in text.split(ROW_END)] if text else []
    return rows if all(len(row) == len(INDEX) for row in rows) else None


def rows_like(paths: Paths, text: str) -> list[list[str]] | None:
    """Return the rows of the index that have a field which begins with `text`, ignoring case.

    Some may only seem to. Cut are those alone: to cut 10,000 takes longer than to find one. None
    where there is no index, or one of these rows is of another shape.
    """
    wanted = US + text.casefold()
    handle = open_private(os.path.join(paths.records, "index"))
    if handle is None:
        return None
    rows = []
    for block in _blocks(handle):
        # folding goes character by character: the fold of a block holds the folds of its fields
        if wanted in US + block.replace(ROW_END, US).casefold():
            found = (row for row in block.split(ROW_END) if wanted in US + row.casefold())
            rows += [row.split(US) for row in found]
    return rows if all(len(row) == len(INDEX) for row in rows) else None


def _blocks(handle: int) -> Iterator[str]:
    """Yield the rows of the index, whole ones and many at a time; close the handle."""
    end, rest = ROW_END.encode(), b""
    try:
        while data := os.read(handle, _BLOCK):
            rows, _, rest = (rest + data).rpartition(end)
            if rows:
                yield rows.decode("utf-8", "surrogateescape")
        yield rest.decode("utf-8", "surrogateescape")
    finally:
        os.close(handle)


def write_default(paths: Paths, stamp: str, context_id: str) -> None:
    """Keep the default's id with the stamp of the files it was read from."""
    if os.path.isdir(paths.records):
        _write(paths, "default", f"{stamp}{US}{context_id}")


def pin_record(paths: Paths, pin: str) -> str:
    """Return where the record of the pin at `pin` lies."""
    return mirrored(os.path.join(paths.records, "pins"), pin)


def write_pin(paths: Paths, pin: str, content: str, word: str, argument: str = "") -> None:
    """Write the answer for exactly `content` at the pin path `pin`."""
    file = pin_record(paths, pin)
    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    text = f"{word}{US}{argument}{US}.\0{content}\0"
    write_private(file, text.encode("utf-8", "surrogateescape"), sync=False)


def read_pin(paths: Paths, pin: str) -> tuple[str, str, str] | None:
    """Return (word, argument, content) of the record of `pin`, None where none answers."""
    data = read_private(pin_record(paths, pin))
    if data is None:
        return None
    head, _, rest = data.decode("utf-8", "surrogateescape").partition("\0")
    fields = head.split(US)
    if len(fields) != 3 or not rest.endswith("\0"):  # noqa: PLR2004  word, argument, dot
        return None
    return fields[0], fields[1], rest[:-1]


def pins(paths: Paths) -> list[str]:
    """Return the pin paths that have a record."""
    top = os.path.join(paths.records, "pins")
    found = []
    for directory, _, names in os.walk(top):
        found += [os.path.join(directory, name)[len(top) :] for name in names if name[0] == "."]
    return [pin for pin in found if pin.endswith("/.azenv.toml")]


def remove_pin(paths: Paths, pin: str) -> None:
    """Remove the record of `pin` and the empty directories above it."""
    file = pin_record(paths, pin)
    try:
        os.unlink(file)
        os.removedirs(os.path.dirname(file))
    except OSError:
        pass  # a directory that still holds other records stays
    ensure_private_directory(os.path.join(paths.records, "pins"))


def bump(paths: Paths) -> None:
    """Give the records a new generation: shells see the old token gone and read again."""
    directory = os.path.join(paths.records, "generation")
    old = os.listdir(directory)
    token = os.urandom(8).hex()
    os.close(os.open(os.path.join(directory, token), os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    for name in old:
        remove(paths, f"generation/{name}")


def mark_dirty(paths: Paths) -> None:
    """Say that records are being written: if this stays, its writer was killed midway."""
    _write(paths, "dirty", "")


def clear_dirty(paths: Paths) -> None:
    """Say that records and store agree again."""
    remove(paths, "dirty")


def is_dirty(paths: Paths) -> bool:
    """Tell whether a writer was killed midway; ask under the store lock."""
    return os.path.exists(os.path.join(paths.records, "dirty"))
