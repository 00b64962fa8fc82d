from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core import lookup
from azenv.core.errors import AmbiguousError, NotFoundError

ROWS = [
    ("id1", "Prod", "sub-1", "Contoso Prod"),
    ("id2", "prod", "sub-2", "Contoso Prod"),
    ("id3", "Test One", "sub-3", "Contoso Test"),
    ("id4", "Test Two", "sub-3", "Contoso Test"),
    ("id5", "sub-1", "sub-5", "Prod"),
    ("id6", "lonely", "", ""),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id4", "id4"),
        ("Prod", "id1"),
        ("prod", "id2"),
        ("sub-1", "id5"),  # a name comes before a subscription's id
        ("SUB-2", "id2"),
        ("test one", "id3"),
        ("Test T", "id4"),
        ("LON", "id6"),
    ],
)
def test_finds_by_the_first_way_that_fits_one(text: str, found: str) -> None:
    assert lookup.find(text, ROWS)[lookup.ID] == found


@pytest.mark.parametrize(
    ("text", "number"), [("PROD", 2), ("sub-3", 2), ("contoso prod", 2), ("test", 2)]
)
def test_several_that_fit_are_listed(text: str, number: int) -> None:
    with pytest.raises(AmbiguousError, match=f"fits {number} contexts"):
        lookup.find(text, ROWS)


def test_a_long_list_is_cut() -> None:
    rows = [(f"id{n}", f"name {n}", "", "") for n in range(100)]
    with pytest.raises(AmbiguousError, match="and 90 more"):
        lookup.find("name", rows)


@pytest.mark.parametrize("text", ["", "x", "ID1", " prod"])
def test_what_fits_nothing_is_an_error(text: str) -> None:
    with pytest.raises(NotFoundError):
        lookup.find(text, ROWS)


@pytest.mark.parametrize("text", ["PROD", "test one", "Test T", "Contoso Test"])
def test_pins_resolve_by_exact_name_or_ids_only(text: str) -> None:
    with pytest.raises(NotFoundError):
        lookup.find(text, ROWS, exact=True)


def test_an_empty_subscription_id_is_nobodys_name() -> None:
    with pytest.raises(NotFoundError):
        lookup.find("", [("id", "n", "", "")])


TEXT = st.text("abAB1", max_size=3)


@given(TEXT, st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=6))
def test_never_returns_what_does_not_fit(text: str, rows: list[tuple[str, str, str, str]]) -> None:
    try:
        row = lookup.find(text, rows)
    except (NotFoundError, AmbiguousError):
        return
    assert row in rows
    folded = text.casefold()
    assert (
        text == row[0]
        or row[1].casefold().startswith(folded)
        or folded
        in (
            row[2].casefold(),
            row[3].casefold(),
        )
    )


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=6, unique_by=lambda row: row[0]))
def test_an_id_always_finds_its_own(rows: list[tuple[str, str, str, str]]) -> None:
    for row in rows:
        if row[0]:
            assert lookup.find(row[0], rows) == row
