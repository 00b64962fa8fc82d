from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azenv.core.model import DEFAULT_FAMILIES
from tests.interop.fabricated import (
    ALICE,
    ALICE_ROWS,
    BANK,
    BOB,
    BOB_ROWS,
    CONTOSO,
    DEV,
    FABRIKAM,
    PROD,
    row,
)

if TYPE_CHECKING:
    from tests.commands.conftest import Home

OTHER = "11111111-aaaa-4aaa-8aaa-333333333333"


@pytest.fixture
def two_tenants(empty: Home) -> Home:
    """Return a home in which Alice sees `prod` in two tenants, and a guest's `shared`."""
    guest = row(OTHER, "prod", ALICE, FABRIKAM, tenantDefaultDomain="fabrikam.example")
    empty.sign_in(*ALICE_ROWS, guest, *BOB_ROWS)
    empty.ok("import", "az")
    return empty


def test_with_nothing_returns_the_context_in_force_unchanged(home: Home) -> None:
    before = home.context("dev")
    ran = home.ok("set", "-o", "json")
    assert ran.data["id"] == before["id"]
    assert "as before" in ran.err
    assert home.context("dev") == before


def test_with_nothing_in_force_is_an_error(empty: Home) -> None:
    assert "azenv import az" in empty.fail("set")
    empty.sign_in()
    assert "azenv import az" in empty.fail("set", "--subscription", "prod")


@pytest.mark.parametrize("text", ["prod", "PROD", PROD, PROD.upper()])
def test_selects_by_id_or_name_ignoring_case(home: Home, text: str) -> None:
    home.give_mailbox()
    home.ok("set", "--subscription", text)
    assert home.letter()[1:3] == ["choice", home.context("prod")["id"]]
    assert home.names() == ["bank", "dev", "prod"]


def test_junk_is_an_error_with_the_nearest(home: Home) -> None:
    assert "did you mean prod" in home.fail("set", "--subscription", "prodd")
    assert "azenv import az" in home.fail("set", "--subscription", DEV[:-1] + "9")
    assert "no tenant" in home.fail("set", "--tenant", "nowhere")
    home.fail("set", "--subscription", "", code=2)


def test_what_another_account_has_is_said_so(home: Home) -> None:
    said = home.fail("set", "--subscription", "bank")
    assert BOB in said
    assert "--context" in said
    home.ok("set", "--context", "bank", "--subscription", BANK)


def test_a_name_that_fits_several_lists_their_ids_and_tenants(two_tenants: Home) -> None:
    said = two_tenants.fail("set", "--subscription", "prod")
    for text in (PROD, OTHER, "fabrikam.example"):
        assert text in said
    ran = two_tenants.ok(
        "set", "--subscription", "prod", "--tenant", "Fabrikam.Example", "-o", "json"
    )
    assert ran.data["subscription"]["id"] == OTHER
    ran = two_tenants.ok("set", "--subscription", OTHER, "-o", "json")
    assert ran.data["tenant"]["id"] == FABRIKAM
    two_tenants.fail("set", "--subscription", DEV, "--tenant", FABRIKAM)


def test_one_id_in_two_tenants_means_the_home_tenant(empty: Home) -> None:
    away = row(PROD, "prod", ALICE, FABRIKAM) | {"homeTenantId": CONTOSO}
    empty.sign_in(away, *ALICE_ROWS)
    empty.ok("import", "az")
    ran = empty.ok("set", "--subscription", PROD, "-o", "json")
    assert ran.data["tenant"]["id"] == CONTOSO
    ran = empty.ok("set", "--subscription", "prod", "--tenant", FABRIKAM, "-o", "json")
    assert ran.data["tenant"]["id"] == FABRIKAM


