from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home, Ran


def found(ran: Ran) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = ran.data["findings"]
    return findings


def of(home: Home, check: str, *words: str, code: int | None = None) -> list[dict[str, Any]]:
    ran = home.run("doctor", "-o", "json", *words)
    if code is not None:
        assert ran.code == code, ran
    return [finding for finding in found(ran) if finding["check"] == check]


def levels(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["level"] for finding in findings if not finding["repaired"]}


def test_a_healthy_home_passes(home: Home) -> None:
    ran = home.ok("doctor")
    assert "fail" not in ran.out
    assert {line.split()[0] for line in ran.out.splitlines()} <= {"ok", "warn", "hint:"}
    assert home.ok("doctor", "-o", "tsv").out.startswith("ok\t")


def test_an_empty_home_passes_and_nothing_is_made(empty: Home) -> None:
    assert "az login" in empty.ok("doctor").out
    assert not empty.base.exists()


def test_json_keys_are_pinned(home: Home) -> None:
    top = json.loads(home.ok("doctor", "-o", "json").out)
    assert (top["version"], top["kind"], list(top["data"])) == (
        1,
        "doctor",
        ["healthy", "findings"],
    )
    assert list(top["data"]["findings"][0]) == ["level", "check", "message", "hint", "repaired"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 1}', "\0\0", "[" * 9999])
def test_a_damaged_store_is_refused_and_its_backup_restored(home: Home, damage: str) -> None:
    home.ok("rename", "prod", "live")
    store = home.store / "contexts.json"
    store.write_text(damage)
    for words in (
        ["show", "dev"],
        ["rename", "dev", "x"],
        ["import", "az"],
        ["list", "-o", "json"],
    ):
        said = home.fail(*words)
        assert str(store) in said
        assert "azenv doctor --repair" in said
    assert store.read_text() == damage, "never overwritten"
    assert levels(of(home, "contexts", code=1)) == {"fail"}
    assert store.read_text() == damage
    assert of(home, "contexts", "--repair", code=0)[0]["repaired"]
    assert (home.store / "contexts.json.damaged").read_text() == damage
    assert home.names() == ["bank", "dev", "prod"], "as before the last change"
    home.ok("rename", "prod", "live")
    home.ok("doctor")


def test_the_store_of_a_newer_azenv_is_left_alone(home: Home) -> None:
    store = home.store / "contexts.json"
    newer = '{"schema": 2, "contexts": []}'
    store.write_text(newer)
    assert "upgrade azenv" in home.fail("rename", "dev", "x")
    assert "upgrade azenv" in of(home, "contexts", "--repair", code=1)[0]["hint"]
    assert store.read_text() == newer


def test_without_a_good_backup_nothing_is_touched(home: Home) -> None:
    store = home.store / "contexts.json"
    store.write_text("{")
    (home.store / "contexts.json.bak").write_text("{")
    findings = of(home, "contexts", "--repair", code=1)
    assert levels(findings) == {"fail"}
    assert "the backup is damaged, too" in findings[0]["message"]
    assert store.read_text() == "{"
    (home.store / "contexts.json.bak").unlink()
    assert "mv " in of(home, "contexts", "--repair", code=1)[0]["hint"]


def test_damaged_trust_is_restored(home: Home) -> None:
    home.ok("pin", "prod")
    home.ok("pin", "bank")
    (home.store / "trust.json").write_text("{")
    assert levels(of(home, "trust", code=1)) == {"fail"}
    assert of(home, "trust", "--repair")[0]["repaired"]
    assert home.run("show").code == 5, "the backup knows the earlier content only"
    home.ok("allow")


def test_azs_torn_profile_comes_back_from_the_backup(home: Home) -> None:
    profile = home.base / "azureProfile.json"
    profile.write_text('{"subscriptions": [')
    assert "az login" in of(home, "az", code=1)[0]["hint"]
    home.sign_in()
    home.ok("use", "prod", "--scope", "user")
    profile.write_text('{"subscriptions": [')
    assert of(home, "az", "--repair", code=0)[0]["repaired"]
    assert len(json.loads(profile.read_text(encoding="utf-8-sig"))["subscriptions"]) == 3


@pytest.mark.parametrize(
    ("name", "mode", "level"),
    [
        ("contexts.json", 0o644, "warn"),
        ("contexts.json", 0o666, "fail"),
        ("", 0o755, "warn"),
        ("", 0o777, "fail"),
    ],
)
def test_wrong_modes_are_told_and_repaired(home: Home, name: str, mode: int, level: str) -> None:
    path = home.store / name
    path.chmod(mode)
    assert levels(of(home, "files")) == {level}
    path.chmod(mode)
    assert of(home, "files", "--repair", code=0)[0]["repaired"]
    assert path.stat().st_mode & 0o077 == 0
    assert home.names() == ["bank", "dev", "prod"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["contexts.json", "", "../azureProfile.json"])
