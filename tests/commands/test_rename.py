from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def test_keeps_id_content_count_and_default(home: Home) -> None:
    before = home.context("dev")
    home.ok("use", "dev", "--scope", "user")
    home.ok("rename", "dev", "Development")
    after = home.context("Development")
    assert after["default"]
    assert {**after, "name": "dev"} == before
    assert home.names() == ["bank", "Development", "prod"]


def test_of_another_leaves_the_default(home: Home) -> None:
    home.ok("rename", "prod", "live")
    assert home.context("dev")["default"]
    assert home.names() == ["bank", "dev", "live"]


def test_may_change_the_case_only_or_nothing(home: Home) -> None:
    home.ok("rename", "dev", "DEV")
    assert home.names() == ["bank", "DEV", "prod"]
    home.ok("rename", "DEV", "DEV")
    assert home.names() == ["bank", "DEV", "prod"]


def test_reports_the_renamed_context_where_data_is_asked_for(home: Home) -> None:
    assert home.ok("rename", "dev", "d").out == ""
    assert home.ok("rename", "d", "e", "-o", "json").data["name"] == "e"
    assert home.ok("rename", "e", "f", "-o", "tsv").out.startswith("f\t")


def test_onto_a_taken_name_needs_force(home: Home) -> None:
    before = home.ok("list", "-o", "json").data
    assert "--force" in home.fail("rename", "dev", "PROD")
    assert home.ok("list", "-o", "json").data == before


def test_by_force_removes_the_other_and_takes_its_default(home: Home) -> None:
    home.ok("use", "prod", "--scope", "user")
    home.ok("rename", "dev", "prod", "--force")
    assert home.names() == ["bank", "prod"]
    assert home.context("prod")["subscription"]["name"] == "dev"
    assert home.context("prod")["default"]


def test_of_an_unknown_one_is_an_error(home: Home) -> None:
    assert "azenv list" in home.fail("rename", "nobody", "x")
    assert home.names() == ["bank", "dev", "prod"]


def test_where_nobody_signed_in_is_an_error(empty: Home) -> None:
    assert "azenv import az" in empty.fail("rename", "a", "b")


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\tb", "x\u202ey", "\u2028", "n" * 129, "a\0b"]
)
def test_refuses_what_no_context_may_be_called(home: Home, name: str) -> None:
    home.fail("rename", "dev", name, code=2)
    assert "dev" in home.names()


@pytest.mark.parametrize(
    "name", ["-", "--x", "none", "ünï ☃", "n" * 128, " lead", "a/b", "[red]", "*"]
)
def test_accepts_anything_else(home: Home, name: str) -> None:
    home.ok("rename", "--", "dev", name)
    assert name in home.names()


def test_a_nasty_name_is_only_a_name(home: Home, nasty_name: str) -> None:
    home.ok("rename", "dev", nasty_name)
    assert home.context(nasty_name)["name"] == nasty_name
    home.ok("rename", nasty_name, "dev")
