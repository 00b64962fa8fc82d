from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core import names
from azenv.core.errors import UsageError
from tests.core.strategies import TARGETS

ANYTHING = st.text()


@given(ANYTHING)
def test_the_display_form_holds_only_letters_digits_and_a_few_signs(text: str) -> None:
    shown = names.display(text)
    assert len(shown) == len(text)
    assert all(char.isalnum() or char in " ._-@()" for char in shown)
    assert names.display(shown) == shown


@pytest.mark.parametrize(
    "text", ["$(id)", "`x`", "\\[\\e[31m", "%F{red}", "a\nb", "\u202e", "\u202e\u2019"]
)
def test_the_display_form_has_nothing_that_a_prompt_would_run(text: str) -> None:
    assert not set(names.display(text)) & set("$`\\{}[]%\n\u202e\u2019'\"")


@given(ANYTHING)
def test_printable_text_moves_no_cursor(text: str) -> None:
    shown = names.printable(text)
    kinds = {unicodedata.category(char) for char in shown}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp", "Cs"}
    assert names.printable(shown) == shown
    shown.encode()


@given(ANYTHING)
def test_a_name_is_refused_or_safe_and_never_changed(text: str) -> None:
    try:
        assert names.ensure_name(text) == text
    except UsageError:
        return
    assert 0 < len(text) <= 128
    assert names.printable(text) == text


@given(ANYTHING)
def test_acceptable_always_is(text: str) -> None:
    name = names.acceptable(text)
    assert names.ensure_name(name) == name
    assert names.acceptable(name) == name


@given(TARGETS, st.integers(0, 40))
def test_a_generated_name_is_free_and_acceptable(target: object, clashes: int) -> None:
    taken: set[str] = set()
    for _ in range(clashes + 1):
        name = names.generated(target, taken.__contains__)  # type: ignore[arg-type]
        assert name not in taken
        assert names.ensure_name(name) == name
        taken.add(name)


def test_numbers_fit_however_long_they_are() -> None:
    taken = {f"{'n' * (128 - len(f' ({i})'))} ({i})" for i in range(2, 1500)}
    assert len(names.numbered("n" * 128, taken.__contains__)) == 128


def test_the_nearest_names_come_first() -> None:
    known = ["production", "prod", "dev", "Prd"]
    assert names.nearest("prdo", known)[0] in {"prod", "Prd"}
    assert names.nearest("PROD", known)[0] == "prod"
    assert names.nearest("duct", known) == ("production",)
    assert names.nearest("zzzz", known) == ()
    assert names.nearest("x", []) == ()
