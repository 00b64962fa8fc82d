from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from azenv.core import view
from tests.interop.fabricated import ALICE, BANK, CONTOSO, PROD

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def test_of_nothing_is_nothing_and_no_error(empty: Home) -> None:
    for form in ("table", "tsv"):
        ran = empty.ok("list", "-o", form)
        assert ran.out == ""
        assert "azenv import az" in ran.err
    assert empty.ok("list", "-o", "json").data == []
    assert not empty.base.exists()


def test_shows_every_context_by_name(home: Home) -> None:
    assert home.names() == ["bank", "dev", "prod"]
    rows = [line.split("\t") for line in home.ok("list", "-o", "tsv").out.splitlines()]
    assert [row[0] for row in rows] == ["bank", "dev", "prod"]
    assert {len(row) for row in rows} == {len(view.COLUMNS)}


def test_each_result_equals_the_one_shown(home: Home) -> None:
    for listed in home.ok("list", "-o", "json").data:
        shown = home.context(listed["name"])
        assert {key: shown[key] for key in listed} == listed


def test_sorts_ignoring_case(home: Home) -> None:
    home.ok("rename", "prod", "Aaa")
    assert home.names() == ["Aaa", "bank", "dev"]


def test_marks_the_default_and_the_active_one(home: Home) -> None:
    home.choose("prod")
    found = {context["name"]: context for context in home.ok("list", "-o", "json").data}
    assert [name for name, context in found.items() if context["active"]] == ["prod"]
    assert [name for name, context in found.items() if context["default"]] == ["dev"]
    table = home.ok("list").out.splitlines()
    assert [line[0] for line in table] == [" ", " ", " ", "*"]
    assert "default" in table[2]


def test_marks_no_active_one_where_the_choice_is_gone_or_over(home: Home) -> None:
    for name, value in (("__AZENV_CHOICE", "0123456789abcdef"), ("__AZENV_CHOICE", "none")):
        home.setenv(name, value)
        assert not any(context["active"] for context in home.ok("list", "-o", "json").data)
    home.choose("prod")
    home.setenv("__AZENV_UNTIL", "1-over")
    assert not any(context["active"] for context in home.ok("list", "-o", "json").data)


def test_marks_what_a_pin_selects(home: Home) -> None:
    home.ok("pin", "bank")
    assert "active" in home.ok("list", "bank", "-o", "tsv").out
    (home.work / ".azenv.toml").write_text('context = "prod"\n')
    assert "active" not in home.ok("list", "-o", "tsv").out
    home.ok("allow")
    home.cd(home.work / "below")
    assert "active" in home.ok("list", "prod", "-o", "tsv").out


@pytest.mark.parametrize("pin", ['context = "dev"', "", "\0", "context = 1"])
def test_agrees_with_show_about_what_is_active(home: Home, pin: str) -> None:
    (home.work / ".azenv.toml").write_text(pin)
    assert not any(context["active"] for context in home.ok("list", "-o", "json").data)
    assert home.run("show").code == 5


def test_follows_what_az_makes_the_default(home: Home) -> None:
    profile = home.base / "azureProfile.json"
    data = json.loads(profile.read_text(encoding="utf-8-sig"))
    assert "default" in home.ok("list", "dev", "-o", "tsv").out
    for row in data["subscriptions"]:
        row["isDefault"] = row["id"] == BANK
    profile.write_text(json.dumps(data))
    assert "default" in home.ok("list", "bank", "-o", "tsv").out
    assert "default" not in home.ok("list", "dev", "-o", "tsv").out


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["PRO"], ["prod"]),
        (["*o*"], ["bank", "dev", "prod"]),
        (["d??"], ["dev"]),
        ([PROD.upper()], ["prod"]),
        ([ALICE], ["dev", "prod"]),
        (["--tenant", CONTOSO], ["dev", "prod"]),
        (["--tenant", CONTOSO, "--account", "bob*"], []),
        (["--account", "BOB*"], ["bank"]),
        (["--account", ALICE, "dev"], ["dev"]),
        (["--cloud", "azurecloud"], ["bank", "dev", "prod"]),
        (["--cloud", "AzureChinaCloud"], []),
        (["[", "--tenant", ""], []),
    ],
)
def test_filters(home: Home, words: list[str], names: list[str]) -> None:
    ran = home.ok("list", *words, "-o", "json")
    assert [context["name"] for context in ran.data] == names
    assert home.run("list", *words).code == 0


def test_a_name_with_brackets_is_found_as_it_stands(home: Home) -> None:
    home.ok("rename", "dev", "[red]")
    assert "[red]" in home.ok("list", "[red]").out


def test_a_hostile_name_stays_one_line_and_harmless(home: Home, nasty_name: str) -> None:
    home.ok("rename", "dev", nasty_name)
    for form in ("table", "tsv"):
        assert nasty_name in home.ok("list", nasty_name, "-o", form).out
    assert home.ok("list", nasty_name, "-o", "json").data[0]["name"] == nasty_name


def test_what_strangers_named_cannot_move_the_cursor(empty: Home) -> None:
    from tests.interop.fabricated import row

    empty.sign_in(row(PROD, "a\x1b[2J\u202eb\n\tc", ALICE, CONTOSO))
    empty.ok("import", "az")
    for form in ("table", "tsv"):
        out = empty.ok("list", "-o", form).out
        assert not set(out) & set("\x1b\u202e")
        assert len(out.splitlines()) == {"table": 2, "tsv": 1}[form]
    assert empty.ok("list", "-o", "json").data[0]["subscription"]["name"] == "a\x1b[2J\u202eb\n\tc"


def test_makes_a_missing_or_half_written_index_again(home: Home) -> None:
    (records,) = (home.top / "state").iterdir()
    (records / "index").unlink()
    assert home.names() == ["bank", "dev", "prod"]
    (records / "index").write_text("torn")
    assert home.names() == ["bank", "dev", "prod"]
    (records / "index").write_text("")
    (records / "dirty").touch(mode=0o600)
    assert home.names() == ["bank", "dev", "prod"]
    assert not (records / "dirty").exists()


def test_lists_though_az_is_broken(home: Home) -> None:
    (home.base / "azureProfile.json").write_text('{"subscriptions": [')
    ran = home.ok("list", "-o", "tsv")
    assert len(ran.out.splitlines()) == 3
    assert "azureProfile.json" in ran.err


def test_json_keys_are_pinned(home: Home) -> None:
    top = json.loads(home.ok("list", "dev", "-o", "json").out)
    assert list(top) == ["version", "kind", "data"]
    assert (top["version"], top["kind"]) == (1, "contexts")
    context = top["data"][0]
    assert list(context) == [
        *("id", "name", "cloud", "account", "tenant", "subscription", "group", "location"),
        *("protected", "locked", "also", "exports", "keep", "tags", "active", "default"),
    ]
    assert list(context["account"]) == ["username", "kind", "home_account_id"]
    assert list(context["tenant"]) == ["id", "domain", "name"]
    assert list(context["subscription"]) == ["id", "name", "state"]


def test_a_closed_reader_is_no_error(home: Home) -> None:
    from tests.commands.processes import azenv

    reader, writer = os.pipe()
    os.close(reader)
    done = azenv("list", home=home, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