def test_another_users_file_is_told(home: Home, name: str) -> None:
    os.chown(home.store / name, 12345, -1)
    findings = of(home, "files", "--repair", code=1)
    assert levels(findings) == {"fail"}
    assert "sudo chown" in findings[0]["hint"]


@pytest.mark.parametrize("name", ["contexts.json", "trust.json", "lock"])
def test_a_link_in_the_store_is_told(home: Home, tmp_path: Path, name: str) -> None:
    path = home.store / name
    if path.exists():
        path.rename(tmp_path / name)
    path.symlink_to(tmp_path / name)
    assert "fail" in levels(of(home, "files", code=1))


def test_records_that_differ_are_made_again(home: Home) -> None:
    (records,) = (home.top / "state").iterdir()
    for path in (records / "index", records / "contexts" / home.context("dev")["id"]):
        path.unlink()
        assert levels(of(home, "records", code=1)) == {"fail"}
        assert of(home, "records", "--repair", code=0)[0]["repaired"]
        assert path.exists()
    (records / "dirty").touch()
    (records / "contexts" / "0123456789abcdef").touch()
    assert of(home, "records", "--repair", code=0)[0]["repaired"]
    assert not (records / "contexts" / "0123456789abcdef").exists()
    assert levels(of(home, "records", code=0)) == {"ok"}


def test_what_is_gone_is_swept(home: Home) -> None:
    home.ok("env", "dev", "--shell", "bash")
    (home.root / "az" / "0123456789abcdef" / ".azure").mkdir(parents=True)
    (home.store / ".contexts.json.4194303.0123abcd").touch()
    assert levels(of(home, "runtime", code=0)) == {"warn"}
    assert "temporary" in of(home, "files")[0]["message"] + of(home, "files")[-1]["message"]
    home.ok("doctor", "--repair")
    assert not (home.root / "az" / "0123456789abcdef").exists()
    assert (home.root / "az" / home.context("dev")["id"]).exists()
    assert not (home.store / ".contexts.json.4194303.0123abcd").exists()


def rc(home: Home, text: str) -> None:
    home.setenv("__AZENV_SHELL", "bash")
    (home.top / ".bashrc").write_text(text)


def test_the_hook_must_be_installed_and_come_last(home: Home) -> None:
    rc(home, "# eval $(azenv init bash)\n")
    assert levels(of(home, "hook")) == {"warn"}
    home.ok("init", "bash", "--install", "--yes")
    assert "start a new shell" in of(home, "hook")[0]["hint"]
    home.give_mailbox()
    assert levels(of(home, "hook")) == {"ok"}
    with (home.top / ".bashrc").open("a") as file:
        file.write('eval "$(direnv hook bash)"\neval "$(mise activate bash)"\n')
    findings = of(home, "hook", code=1)
    assert levels(findings) == {"fail"}
    assert "direnv (line" in findings[0]["message"]
    assert "mise (line" in findings[0]["message"]
    home.ok("init", "bash", "--install", "--yes")
    assert levels(of(home, "hook")) == {"ok"}


def test_an_old_hook_file_is_renewed(home: Home) -> None:
    rc(home, "")
    home.ok("init", "bash", "--install", "--yes")
    (home.top / "state" / "init.bash").write_text("old")
    home.ok("doctor", "--repair")
    assert (home.top / "state" / "init.bash").read_text() != "old"


def test_a_projects_own_az_config_is_told(home: Home) -> None:
    project = home.work / ".azure"
    project.mkdir()
    (project / "config").write_text("[defaults]\ngroup = evil-rg\n")
    home.cd(home.work / "below")
    (finding,) = of(home, "place", code=0)
    assert "defaults.group" in finding["message"]
    assert str(project / "config") in finding["message"]


def test_azs_own_directory_above_is_no_project(home: Home) -> None:
    (home.base / "config").write_text("[defaults]\ngroup = mine\n")
    home.cd(home.top / "src")
    assert of(home, "place") == []


def test_an_inherited_config_dir_is_told(home: Home, tmp_path: Path) -> None:
    home.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    assert levels(of(home, "variables", code=0)) == {"warn"}
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, -1)
        assert levels(of(home, "variables", code=1)) == {"fail"}


def test_what_contradicts_the_context_is_told(home: Home) -> None:
    from azenv.activation.environment import applied, changes_to
    from azenv.activation.place import Place

    place = Place(dict(os.environ))
    for name, value in applied({}, changes_to(place, home.context("prod")["id"])).items():
        home.setenv(name, value)
    assert levels(of(home, "variables")) == {"ok"}
    home.setenv("ARM_CLIENT_ID", "an-envrc-set-this")
    home.setenv("ARM_SUBSCRIPTION_ID", "and-this")
    said = " ".join(finding["message"] for finding in of(home, "variables", code=0))
    assert "ARM_CLIENT_ID" in said
    assert "ARM_SUBSCRIPTION_ID" in said