def test_a_tenant_alone_is_its_own_context_or_its_first_subscription(two_tenants: Home) -> None:
    ran = two_tenants.ok("set", "--tenant", FABRIKAM, "-o", "json")
    assert ran.data["subscription"]["id"] == OTHER
    ran = two_tenants.ok("set", "--tenant", CONTOSO, "-o", "json")
    assert ran.data["subscription"]["id"] == DEV
    alone = row(FABRIKAM, "N/A(tenant level account)", ALICE, FABRIKAM)
    two_tenants.sign_in(*ALICE_ROWS, alone)
    two_tenants.ok("import", "az")
    ran = two_tenants.ok("set", "--tenant", FABRIKAM, "-o", "json")
    assert ran.data["subscription"] is None


def test_a_disabled_subscription_is_told(empty: Home) -> None:
    empty.sign_in(*ALICE_ROWS, row(OTHER, "old", ALICE, CONTOSO, state="Disabled"))
    empty.ok("import", "az")
    assert "disabled" in empty.ok("set", "--subscription", "old").err
    ran = empty.ok("set", "--tenant", CONTOSO, "-o", "json")
    assert ran.data["subscription"]["state"] == "Enabled"


def test_a_new_name_adds_a_second_context_with_what_the_first_has(home: Home) -> None:
    home.ok("set", "--context", "prod", "--group", "rg", "--protected")
    before = home.context("prod")
    ran = home.ok("set", "--subscription", "prod", "--name", "prod2", "--no-select", "-o", "json")
    assert ran.data["id"] != before["id"]
    same = ran.data.keys() - {"id", "name"}
    assert {key: ran.data[key] for key in same} == {key: before[key] for key in same}
    assert home.context("prod") == before
    assert home.names() == ["bank", "dev", "prod", "prod2"]


def test_a_name_that_the_identity_already_has_is_that_context(home: Home) -> None:
    ran = home.ok("set", "--subscription", "prod", "--name", "PROD", "-o", "json")
    assert ran.data["id"] == home.context("prod")["id"]


def test_another_identitys_name_needs_force_which_replaces_it(home: Home) -> None:
    old = home.context("prod")
    before = home.names()
    assert "--force" in home.fail("set", "--subscription", "dev", "--name", "prod")
    assert home.names() == before
    home.ok("set", "--subscription", "dev", "--name", "prod", "--force")
    new = home.context("prod")
    assert new["id"] != old["id"], "what an id means never changes"
    assert new["subscription"]["name"] == "dev"


def test_a_name_alone_is_a_second_context_of_the_one_in_force(home: Home) -> None:
    home.give_mailbox()
    home.ok("set", "--name", "mine")
    assert home.context("mine")["subscription"] == home.context("dev")["subscription"]
    assert home.letter()[2] == home.context("mine")["id"]


def test_a_renamed_context_is_found_again_and_not_made_anew(home: Home) -> None:
    home.ok("rename", "prod", "live")
    home.ok("set", "--subscription", "prod")
    assert home.names() == ["bank", "dev", "live"]


def test_adds_the_context_of_what_is_only_known(home: Home) -> None:
    home.ok("remove", "prod")
    ran = home.ok("set", "--subscription", "prod", "-o", "json")
    assert ran.data["name"] == f"prod ({PROD})"


def test_without_a_mailbox_says_how_to_use_it(home: Home) -> None:
    ran = home.ok("set", "--subscription", "prod")
    assert f"azenv exec {home.context('prod')['id']}" in ran.err
    home.fail("set", "--subscription", "prod", "--scope", "process", code=2)


def test_an_explicit_scope_is_refused_before_anything_changes(home: Home) -> None:
    home.fail("set", "--subscription", "prod", "--name", "new", "--scope", "Process", code=2)
    assert "new" not in home.names()


def test_no_select_leaves_the_shell_alone(home: Home) -> None:
    home.give_mailbox()
    home.ok("set", "--subscription", "prod", "--no-select")
    assert not home.mail.exists()


def test_user_scope_makes_it_the_default(home: Home) -> None:
    home.ok("set", "--subscription", "prod", "--scope", "CurrentUser")
    assert home.context("prod")["default"]


