from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.interop.fabricated import APP_ROWS, DEV

if TYPE_CHECKING:
    from tests.commands.conftest import Home


def test_shows_the_one_context_in_force_with_its_source(home: Home) -> None:
    ran = home.ok("show")
    assert f"dev ({DEV})" in ran.out
    assert "default (az)" in ran.out
    assert home.ok("current").out == ran.out


def test_the_choice_wins_over_the_pin_and_the_pin_over_the_default(home: Home) -> None:
    home.ok("pin", "bank")
    assert (home.ok("show", "-o", "json").data["source"]) == "pin"
    home.choose("prod")
    shown = home.ok("show", "-o", "json").data
    assert (shown["name"], shown["source"], shown["active"]) == ("prod", "choice", True)


def test_a_name_is_looked_up_in_every_way(home: Home) -> None:
    for text in (home.context("dev")["id"], "dev", "DEV", DEV, DEV.upper(), "d"):
        assert home.context(text)["name"] == "dev"
        assert home.ok("show", "--context", text, "-o", "json").data["name"] == "dev"


def test_not_signed_in_shows_nothing_and_says_what_to_type(empty: Home) -> None:
    assert "azenv import az" in empty.fail("show")


def test_an_unknown_name_is_an_error_with_the_nearest(home: Home) -> None:
    assert '"prod"' in home.fail("show", "prdo")
    assert "azenv list" in home.fail("show", "zzzzzzzz")
    home.fail("show", "")


def test_several_that_fit_are_listed(home: Home) -> None:
    home.ok("rename", "dev", "prod-dev")
    home.ok("rename", "prod", "prod-live")
    said = home.fail("show", "prod-")
    assert '"prod-dev"' in said
    assert '"prod-live"' in said


def test_name_and_flag_together_are_a_usage_error(home: Home) -> None:
    home.fail("show", "dev", "--context", "prod", code=2)


def test_an_untrusted_pin_is_status_five(home: Home) -> None:
    (home.work / ".azenv.toml").write_text('context = "prod"\n')
    assert "azenv allow" in home.fail("show", code=5)


def test_another_block_is_status_one(home: Home) -> None:
    home.setenv("__AZENV_CHOICE", "none")
    assert "blocked: chosen" in home.fail("show")
    home.setenv("__AZENV_CHOICE", "0123456789abcdef")
    assert "gone" in home.fail("show")


def test_a_named_context_is_shown_though_az_or_the_pin_is_broken(home: Home) -> None:
    (home.work / ".azenv.toml").write_text("\0")
    (home.base / "azureProfile.json").write_text("{")
    ran = home.ok("show", "prod", "-o", "json")
    assert ran.data["name"] == "prod"


def test_a_managed_identity_and_a_tenant_alone_can_be_shown(empty: Home) -> None:
    tenant = {**APP_ROWS[0], "name": "N/A(tenant level account)"}
    tenant["id"] = tenant["tenantId"]
    empty.sign_in(tenant)
    empty.ok("import", "az")
    assert "none" in empty.ok("show").out
    assert empty.ok("show", "-o", "json").data["subscription"] is None
    assert empty.ok("show", "-o", "tsv").out.split("\t")[1] == "-"


def test_json_keys_are_pinned(home: Home) -> None:
    top = json.loads(home.ok("show", "-o", "json").out)
    assert (top["version"], top["kind"]) == (1, "context")
    assert list(top["data"])[-4:] == ["active", "default", "source", "where"]


def test_never_shows_a_secret(home: Home) -> None:
    (home.base / "msal_token_cache.json").write_text(
        '{"RefreshToken": {"k": {"secret": "s3cr3t"}}}'
    )
    for form in ("table", "json", "tsv"):
        assert "s3cr3t" not in home.ok("show", "-o", form).out


def test_what_outranks_the_default_is_in_force_though_az_is_torn(home: Home) -> None:
    home.choose("prod")
    (home.base / "azureProfile.json").write_text('{"subscriptions": [')
    assert home.ok("show", "-o", "json").data["name"] == "prod"
    home.unsetenv("__AZENV_CHOICE")
    assert "azureProfile.json" in home.fail("show")
