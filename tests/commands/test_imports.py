"""What a start of azenv imports: half of its time, and more than half of a prompt's patience."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.commands.processes import azenv

if TYPE_CHECKING:
    from tests.commands.conftest import Home

HEAVY = {
    *("cryptography", "dataclasses", "email", "http", "importlib.metadata", "inspect", "json"),
    *("logging", "msal", "pathlib", "platformdirs", "questionary", "re", "requests", "rich"),
    *("shellingham", "ssl", "subprocess", "tomlkit", "tomllib", "typing", "urllib", "click"),
}
HOOK = {
    *(
        "azenv",
        "azenv.__main__",
        "azenv.hook",
        "azenv.core",
        "azenv.core.errors",
        "azenv.core.names",
    ),
    *("azenv.core.variables", "azenv.store", "azenv.store.files", "azenv.store.locks"),
    *("azenv.store.paths", "azenv.store.pins", "azenv.store.records", "azenv.activation"),
    *("azenv.activation.undecided", "__future__", "fcntl"),
}


def imported(stderr: str) -> set[str]:
    lines = [line for line in stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.fixture(scope="session")
def bare() -> set[str]:
    """Return what Python itself imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-I", "-c", "pass"],
        capture_output=True,
        text=True,
        check=True,
    )
    return imported(done.stderr)


def modules(home: Home, *words: str) -> set[str]:
    return imported(azenv(*words, home=home, options=("-X", "importtime")).stderr)


def test_an_untrusted_pin_costs_next_to_nothing(home: Home, bare: set[str]) -> None:
    pin = home.work / ".azenv.toml"
    pin.write_text('context = "prod"\n')
    home.give_mailbox()
    found = modules(home, "hook", "pin", str(home.root), str(pin), "bash")
    assert "azenv.store.records" in found
    assert found - bare <= HOOK


@pytest.mark.parametrize(
    "words", [["root", "bash"], ["end", "{root}", "99"], ["undo", "{root}"], ["nonsense", "x"]]
)
def test_no_call_of_a_shell_imports_what_is_heavy(
    home: Home, bare: set[str], words: list[str]
) -> None:
    found = modules(home, "hook", *(word.format(root=home.root) for word in words))
    assert "azenv.hook" in found
    assert not (found - bare) & HEAVY


def test_the_version_imports_nothing(home: Home, bare: set[str]) -> None:
    assert modules(home, "--version") - bare <= {"azenv", "azenv.__main__", "__future__"}


def test_list_reads_records_and_draws_with_nothing(home: Home, bare: set[str]) -> None:
    home.ok("list")
    found = modules(home, "list") - bare
    assert "azenv.activation.glance" in found
    assert not {name.split(".")[0] for name in found} & {
        *("rich", "msal", "tomlkit", "platformdirs", "questionary", "shellingham", "cryptography")
    }
    assert not found & {"json", "azenv.store.contexts", "azenv.interop.azprofile"}


def test_help_imports_no_verb(home: Home) -> None:
    found = modules(home, "--help")
    assert not {name for name in found if name.startswith("azenv.commands.")}


def test_nothing_is_imported_from_where_azenv_is_called(home: Home) -> None:
    for name in ("json", "click", "os", "re", "azenv", "tomllib", "sitecustomize"):
        (home.work / f"{name}.py").write_text("print('pwned')")
    home.setenv("PYTHONPATH", ":" + str(home.work))
    for words in (["list"], ["--version"], ["hook", "root", "bash"], ["import", "az"]):
        done = azenv(*words, home=home)
        assert (done.returncode, "pwned" in done.stdout) == (0, False)
