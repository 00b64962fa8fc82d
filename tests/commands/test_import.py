from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.fabricated import (
    ALICE,
    ALICE_ROWS,
    APP_ROWS,
    BOB_ROWS,
    CONTOSO,
    DEV,
    FABRIKAM,
    PROD,
    home_id,
    row,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home


def counts(home: Home, *words: str) -> tuple[int, int, int, int]:
    data = home.ok("import", *words, "-o", "json").data
    return tuple(len(data[key]) for key in ("added", "updated", "unchanged", "skipped"))  # type: ignore[return-value]


def powershell(*contexts: tuple[str, dict[str, Any]], default: str | None = None) -> str:
    """Return an AzureRmContext.json of contexts made from az's rows."""
    return json.dumps(
        {
            "DefaultContextKey": default,
            "EnvironmentTable": {},
            "Contexts": {name: _context(found) for name, found in contexts},
            "ExtendedProperties": {},
        }
    )


def _context(found: dict[str, Any]) -> dict[str, Any]:
    user, tenant = found["user"], found["tenantId"]
    extended = {"Tenants": tenant}
    if user["type"] == "user":
        extended["HomeAccountId"] = home_id(user["name"])
    return {
        "Account": {
            "Id": user["name"],
            "Type": "User" if user["type"] == "user" else "ServicePrincipal",
            "ExtendedProperties": extended,
        },
        "Tenant": {"Id": tenant, "ExtendedProperties": {}},
        "Subscription": {"Id": found["id"], "Name": found["name"], "ExtendedProperties": {}},
        "Environment": {"Name": found["environmentName"]},
        "TokenCache": None,
        "ExtendedProperties": {},
    }


@pytest.fixture
def signed_in(empty: Home) -> Home:
    empty.sign_in()
    return empty


def test_az_brings_every_row_once(signed_in: Home) -> None:
    assert counts(signed_in, "az") == (3, 0, 0, 0)
    assert signed_in.names()[0].startswith("bank (")
    assert counts(signed_in, "az") == (0, 0, 3, 0)


def test_a_changed_row_is_updated_and_keeps_its_name(home: Home) -> None:
    changed = {**ALICE_ROWS[1], "name": "production", "state": "Disabled"}
    home.sign_in(ALICE_ROWS[0], changed, *BOB_ROWS)
    assert counts(home, "az") == (0, 1, 2, 0)
    assert home.context("prod")["subscription"]["name"] == "production"


def test_a_removed_context_comes_back_by_import_only(home: Home) -> None:
    home.ok("remove", "prod")
    assert counts(home, "az") == (1, 0, 2, 0)


def test_where_az_never_ran_says_so(empty: Home) -> None:
    said = empty.fail("import", "az")
    assert str(empty.base / "azureProfile.json") in said
    assert "az login" in said
    assert not empty.base.exists()


def test_where_az_logged_out_imports_nothing(empty: Home) -> None:
    empty.base.mkdir()
    (empty.base / "azureProfile.json").write_text('{"subscriptions": []}')
    assert counts(empty, "az") == (0, 0, 0, 0)


@pytest.mark.parametrize("text", ["{", "[]", '{"subscriptions": [{}]}', "\0", '{"a":' * 99999])
def test_a_torn_profile_is_refused_named_and_left_alone(empty: Home, text: str) -> None:
    empty.base.mkdir()
    profile = empty.base / "azureProfile.json"
    profile.write_text(text)
    assert str(profile) in empty.fail("import", "az")
    assert profile.read_text() == text
    assert empty.names() == []


def test_an_inherited_config_dir_is_ignored(home: Home, tmp_path: Path) -> None:
    home.setenv("AZURE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    assert counts(home, "az") == (0, 0, 3, 0)


def test_a_home_id_found_later_makes_no_second_account(signed_in: Home) -> None:
    signed_in.ok("import", "az")
    assert signed_in.ok("list", ALICE, "-o", "json").data[0]["account"]["home_account_id"] is None
    (signed_in.base / "msal_token_cache.json").write_text(json.dumps(tokens(ALICE)))
    assert counts(signed_in, "az")[0] == 0
    for context in signed_in.ok("list", ALICE, "-o", "json").data:
        assert context["account"]["home_account_id"] == home_id(ALICE)
    (signed_in.base / "msal_token_cache.json").unlink()
    assert counts(signed_in, "az") == (0, 0, 3, 0)


def test_az_and_powershell_meet_in_one_account(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "AzureRmContext.json"
    file.write_text(powershell(("ps dev", ALICE_ROWS[0]), ("ps bank", BOB_ROWS[0])))
    assert counts(home, str(file)) == (0, 2, 0, 0)
    assert home.names() == ["bank", "dev", "prod"]
    assert home.context("prod")["account"]["home_account_id"] == home_id(ALICE)
    assert counts(home, "az") == (0, 0, 3, 0)
    assert counts(home, str(file)) == (0, 0, 2, 0)


def test_powershell_first_then_az(empty: Home, tmp_path: Path) -> None:
    file = tmp_path / "AzureRmContext.json"
    file.write_text(powershell(("ps dev", ALICE_ROWS[0])))
    assert counts(empty, str(file)) == (1, 0, 0, 0)
    empty.sign_in()
    assert counts(empty, "az") == (2, 1, 0, 0)
    assert "ps dev" in empty.names()
    domains = {**ALICE_ROWS[0], "tenantDefaultDomain": "contoso.example"}
    empty.sign_in(domains)
    empty.ok("import", "az")
    assert counts(empty, str(file)) == (0, 0, 1, 0), "what the file does not know is kept"
    assert empty.context("ps dev")["tenant"]["domain"] == "contoso.example"


def test_two_accounts_of_one_user_name_stay_two(empty: Home) -> None:
    work, personal = tokens(ALICE), tokens(ALICE)
    other = f"99999999-0000-4000-8000-000000000000.{FABRIKAM}"
    entry = dict(next(iter(personal["Account"].values())))
    entry |= {"home_account_id": other, "realm": FABRIKAM}
    work["Account"]["second"] = entry
    empty.sign_in(ALICE_ROWS[0], row(PROD, "prod", ALICE, FABRIKAM))
    (empty.base / "msal_token_cache.json").write_text(json.dumps(work))
    empty.ok("import", "az")
    homes = {
        c["name"]: c["account"]["home_account_id"] for c in empty.ok("list", "-o", "json").data
    }
    assert sorted(homes.values()) == sorted([home_id(ALICE), other])
    assert counts(empty, "az") == (0, 0, 2, 0)


@pytest.mark.parametrize("folder", [".Azure", ".azure"])
def test_powershells_own_file_in_both_spellings(empty: Home, folder: str) -> None:
    directory = empty.top / folder
    directory.mkdir()
    (directory / "AzureRmContext.json").write_text(powershell(("a", ALICE_ROWS[0])))
    assert counts(empty, "powershell") == (1, 0, 0, 0)


def test_powershell_without_a_file_is_an_error(empty: Home) -> None:
    assert "Connect-AzAccount" in empty.fail("import", "powershell")


def test_a_file_or_stdin_of_either_tool(signed_in: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    shutil.copy(signed_in.base / "azureProfile.json", copy)
    assert counts(signed_in, str(copy)) == (3, 0, 0, 0)
    signed_in.type(powershell(("b", APP_ROWS[0])))
    assert counts(signed_in, "-") == (1, 0, 0, 0)


def test_a_missing_file_is_an_error(home: Home) -> None:
    assert "no such file: nowhere.json" in home.fail("import", "nowhere.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"Contexts": 1}', "\0\0", "[" * 99999])
def test_a_file_that_does_not_parse_is_refused_and_named(
    home: Home, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    before = home.ok("list", "-o", "json").out
    ran = home.run("import", str(file))
    if text != '{"Contexts": 1}':
        assert ran.code == 1
        assert "x.json" in ran.err
    assert home.ok("list", "-o", "json").out == before
    assert file.read_text() == text


def test_a_directory_or_a_device_is_refused(home: Home, tmp_path: Path) -> None:
    home.fail("import", str(tmp_path))
    home.fail("import", "/dev/zero")


def test_conflicts_are_skipped_and_named(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(powershell(("PROD", APP_ROWS[0])))
    before = home.context("prod")
    ran = home.ok("import", str(file))
    assert "0 added" in ran.err
    assert 'skipped "PROD"' in ran.err
    assert home.context("prod") == before


def test_conflicts_are_renamed(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(powershell(("prod", APP_ROWS[0])))
    assert counts(home, str(file), "--on-conflict", "rename") == (1, 0, 0, 0)
    assert home.names() == ["bank", "dev", "prod", "prod (2)"]
    assert counts(home, str(file), "--on-conflict", "rename") == (0, 0, 1, 0)


def test_conflicts_are_replaced(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(powershell(("prod", APP_ROWS[0])))
    old = home.context("prod")["id"]
    data = home.ok("import", str(file), "--on-conflict", "replace", "-o", "json").data
    assert [context["id"] for context in data["replaced"]] == [old]
    assert home.context("prod")["subscription"]["name"] == "robots"
    assert home.context("prod")["id"] != old


def test_two_contexts_of_one_identity_in_a_file_both_come_in_once(
    empty: Home, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_text(powershell(("one", ALICE_ROWS[0]), ("two", ALICE_ROWS[0])))
    assert counts(empty, str(file)) == (2, 0, 0, 0)
    assert counts(empty, str(file)) == (0, 0, 2, 0)
    empty.ok("rename", "one", "first")
    assert counts(empty, str(file)) == (0, 0, 2, 0)
    assert empty.names() == ["first", "two"]


def test_dry_run_changes_nothing(signed_in: Home) -> None:
    ran = signed_in.ok("import", "az", "--dry-run")
    assert "3 would be added" in ran.err
    assert signed_in.names() == []
    assert not signed_in.store.exists()


def test_a_first_default_comes_along_but_none_is_changed(empty: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(powershell(("a", ALICE_ROWS[0]), ("b", BOB_ROWS[0]), default="b"))
    empty.ok("import", str(file))
    assert empty.context("b")["default"]
    file.write_text(powershell(("a", ALICE_ROWS[0]), ("b", BOB_ROWS[0]), default="a"))
    empty.ok("import", str(file))
    assert empty.context("b")["default"]


def test_strange_clouds_stay_out_unless_asked_for(empty: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    stack = {**ALICE_ROWS[0], "environmentName": "Stack"}
    top = json.loads(powershell(("a", stack), ("b", BOB_ROWS[0])))
    top["EnvironmentTable"]["Stack"] = {
        "Name": "Stack",
        "ActiveDirectoryAuthority": "https://login.stack.example/",
        "ResourceManagerUrl": "https://arm.stack.example/",
    }
    file.write_text(json.dumps(top))
    ran = empty.ok("import", str(file))
    assert "--with-clouds" in ran.err
    assert empty.names() == ["b"]
    ran = empty.ok("import", str(file), "--with-clouds")
    assert 'the cloud "Stack" is added' in ran.err
    assert empty.names() == ["a", "b"]
    out = empty.ok("env", "a", "--shell", "bash").out
    assert "login.stack.example" in out
    assert "arm.stack.example" in out
    empty.ok("save", str(tmp_path / "y.json"), "--with-clouds")
    saved = json.loads((tmp_path / "y.json").read_text(encoding="utf-8-sig"))
    assert "login.stack.example" in json.dumps(saved["EnvironmentTable"])
    top["EnvironmentTable"]["Stack"]["ActiveDirectoryAuthority"] = "https://evil.example/"
    file.write_text(json.dumps(top))
    assert "stays as it is" in empty.ok("import", str(file), "--with-clouds").err
    assert "evil.example" not in (empty.store / "clouds.json").read_text()


def test_secrets_in_a_file_are_told_and_left(empty: Home, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    top = json.loads(powershell(("a", APP_ROWS[0])))
    extended = top["Contexts"]["a"]["Account"]["ExtendedProperties"]
    extended["ServicePrincipalSecret"] = "hunter2"
    file.write_text(json.dumps(top))
    assert "left them there" in empty.ok("import", str(file)).err
    for path in empty.top.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


def test_a_named_identity_is_not_imported_twice(home: Home) -> None:
    home.ok("set", "--subscription", DEV, "--name", "mine", "--no-select")
    assert counts(home, "az") == (0, 0, 3, 0)
    assert home.names() == ["bank", "dev", "mine", "prod"]


def test_ten_thousand_rows_come_in_within_seconds(empty: Home) -> None:
    empty.sign_in(
        *(row(f"{n:08x}-0000-4000-8000-0", "same", ALICE, CONTOSO) for n in range(10_000))
    )
    assert counts(empty, "az") == (10_000, 0, 0, 0)
    assert len(empty.names()) == 10_000


EVIL = "x\n[AzureCloud]\nendpoint_active_directory = https://evil.test\n"


@pytest.mark.parametrize(
    "found",
    [
        row(EVIL, "Evil", ALICE, CONTOSO),
        row(DEV, "Evil", ALICE, EVIL),
        row("a b", "Evil", ALICE, CONTOSO),
    ],
    ids=["subscription", "tenant", "blank"],
)
def test_what_is_no_id_writes_no_line_into_azs_files(
    empty: Home, tmp_path: Path, found: dict[str, Any]
) -> None:
    """az keeps INI files: a line's end in a value would be another value, such as an address."""
    for text in (powershell(("evil", found)), json.dumps({"subscriptions": [found]})):
        file = tmp_path / "evil.json"
        file.write_text(text)
        said = empty.ok("import", str(file), "--with-clouds").err
        assert "skipped" in said
        assert "or what is no id" in said
        assert empty.names() == []


@pytest.mark.parametrize("where", ["name", "address"])
def test_a_cloud_writes_no_line_into_azs_files(empty: Home, tmp_path: Path, where: str) -> None:
    file = tmp_path / "evil.json"
    found = json.loads(powershell(("dev", row(DEV, "Dev", ALICE, CONTOSO))))
    cloud = {
        "Name": f"Stack\n[{EVIL}]" if where == "name" else "Stack",
        "ActiveDirectoryAuthority": "https://login.stack.test",
        "ResourceManagerUrl": "https://arm.stack.test",
        "ManagementPortalUrl": EVIL if where == "address" else "https://portal.stack.test",
    }
    found["EnvironmentTable"] = {cloud["Name"]: cloud}
    file.write_text(json.dumps(found))
    said = empty.fail("import", str(file), "--with-clouds")
    assert "no plain text" in said
    assert empty.names() == []
    assert not (empty.store / "clouds.json").exists()
    said = empty.fail(
        *("cloud", "add", "x", "--arm-endpoint", "https://arm.stack.test", "--portal", EVIL),
        *("--authority", "https://login.stack.test", "--resource", "https://arm.stack.test"),
        code=2,
    )
    assert "--portal is no address" in said
