"""The plain forms, read without click, do what the command line does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenv import boundary, cli, plain
from tests.commands.processes import azenv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.commands.conftest import Home

VERBS = st.sampled_from(("use", "select", "list", "ls"))
OPERANDS = ("dev", "PROD", "ban", "b?n*", "nope", "", "-", "none", "dev ")
OPTIONS = (
    "--follow",
    "--none",
    "-y",
    "--yes",
    "--",
    "--for",
    "30m",
    "-o",
    "tsv",
    "--tenant",
    "-yo",
)
WORDS = st.lists(st.sampled_from((*OPERANDS, *OPTIONS)), max_size=3)


class Did(NamedTuple):
    status: int
    out: str
    err: str
    mail: list[str]


class Watched:
    """A home in which every overlay is made, and what a call did there."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys
        for name in ("dev", "prod", "bank"):
            home.give_mailbox()
            home.ok("use", name)
        home.setenv("__AZENV_CHOICE", home.context("dev")["id"])
        home.setenv("__AZENV_PREVIOUS", home.context("prod")["id"])

    def call(self, action: Callable[[], int]) -> Did:
        self.home.give_mailbox()
        self._capsys.readouterr()
        status = action()
        said = self._capsys.readouterr()
        return Did(status, *said, self.home.letter() if self.home.mail.exists() else [])

    def compare(self, words: Sequence[str]) -> None:
        """Hold a plain form against the command line; one that is not plain is not ours."""
        if action := plain.action(words):
            assert self.call(lambda: boundary.run(action)) == self.call(lambda: cli.main(words))


@pytest.fixture
def watched(home: Home, capsys: pytest.CaptureFixture[str]) -> Watched:
    return Watched(home, capsys)


@given(VERBS, WORDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_do_what_the_command_line_does(watched: Watched, verb: str, words: list[str]) -> None:
    watched.compare([verb, *words])


@pytest.mark.parametrize("words", [["--follow"], ["--none"], ["-"], ["prod"], ["-y", "prod"]])
def test_of_use_are_plain(words: list[str]) -> None:
    assert plain.action(["use", *words])


@pytest.mark.parametrize(
    "words",
    [
        ["use"],
        ["use", "-y"],
        ["use", "prod", "-o", "json"],
        ["use", "--", "-x"],
        ["list", "--help"],
    ],
)
def test_are_no_others(words: list[str]) -> None:
    assert plain.action(words) is None


def test_a_protected_context_is_asked_about(home: Home) -> None:
    home.ok("set", "--context", "prod", "--protected", "--no-select")
    home.give_mailbox()
    done = azenv("use", "prod", home=home)
    assert (done.returncode, "--yes" in done.stderr, home.mail.exists()) == (2, True, False)
    assert azenv("use", "prod", "-y", home=home).returncode == 0
    assert home.letter()[2] == home.context("prod")["id"]


def test_errors_have_their_exit_codes(home: Home) -> None:
    assert azenv("use", "prod", home=home).returncode == 2
    home.give_mailbox()
    done = azenv("use", "nope", home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('azenv: error: context "nope" not found\nazenv: hint: ')


def test_a_stale_overlay_is_made_fresh(home: Home) -> None:
    home.give_mailbox()
    assert azenv("use", "prod", home=home).returncode == 0
    overlay = home.root / "az" / home.letter()[2] / ".azure"
    (overlay / "azureProfile.json").write_text("{}")
    assert azenv("use", "prod", home=home).returncode == 0
    assert '"prod"' in (overlay / "azureProfile.json").read_text("utf-8-sig")


def test_completion_by_click_still_works(home: Home) -> None:
    home.setenv("_AZENV_COMPLETE", "bash_source")
    assert "_AZENV_COMPLETE" in azenv("use", "prod", home=home).stdout
