"""init: what is printed, and what --install and --remove do to an rc file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv import dialects, integration
from azenv.core.variables import LAYOUT, NAMES
from azenv.store import paths

if TYPE_CHECKING:
    from tests.activation.conftest import Home

SHELLS = dialects.SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_init_is_facts_then_the_file_byte_for_byte(home: Home, shell: str) -> None:
    text = integration.init_text(shell, paths.locate(os.environ))
    assert integration.shell_file(shell) in text
    prologue = text.partition(integration.shell_file(shell))[0]
    assert LAYOUT in prologue
    assert sys.executable in prologue


@pytest.mark.parametrize("shell", SHELLS)
def test_no_azure_name_stands_in_a_shell_file(shell: str) -> None:
    code = [line for line in integration.shell_file(shell).splitlines() if "#" not in line]
    azure = [name for name in NAMES if not name.startswith("AZENV_")]
    assert [line for line in code if any(name in line for name in azure)] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_install_adds_one_line_and_remove_takes_it_away(home: Home, shell: str) -> None:
    rc = home.top / integration.rc_file(shell, os.environ)
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("# mine, without a line end")
    rc.chmod(0o640)
    home.ensure("init", shell, "--install", "--yes")
    lines = rc.read_text().splitlines()
    assert lines[0] == "# mine, without a line end"
    assert len(lines) == 2
    assert rc.stat().st_mode & 0o777 == 0o640
    hook = home.top / "state" / f"init.{dialects.EXTENSIONS[shell]}"
    assert hook.stat().st_mode & 0o777 == 0o600
    again = home.ensure("init", shell, "--install", "--yes")
    assert "already" in again.err
    assert rc.read_text().splitlines() == lines
    home.ensure("init", shell, "--remove", "--yes")
    assert rc.read_text() == "# mine, without a line end\n"
    assert not hook.exists()


def test_install_shows_the_diff_and_does_nothing_without_a_yes(home: Home) -> None:
    done = home.run("init", "bash", "--install")
    assert done.code == 2
    assert "--yes" in done.err
    assert "+if [ -f" in done.err
    assert not (home.top / ".bashrc").exists()


def test_a_linked_rc_file_stays_a_link(home: Home) -> None:
    (home.work / "dotfiles").write_text("x\n")
    (home.top / ".bashrc").symlink_to(home.work / "dotfiles")
    home.ensure("init", "bash", "--install", "--yes")
    assert (home.top / ".bashrc").is_symlink()
    assert len((home.work / "dotfiles").read_text().splitlines()) == 2


def test_an_installed_file_of_an_older_azenv_is_renewed(home: Home) -> None:
    home.ensure("init", "bash", "--install", "--yes")
    hook = home.top / "state" / "init.bash"
    new = hook.read_bytes()
    hook.write_text("# an older azenv\n")
    assert integration.renew(paths.locate(os.environ)) == [str(hook)]
    assert hook.read_bytes() == new
    assert integration.renew(paths.locate(os.environ)) == []


def test_unknown_shells_are_refused(home: Home) -> None:
    done = home.run("init", "tcsh")
    assert (done.code, "bash, zsh, fish, powershell" in done.err) == (2, True)


def test_the_shell_is_detected(home: Home) -> None:
    home.setenv("__AZENV_SHELL", "fish")
    assert integration.detect(os.environ) == "fish"
    assert dialects.canonical("pwsh.exe") == "powershell"


def test_the_calling_shell_is_seen_in_the_process_tree(home: Home) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m azenv init; true"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=dict(os.environ) | {"PYTHONPATH": str(Path.cwd())},
        cwd=home.work,
    )
    assert integration.shell_file("bash") in done.stdout, done.stderr
