from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

CALL = (sys.executable, "-m", "azenv", "sandbox")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"AZENV_HOME": str(tmp_path / "azenv"), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*CALL, "--serve", "--tenants", "3", "-o", "json"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def facts(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, "it ended early"
        text += line
    found: dict[str, Any] = json.loads(text)["data"]
    return found


def left(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("azenv-sandbox-*"))


def test_it_serves_until_stdin_is_closed(serving: subprocess.Popen[str], tmp_path: Path) -> None:
    told = facts(serving)
    url = f"{told['url']}/metadata/endpoints"
    assert requests.get(url, verify=told["ca_file"], timeout=10).ok
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=10)
    assert Path(told["environment"]["REQUESTS_CA_BUNDLE"]).stat().st_mode & 0o777 == 0o600
    assert serving.stdin
    serving.stdin.close()
    assert serving.wait(60) == 0
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_interrupted(
    serving: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    facts(serving)
    serving.send_signal(number)
    assert serving.wait(60) != 0
    deadline = time.monotonic() + 30
    while left(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(tmp_path) == []


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = """
        "$1" -m azenv sandbox --serve -o tsv >"$2" &
        for _ in {1..200}; do [[ -s $2 ]] && exit; sleep 0.1; done; exit 1
    """
    environment = os.environ | {"AZENV_HOME": str(tmp_path / "azenv"), "TMPDIR": str(tmp_path)}
    subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, told],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=30,
    )
    deadline = time.monotonic() + 60
    while left(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(tmp_path) == []
    assert "https://127.0.0.1:" in told.read_text()


def test_nothing_to_do() -> None:
    done = subprocess.run(CALL, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert "azenv sandbox --tour, or --serve" in done.stderr


def test_a_tour_needs_no_terminal_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AZENV")}
    done = subprocess.run(
        [*CALL, "--tour"],
        env=environment | {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for line in (
        "~ $ azenv login --no-browser --cloud Sandbox",
        "azenv: signed in: ada@contoso.com (2 tenants, 6 subscriptions)",
        "Contoso Dev",
        "Fabrikam Prod",
        "azenv: signed out: ada@contoso.com",
    ):
        assert line in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_of_yours_in_the_sandbox(shell: str, tmp_path: Path) -> None:
    import pexpect

    home = tmp_path / "home"
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)
    (home / ".zshrc").write_text("PROMPT='ready> '\n")
    (home / ".bashrc").write_text("PS1='ready> '\n")
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("AZENV", "CI"))}
    environment = outside | {"TMPDIR": str(tmp_path), "HOME": str(home), "TERM": "dumb"}
    child = pexpect.spawn(
        sys.executable,
        [*CALL[1:]],
        env=environment | {"SHELL": require_tool(shell)},
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 200),
    )
    child.expect("a shell of yours")
    child.sendline("cd bank")
    child.expect("azenv: bank  Fabrikam Prod")
    child.sendline("cd ../shop")
    child.expect("azenv: shop  Contoso Dev")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    left = {path.name for path in tmp_path.iterdir()}
    assert {name for name in left if not name.startswith("fish.")} == {"home"}  # fish's own
    assert (home / ".bashrc").read_text() == "PS1='ready> '\n"
