"""A home where az has signed in and azenv knows what it left; the command line in this process."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from azenv import cli
from tests.interop.fabricated import ALICE_ROWS, BOB_ROWS, INSTALLATION

if TYPE_CHECKING:
    from pathlib import Path

UNSET = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "AZENV_DEBUG", "AZURE_CONFIG_DIR", "__AZENV_MAIL")


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Home:
    """One throw-away AZENV_HOME, and the commands run in it."""

    def __init__(
        self, top: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.top = top / "home"
        self.base = self.top / ".azure"
        self.root = self.top / "run"
        self.work = top / "work"
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.base.mkdir(parents=True)
        self.work.mkdir()
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AZENV_HOME", str(self.top))
        monkeypatch.setenv("HOME", str(self.top))
        self.cd(self.work)
        rows = [row | {"isDefault": not n} for n, row in enumerate(ALICE_ROWS + BOB_ROWS)]
        text = json.dumps({"installationId": INSTALLATION, "subscriptions": rows})
        (self.base / "azureProfile.json").write_text(text, encoding="utf-8-sig")
        self.ensure("import", "az")
        for name in ("dev", "prod", "bank"):
            self.ensure("rename", f"{name} (", name)

    def cd(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._monkeypatch.chdir(directory)
        self._monkeypatch.setenv("PWD", str(directory))

    def setenv(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(name, value)

    def run(self, *words: str) -> Ran:
        """Run a command line; return its exit status and what it printed."""
        self._capsys.readouterr()
        code = cli.main(words)
        return Ran(code, *self._capsys.readouterr())

    def ensure(self, *words: str) -> Ran:
        """Run a command line that must succeed."""
        done = self.run(*words)
        assert done.code == 0, done.err
        return done

    def id(self, name: str) -> str:
        """Return the id of a context."""
        found: str = json.loads(self.ensure("show", name, "-o", "json").out)["data"]["id"]
        return found

    def give_mailbox(self) -> Path:
        """Act as a shell function would for the next command; return where mail comes."""
        mail = self.root / "mail" / f"{os.getpid()}.1"
        mail.parent.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        mail.unlink(missing_ok=True)
        self.setenv("__AZENV_MAIL", str(mail))
        self.setenv("__AZENV_NONCE", "n0nce")
        self.setenv("__AZENV_SHELL", "bash")
        return mail


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Home:
    return Home(tmp_path, monkeypatch, capsys)
