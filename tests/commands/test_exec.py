from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from azenv.core import delta, variables
from tests.commands.processes import azenv
from tests.interop.fabricated import BANK, DEV, PROD

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.commands.conftest import Home

SHOW = (sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))")


def environ(home: Home, *words: str) -> dict[str, str]:
    import json

    done = azenv("exec", *words, *SHOW, home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def run(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return azenv("exec", *words, home=home)


def test_the_command_has_the_contexts_environment(home: Home) -> None:
    found = environ(home, "prod")
    assert found["ARM_SUBSCRIPTION_ID"] == found["AZURE_SUBSCRIPTION_ID"] == PROD
    assert found["AZENV_CONTEXT"] == "prod"
    assert found["__AZENV_CHOICE"] == home.context("prod")["id"]
    overlay = home.root / "az" / home.context("prod")["id"] / ".azure"
    assert found["AZURE_CONFIG_DIR"] == str(overlay)
    assert PROD in (overlay / "azureProfile.json").read_text(encoding="utf-8-sig")


def test_leftovers_of_another_identity_are_gone(home: Home) -> None:
    home.setenv("ARM_CLIENT_SECRET", "s3cr3t")
    home.setenv("AZURE_TENANT_ID", "mine")
    found = environ(home, "prod")
    assert "ARM_CLIENT_SECRET" not in found
    assert "s3cr3t" not in found.values()
    assert "s3cr3t" not in found[delta.UNDO]
    assert found["AZURE_TENANT_ID"] == "mine"


def test_a_context_inside_another_replaces_it(home: Home) -> None:
    home.setenv("ARM_TENANT_ID", "users-own")
    for name, value in environ(home, "prod").items():
        home.setenv(name, value)
    found = environ(home, "bank")
    assert found["ARM_SUBSCRIPTION_ID"] == BANK
    assert delta.leave(found)["ARM_TENANT_ID"] == "users-own"


def test_nothing_of_the_shells_mailbox_reaches_the_command(home: Home) -> None:
    home.give_mailbox()
    assert not {"__AZENV_MAIL", "__AZENV_NONCE", "__AZENV_SHELL"} & environ(home, "dev").keys()


@pytest.mark.parametrize("words", [["dev"], ["dev", "--"], ["--", "dev"], ["--", "dev", "--"]])
def test_two_dashes_are_optional(home: Home, words: list[str]) -> None:
    done = run(home, *words, "echo", "-n", "--help", "--", "-o", "json")
    assert done.stdout == "--help -- -o json"


def test_here_is_what_is_in_force(home: Home) -> None:
    assert environ(home, "--here")["ARM_SUBSCRIPTION_ID"] == DEV
    home.ok("pin", "bank")
    assert environ(home, "--here", "--")["ARM_SUBSCRIPTION_ID"] == BANK
    home.choose("prod")
    assert environ(home, "--here")["ARM_SUBSCRIPTION_ID"] == PROD


def test_here_runs_nothing_where_something_blocks(home: Home) -> None:
    (home.work / ".azenv.toml").write_text('context = "prod"\n')
    done = run(home, "--here", "touch", "ran")
    assert done.returncode == 5
    home.setenv("__AZENV_CHOICE", "none")
    assert run(home, "--here", "touch", "ran").returncode == 1
    assert not (home.work / "ran").exists()


def test_here_with_nothing_in_force_is_an_error(empty: Home) -> None:
    assert "azenv import az" in empty.fail("exec", "--here", "true")


def test_the_status_is_the_commands(home: Home) -> None:
    assert run(home, "dev", "sh", "-c", "exit 42").returncode == 42
    assert run(home, "dev", "sh", "-c", "kill -9 $$").returncode == -9


def test_not_found_and_not_executable_are_as_in_shells(home: Home) -> None:
    done = run(home, "dev", "no-such-command-here")
    assert done.returncode == 127
    assert 'command not found: "no-such-command-here"' in done.stderr
    script = home.work / "script"
    script.write_text("#!/bin/sh\n")
    assert run(home, "dev", str(script)).returncode == 126
    assert run(home, "dev", str(home.work)).returncode == 126
    assert run(home, "dev", str(script / "x")).returncode == 127


@pytest.mark.parametrize(
    "words", [[], ["dev"], ["--here"], ["dev", "--"], ["--nonsense", "dev", "x"]]
)
def test_without_a_command_it_is_a_usage_error(home: Home, words: list[str]) -> None:
    assert home.run("exec", *words).code == 2


def test_an_unknown_context_runs_nothing(home: Home) -> None:
    done = run(home, "prdo", "touch", "ran")
    assert done.returncode == 1
    assert '"prod"' in done.stderr
    assert not (home.work / "ran").exists()


def test_a_protected_context_needs_yes_without_a_terminal(home: Home) -> None:
    home.ok("set", "--context", "prod", "--protected")
    done = run(home, "prod", "touch", "ran")
    assert (done.returncode, (home.work / "ran").exists()) == (2, False)
    assert "--yes" in done.stderr
    assert environ(home, "--yes", "prod")["AZENV_PROTECTED"] == "1"


def test_a_broken_pipe_ends_the_command_as_ever(home: Home) -> None:
    done = run(home, "dev", "grep", "SigIgn", "/proc/self/status")
    ignored = int(done.stdout.split()[1], 16)
    assert not ignored >> (signal.SIGPIPE - 1) & 1


def test_stdin_goes_to_the_command(home: Home) -> None:
    done = azenv("exec", "dev", "cat", home=home, typed="hello")
    assert done.stdout == "hello"


def test_every_variable_of_the_table_is_set_or_gone(home: Home, tmp_path: Path) -> None:
    for name in variables.NAMES:
        home.setenv(name, f"before {name}")
    found = environ(home, "prod")
    for name in variables.UNSETTABLE:
        assert name not in found
    restored = dict(found)
    for name, value in delta.leave(found).items():
        restored.pop(name, None)
        if value is not None:
            restored[name] = value
    for name in variables.NAMES:
        expected = None if name in variables.SECRET else f"before {name}"
        assert restored.get(name) == expected, name


def test_a_nasty_name_runs_nothing_else(home: Home, nasty_name: str) -> None:
    home.ok("rename", "prod", nasty_name)
    assert environ(home, nasty_name)["ARM_SUBSCRIPTION_ID"] == PROD
    assert list(home.work.iterdir()) == []