def test_settings_of_the_context_in_force_or_named_change_and_select_nothing(home: Home) -> None:
    home.give_mailbox()
    home.ok("set", "--group", "rg", "--location", "westeurope")
    assert home.context("dev")["group"] == "rg"
    home.ok(
        "set", "--context", "prod", "--protected", "--locked", "--tag", "team=a", "--tag", "x=1"
    )
    assert not home.mail.exists()
    prod = home.context("prod")
    assert (prod["protected"], prod["locked"], prod["tags"]) == (
        True,
        True,
        {"team": "a", "x": "1"},
    )
    home.ok("set", "--group", "", "--location", "")
    assert (home.context("dev")["group"], home.context("dev")["location"]) == (None, None)
    home.ok("set", "--context", "prod", "--no-protected", "--no-locked", "--tag", "x=")
    prod = home.context("prod")
    assert (prod["protected"], prod["locked"], prod["tags"]) == (False, False, {"team": "a"})


def test_settings_reach_the_record_that_shells_read(home: Home) -> None:
    home.ok("set", "--context", "prod", "--group", "rg-1")
    out = home.ok("env", "prod", "--shell", "bash").out
    assert "AZURE_DEFAULTS_GROUP" in out
    assert "rg-1" in out


def test_exports_keep_and_also(home: Home) -> None:
    home.ok("set", "--exports", "sdk, az-tokens", "--keep", "AZURE_CLIENT_ID", "--also", "prod")
    dev = home.context("dev")
    assert dev["exports"] == ["az-tokens", "sdk"]
    assert dev["keep"] == ["AZURE_CLIENT_ID"]
    assert dev["also"] == [PROD]
    home.ok("set", "--exports", "default", "--keep", "", "--also", "")
    dev = home.context("dev")
    assert (dev["exports"], dev["keep"], dev["also"]) == ([*DEFAULT_FAMILIES], [], [])
    home.ok("set", "--exports", "")
    assert home.context("dev")["exports"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--exports", "everything"], 2),
        (["--keep", "AZURE_CLIENT_IDX"], 2),
        (["--keep", "ARM_TENANT_ID"], 2),
        (["--keep", "PATH"], 2),
        (["--tag", "novalue"], 2),
        (["--tag", "=x"], 2),
        (["--group", "a\nb"], 2),
        (["--also", "bank"], 1),
        (["--context", "nobody", "--group", "x"], 1),
        (["--scope", "machine"], 2),
    ],
)
def test_refuses_what_nobody_knows(home: Home, words: list[str], code: int) -> None:
    before = home.ok("list", "-o", "json").data
    home.fail("set", *words, code=code)
    assert home.ok("list", "-o", "json").data == before


def test_a_protected_target_is_asked_about(home: Home) -> None:
    home.ok("set", "--context", "prod", "--protected")
    home.give_mailbox()
    assert "--yes" in home.fail("set", "--subscription", "prod", code=2)
    home.ok("set", "--subscription", "prod", "--yes")
    assert home.letter()[1] == "choice"


def test_works_out_of_an_untrusted_pin(home: Home) -> None:
    (home.work / ".azenv.toml").write_text('context = "bank"\n')
    home.give_mailbox()
    home.ok("set", "--subscription", "prod")
    assert home.letter()[2] == home.context("prod")["id"]
    home.fail("set", "--group", "rg", code=5)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "words",
    [
        ["set", "--subscription", "prod", "--no-select"],
        ["set", "--group", "rg"],
        ["remove", "dev", "--force"],
        ["import", "az"],
        ["list"],
        ["show"],
        ["exec", "--here"],
    ],
)
def test_nothing_waits_for_itself_when_azs_word_is_taken_over(home: Home, words: list[str]) -> None:
    home.ok("use", "prod", "--scope", "user")
    home.sign_in()
    assert home.run(*words).code == (2 if words[0] == "exec" else 0)
    assert home.run("show", "-o", "json").data["name"] == (
        "prod" if words[0] == "remove" else "dev"
    )
