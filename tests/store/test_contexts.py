from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core.book import Book
from azenv.core.errors import AzenvError, DamagedError
from azenv.store import contexts
from tests.core.strategies import CONTEXTS, TARGETS, TEXT

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.core.model import Context, Target

BOOKS = st.lists(CONTEXTS, max_size=4, unique_by=lambda context: context.id)


@given(BOOKS, st.lists(TARGETS, max_size=3), TEXT, TEXT)
def test_what_is_dumped_parses_as_it_was(
    kept: list[Context], known: list[Target], default: str, az_seen: str
) -> None:
    book = Book(default=default, az_seen=az_seen)
    for context in kept:
        book.put(context)
    book.known = {target.identity: target for target in known}
    assert contexts.parse(contexts.dump(book)) == book


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["schema", "contexts", "known", "account", "id", "kind"]), inner
            )
        ),
    )
)
def test_other_json_is_refused(value: Any) -> None:  # noqa: ANN401
    try:
        book = contexts.parse(json.dumps(value).encode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    assert isinstance(book, Book)
    assert value["schema"] == 1


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        contexts.parse(data)


@given(BOOKS.filter(bool), st.integers(0, 10_000), st.integers(0, 255))
def test_a_torn_or_flipped_store_never_escapes(kept: list[Context], at: int, byte: int) -> None:
    book = Book()
    for context in kept:
        book.put(context)
    data = contexts.dump(book)
    at %= len(data)
    for damaged in (data[:at], data[:at] + bytes([byte]) + data[at + 1 :]):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            contexts.parse(damaged)


def _store(directory: Path, text: str | bytes) -> str:
    file = directory / "contexts.json"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    return str(directory)


WRONG = [
    *("", "{", "[]", "1", "null", '""', "{}", '{"schema": "1"}', '{"schema": true}'),
    *('{"schema": 0}', '{"schema": 1}', '{"schema": 1, "contexts": {}, "known": [1]}'),
    '{"schema": 1, "contexts": [{"id": "../x", "name": "n"}], "known": []}',
    '{"schema": 1, "contexts": [{"id": "a"}], "known": []}',
    '{"schema": 1, "contexts": [{"id": "a", "name": 1, "account": {}, "tenant": {}}]}',
    '{"schema": 1, "contexts": [], "known": [], "default": 5}',
    '{"schema": 1, "contexts": [], "known": [], "default": "\\ud800"}',
    '{"schema": 1, "contexts": [], "known": []}\0',
    "[" * 200_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_store_is_refused_named_and_left_alone(
    tmp_path: Path, text: str | bytes
) -> None:
    store = _store(tmp_path, text)
    with pytest.raises(DamagedError, match=r"contexts\.json") as caught:
        contexts.load(store)
    assert caught.value.hint == "azenv doctor --repair"
    kept = (tmp_path / "contexts.json").read_bytes()
    assert kept == (text.encode() if isinstance(text, str) else text)


def test_a_newer_schema_is_not_called_damage(tmp_path: Path) -> None:
    store = _store(tmp_path, '{"schema": 2}')
    with pytest.raises(AzenvError, match="newer azenv") as caught:
        contexts.load(store)
    assert not isinstance(caught.value, DamagedError)


def test_no_store_is_an_empty_book(tmp_path: Path) -> None:
    assert contexts.load(str(tmp_path)) == Book()
    assert contexts.load(str(tmp_path / "missing")) == Book()


def test_saving_keeps_one_backup_and_both_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        contexts.save(str(tmp_path), Book(default="first"))
        contexts.save(str(tmp_path), Book(default="second"))
        contexts.save(str(tmp_path), Book(default="third"))
    finally:
        os.umask(old)
    assert contexts.load(str(tmp_path)).default == "third"
    assert contexts.parse((tmp_path / "contexts.json.bak").read_bytes()).default == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "contexts.json",
        "contexts.json.bak",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_ids_are_random_and_plain() -> None:
    found = {contexts.new_id() for _ in range(1000)}
    assert len(found) == 1000
    assert all(len(text) == 16 and text.isalnum() and text.isascii() for text in found)
