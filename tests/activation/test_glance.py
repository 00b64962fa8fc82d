"""A name is looked up in a part of the index, and means what it means in all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azenv.activation import glance
from azenv.activation.place import Place
from azenv.core import lookup
from azenv.core.errors import AmbiguousError, NotFoundError
from azenv.store import records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Characters whose case folds to more than one, to ASCII, or across lengths; and both separators.
LETTERS = st.sampled_from(
    "abAB1 -\u212a\u0130\u00df\u1e9e\ufb01\u017f\u03c3\u03c2\U00010400\x1e\x1f"
)
TEXT = st.text(LETTERS, max_size=4)
ROWS = st.lists(st.lists(TEXT, min_size=12, max_size=12), max_size=8)
BLOCKS = st.sampled_from((1, 2, 7, 64, 1 << 15))


def outcome(find: Callable[[], Sequence[str]]) -> tuple[object, ...]:
    """Return the row that was found, or all that the error says."""
    try:
        return tuple(find())
    except (NotFoundError, AmbiguousError) as error:
        return (type(error), error.message, error.hint)


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """Return rows and a text: anything, or what a field begins with, in another case."""
    rows = draw(ROWS)
    fields = [field for row in rows for field in row if field]
    if not fields or draw(st.booleans()):
        return rows, draw(TEXT)
    field = draw(st.sampled_from(fields))
    part = field[: draw(st.integers(1, len(field)))]
    return rows, draw(st.sampled_from((part, part.upper(), part.lower(), part.casefold())))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place({"AZENV_HOME": str(tmp_path_factory.mktemp("home"))})
    records.make_directories(made.paths)
    return made


@given(questions(), BLOCKS)
@example(([["i", "K", *[""] * 10], ["j", "\u212a", *[""] * 10]], "k"), 1)
@example(([["i", "Stra\u00dfe", *[""] * 10]], "STRASSE"), 1)
@settings(max_examples=400, deadline=None)
def test_a_text_names_the_same_row(
    place: Place, question: tuple[list[list[str]], str], block: int
) -> None:
    rows, text = question
    records.write_index(place.paths, rows)
    known = records.read_index(place.paths) or []
    with mock.patch.object(records, "_BLOCK", block):
        found = outcome(lambda: glance.find(place, text))
        likely = records.rows_like(place.paths, text) or []
    assert found == outcome(lambda: lookup.find(text, known))
    folded = text.casefold()
    fitting = [row for row in known if any(f.casefold().startswith(folded) for f in row)]
    assert [row for row in likely if row in fitting] == fitting


@pytest.mark.parametrize("text", ["\udcff", "name\udcff"])
def test_what_is_not_utf_8_names_nothing(place: Place, text: str) -> None:
    records.write_index(place.paths, [["id", "name", *[""] * 10]])
    with pytest.raises(NotFoundError):
        glance.find(place, text)


def test_only_the_rows_in_question_are_cut(place: Place) -> None:
    rows = [[f"id{n}", f"name {n}", *["x"] * 10] for n in range(2000)]
    records.write_index(place.paths, rows)
    assert records.rows_like(place.paths, "NAME 1999") == [rows[1999]]
    assert records.rows_like(place.paths, "id7") == [r for r in rows if r[0].startswith("id7")]
