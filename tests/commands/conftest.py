"""A throw-away home, az signed in or not, and the command line run in this process."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from azenv import cli
from tests.interop.fabricated import ALICE_ROWS, BOB_ROWS, INSTALLATION

if TYPE_CHECKING:
    from pathlib import Path

# What a developer's own shell may have set, and must not reach a test.
_OURS = ("AZENV_", "__AZENV_", "AZURE_", "ARM_")
_CI = ("CI", "TF_BUILD", "GITHUB_ACTIONS")
NASTY = "it's \\prod;x$(id)\u2018\u2019%F{red}"  # PowerShell takes both for quotes


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401  JSON
        return json.loads(self.out)["data"]


class Home:
    """One AZENV_HOME. az is signed in as Alice (dev, prod) and Bob (bank) after `sign_in()`."""

    def __init__(
        self, top: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.top = top / "home"
        self.base = self.top / ".azure"
        self.store = self.base / "azenv"
        self.root = self.top / "run"
        self.work = top / "work"
        self.mail = self.root / "mail" / f"{os.getpid()}.1"
        self._patch, self._capsys = patch, capsys
        self.work.mkdir()
        self.top.mkdir()
        self.setenv("AZENV_HOME", str(self.top))
        self.setenv("HOME", str(self.top))
        self.cd(self.work)

    def setenv(self, name: str, value: str) -> None:
        self._patch.setenv(name, value)

    def unsetenv(self, name: str) -> None:
        self._patch.delenv(name, raising=False)

    def cd(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._patch.chdir(directory)
        self.setenv("PWD", str(directory))

    def type(self, text: str) -> None:
        """Let the next command read this from stdin."""
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    def sign_in(self, *rows: dict[str, Any]) -> None:
        """Write az's profile; the first row is the default where none says so."""
        kept = [dict(row) for row in rows or (*ALICE_ROWS, *BOB_ROWS)]
        if not any(row["isDefault"] for row in kept):
            kept[0]["isDefault"] = True
        self.base.mkdir(exist_ok=True)
        text = json.dumps({"installationId": INSTALLATION, "subscriptions": kept})
        (self.base / "azureProfile.json").write_text(text, encoding="utf-8-sig")

    def with_contexts(self) -> Home:
        """Sign in and import: dev (az's default), prod, bank."""
        self.sign_in()
        self.ok("import", "az")
        for name in ("dev", "prod", "bank"):
            self.ok("rename", f"{name} (", name)
        return self

    def run(self, *words: str) -> Ran:
        self._capsys.readouterr()
        code = cli.main(words)
        return Ran(code, *self._capsys.readouterr())

    def ok(self, *words: str) -> Ran:
        """Run a command line that must succeed."""
        ran = self.run(*words)
        assert ran.code == 0, ran.err
        return ran

    def fail(self, *words: str, code: int = 1) -> str:
        """Run a command line that must fail with `code`; return what it said."""
        ran = self.run(*words)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.err.startswith("azenv: error: "), ran.err
        assert ran.err.count("azenv: error: ") == 1
        return ran.err

    def names(self) -> list[str]:
        return [context["name"] for context in self.ok("list", "-o", "json").data]

    def context(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("show", name, "-o", "json").data
        return found

    def give_mailbox(self) -> None:
        """Act as a shell with the integration for the commands that follow."""
        self.mail.parent.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        self.mail.unlink(missing_ok=True)
        self.setenv("__AZENV_MAIL", str(self.mail))
        self.setenv("__AZENV_NONCE", "n0nce")
        self.setenv("__AZENV_SHELL", "bash")

    def letter(self) -> list[str]:
        """Return the fields of the mail that came, and take it away."""
        fields = self.mail.read_text().split("\x1f")
        self.mail.unlink()
        return fields

    def choose(self, name: str) -> None:
        """Put the shell's choice into the environment, as its hook does."""
        self.setenv("__AZENV_CHOICE", self.context(name)["id"])


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_OURS) or name in _CI:
            monkeypatch.delenv(name)


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Home:
    """Return a home in which nobody ever signed in."""
    return Home(tmp_path, monkeypatch, capsys)


@pytest.fixture
def home(empty: Home) -> Home:
    """Return a home with the contexts dev (the default), prod and bank."""
    return empty.with_contexts()


@pytest.fixture
def nasty_name() -> str:
    return NASTY
