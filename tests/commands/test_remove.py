from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def az_default(home: Home) -> str:
    data = json.loads((home.base / "azureProfile.json").read_text(encoding="utf-8-sig"))
    (name,) = (row["name"] for row in data["subscriptions"] if row["isDefault"])
    return str(name)


def test_of_another_one_never_asks_and_leaves_the_default(home: Home) -> None:
    ran = home.ok("remove", "prod", "-o", "json")
    assert ran.data["name"] == "prod"
    assert "stays signed in" in ran.err
    assert home.names() == ["bank", "dev"]
    assert home.context("dev")["default"]


def test_of_the_default_asks(home: Home) -> None:
    said = home.fail("remove", "dev", code=2)
    assert "the default" in said
    assert "--force" in said
    assert "dev" in home.names()


@pytest.mark.parametrize("flag", ["--force", "--yes", "-y"])
def test_of_the_default_makes_the_same_accounts_next_the_default(home: Home, flag: str) -> None:
    ran = home.ok("remove", "dev", flag)
    assert 'the default is now "prod"' in ran.err
    assert home.context("prod")["default"]
    assert az_default(home) == "prod"
    ran = home.ok("rm", "prod", flag)
    assert 'the default is now "bank"' in ran.err
    ran = home.ok("remove", "bank", flag)
    assert "no default is left" in ran.err
    assert home.names() == []


def test_a_protected_one_never_inherits_the_default(home: Home) -> None:
    home.ok("set", "--context", "prod", "--protected")
    assert 'now "bank"' in home.ok("remove", "dev", "--force").err


def test_of_the_active_one_asks_and_blocks_this_shell(home: Home) -> None:
    home.choose("prod")
    assert "in force" in home.fail("remove", "prod", code=2)
    assert "blocked" in home.ok("remove", "prod", "--force").err
    assert "gone" in home.fail("show")


def test_of_several_is_all_or_nothing(home: Home) -> None:
    home.fail("remove", "prod", "nobody")
    assert home.names() == ["bank", "dev", "prod"]
    home.ok("remove", "prod", "bank", "prod")
    assert home.names() == ["dev"]


def test_of_an_unknown_one_is_an_error_with_the_nearest(home: Home) -> None:
    assert '"prod"' in home.fail("remove", "prd")
    home.fail("remove", code=2)


def test_where_nobody_signed_in_is_an_error(empty: Home) -> None:
    empty.fail("remove", "a")


def test_the_target_stays_known(home: Home) -> None:
    home.ok("remove", "prod")
    home.ok("set", "--subscription", "prod", "--no-select")
    assert len(home.names()) == 3


def test_takes_records_and_overlay_along(home: Home) -> None:
    context_id = home.context("prod")["id"]
    home.ok("env", "prod", "--shell", "bash")
    overlay = home.root / "az" / context_id
    (records,) = (home.top / "state").iterdir()
    assert overlay.is_dir()
    home.ok("remove", "prod")
    assert not overlay.exists()
    assert not (records / "contexts" / context_id).exists()
    assert not (records / "seeds" / context_id).exists()
    assert "prod" not in (records / "names").read_text().splitlines()


def test_az_sign_in_stays(home: Home) -> None:
    before = json.loads((home.base / "azureProfile.json").read_text(encoding="utf-8-sig"))
    home.ok("remove", "prod", "bank")
    assert json.loads((home.base / "azureProfile.json").read_text(encoding="utf-8-sig")) == before


def test_clear_asks(home: Home) -> None:
    assert "--yes" in home.fail("clear", code=2)
    assert len(home.names()) == 3


def test_clear_leaves_nothing_but_azs_sign_in(home: Home) -> None:
    before = (home.base / "azureProfile.json").read_bytes()
    ran = home.ok("clear", "--yes", "-o", "json")
    assert ran.data == {"removed": 3}
    assert home.names() == []
    assert (home.base / "azureProfile.json").read_bytes() == before
    home.fail("set", "--subscription", "prod")
    home.ok("import", "az")
    assert len(home.names()) == 3


def test_clear_of_nothing_asks_nothing(empty: Home) -> None:
    assert empty.ok("clear").out == ""
    assert empty.ok("clear").out == ""
