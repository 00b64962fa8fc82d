from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.server import Sandbox
from tests.commands.azure import CLOUD, azure, running
from tests.commands.processes import azenv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


@pytest.fixture
def moved(azure: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The same cloud at another address, as after a move, and both trusted."""
    with Sandbox(population=azure.cloud.population) as other:
        both = tmp_path / "both.pem"
        both.write_bytes(Path(azure.ca_file).read_bytes() + Path(other.ca_file).read_bytes())
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both))
        yield other


def names(home: Home) -> list[str]:
    return [one["name"] for one in home.ok("cloud", "list", "-o", "json").data]


def test_what_there_is(azure: Sandbox, empty: Home) -> None:
    found = empty.ok("cloud", "list", "-o", "json").data
    assert {"AzureCloud", "AzureChinaCloud", "AzureUSGovernment"} <= {
        one["name"] for one in found if one["source"] == "built in"
    }
    (ours,) = [one for one in found if one["source"] == "azenv"]
    assert ours["name"] == CLOUD
    assert ours["authority"].startswith(azure.url)
    assert ours["resource_manager"].startswith(azure.url)
    rows = empty.ok("cloud", "list", "-o", "tsv").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == [one["name"] for one in found]
    assert "azenv" in empty.ok("cloud", "list").out


def test_az_s_own_clouds_stay_az_s(azure: Sandbox, empty: Home) -> None:
    text = f"[Stack]\nendpoint_active_directory = {azure.url}\nendpoint_resource_manager = x\n"
    (empty.base / "clouds.config").write_text(text)
    (of_az,) = [c for c in empty.ok("cloud", "list", "-o", "json").data if c["source"] == "az"]
    assert of_az["name"] == "Stack"
    assert "az cloud update --name Stack" in empty.fail("cloud", "set", "stack", "--portal", "x")
    assert "az's" in empty.fail("cloud", "remove", "Stack")
    assert (empty.base / "clouds.config").read_text() == text


@pytest.mark.parametrize("name", ["", "a b", "x/y", "../x", "[x]", "x" * 65, "-x" * 40])
def test_names_that_are_none(azure: Sandbox, empty: Home, name: str) -> None:
    words = ("cloud", "add", "--arm-endpoint", azure.url, "--", name)
    assert "is no name for a cloud" in empty.fail(*words, code=2)


@pytest.mark.parametrize("name", [CLOUD, CLOUD.upper(), "azurecloud"])
def test_a_name_that_is_taken(azure: Sandbox, empty: Home, name: str) -> None:
    assert "there is a cloud" in empty.fail("cloud", "add", name, "--arm-endpoint", azure.url)


def test_without_an_address(empty: Home) -> None:
    assert "where is its ARM?" in empty.fail("cloud", "add", "x", code=2)
    assert 'no cloud "x" is known' in empty.fail("cloud", "remove", "x")


def test_what_is_no_cloud(azure: Sandbox, empty: Home) -> None:
    said = empty.fail("cloud", "add", "page", "--arm-endpoint", f"{azure.url}/devicelogin")
    assert azure.url.removeprefix("https://") in said
    assert names(empty).count("page") == 0


def test_nothing_to_change(azure: Sandbox, empty: Home) -> None:
    assert "nothing to change" in empty.fail("cloud", "set", CLOUD, code=2)
    assert "did you mean local?" in empty.fail("cloud", "set", "locl", "--portal", "https://x")


def test_contexts_see_an_edit(azure: Sandbox, empty: Home, moved: Sandbox) -> None:
    empty.ok(*LOGIN)
    empty.ok("set", "--context", "Contoso Dev", "--exports", "sdk,az-tokens,terraform")
    assert azenv("exec", "Contoso Dev", "true", home=empty).returncode == 0
    context_id = empty.context("Contoso Dev")["id"]
    overlay = empty.root / "az" / context_id / ".azure" / "clouds.config"
    assert azure.url in overlay.read_text()
    assert azure.url in empty.ok("env", "Contoso Dev", "--shell", "bash").out
    empty.ok("cloud", "set", CLOUD, "--arm-endpoint", moved.url)
    shown = empty.ok("env", "Contoso Dev", "--shell", "bash").out
    assert moved.url in shown
    assert azure.url not in shown
    assert moved.url in overlay.read_text()
    assert azure.url not in overlay.read_text()


def test_a_cloud_of_this_session(azure: Sandbox, empty: Home) -> None:
    empty.give_mailbox()
    empty.ok("cloud", "add", "mine", "--arm-endpoint", azure.url, "--scope", "process")
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    assert "mine" in names(empty)
    said = empty.fail("cloud", "remove", "mine", "--scope", "user")
    assert "is not of this scope" in said
    empty.unsetenv("AZENV_SESSION")
    assert "mine" not in names(empty)
    assert "mine" not in json.loads((empty.store / "clouds.json").read_text())["clouds"]


def test_nobody_needs_to_be_asked(empty: Home) -> None:
    typed = (
        "--authority",
        "https://login.stack.example",
        "--resource",
        "https://arm.stack.example/",
    )
    empty.ok("cloud", "add", "stack", "--arm-endpoint", "https://arm.stack.example", *typed)
    (found,) = [c for c in empty.ok("cloud", "list", "-o", "json").data if c["source"] == "azenv"]
    assert found["authority"] == "https://login.stack.example"
    empty.ok("cloud", "set", "stack", "--portal", "https://portal.stack.example")
    empty.ok("cloud", "remove", "STACK")
    assert "stack" not in names(empty)
