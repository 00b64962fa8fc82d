"""A sign-in at a real terminal: what is picked, what is typed and not shown, what is drawn."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Population
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


class Terminal:
    """azenv at a terminal without fzf."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._open: list[pexpect.spawn[str]] = []

    def start(self, *words: str) -> pexpect.spawn[str]:
        program, *rest = command(*words)
        environ = os.environ | {"AZENV_HOME": str(self._home.top), "TERM": "xterm-256color"}
        environ["PATH"] = os.path.dirname(sys.executable)  # noqa: PTH120
        shown = pexpect.spawn(
            program, rest, env=environ, encoding="utf-8", timeout=30, dimensions=(40, 120)
        )
        self._open.append(shown)
        return shown

    @staticmethod
    def end(shown: pexpect.spawn[str]) -> tuple[int | None, str]:
        shown.expect(pexpect.EOF)
        shown.close()
        return shown.exitstatus, shown.before or ""

    def close(self) -> None:
        for shown in self._open:
            shown.close(force=True)


@pytest.fixture
def terminal(empty: Home) -> Iterator[Terminal]:
    made = Terminal(empty)
    yield made
    made.close()


DOWN, ENTER, CTRL_C = "\x1b[B", "\r", "\x03"


def test_one_of_several_subscriptions_is_picked(
    azure: Sandbox, empty: Home, terminal: Terminal
) -> None:
    shown = terminal.start(*LOGIN, "--default")
    shown.expect_exact("subscription")
    shown.expect_exact("Fabrikam Test")  # the last line is drawn: keys are read now
    shown.send(DOWN)
    shown.send(ENTER)
    status, said = terminal.end(shown)
    assert status == 0, said
    assert f"signed in: {ADA}" in said
    assert "Contoso Prod" in empty.ok("show").out


def test_ctrl_c_at_the_choice_leaves_nothing(
    azure: Sandbox, empty: Home, terminal: Terminal
) -> None:
    shown = terminal.start(*LOGIN)
    shown.expect_exact("Fabrikam Test")
    shown.send(CTRL_C)
    status, _ = terminal.end(shown)
    assert status in (1, 130)
    assert empty.names() == []
    assert not (empty.store / "tokens.bin").exists()


def test_a_secret_is_typed_and_not_shown(azure: Sandbox, empty: Home, terminal: Terminal) -> None:
    one = next(iter(azure.cloud.population.applications.values()))
    who = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    shown = terminal.start("login", "--service-principal", *who, "--subscription", "Contoso Dev")
    shown.expect_exact(f"secret of {one.client_id}: ")
    shown.waitnoecho()
    shown.sendline(one.secrets[0])
    status, said = terminal.end(shown)
    assert status == 0, said
    assert one.secrets[0] not in said


def test_the_progress_is_drawn_and_taken_away(
    azure: Sandbox, empty: Home, terminal: Terminal
) -> None:
    azure.cloud.population = Population.generate(tenants=12, subscriptions=1)
    azure.cloud.latency_ms = 60
    shown = terminal.start(*LOGIN, "--subscription", "Contoso Dev")
    shown.expect_exact("azenv: tenants")
    shown.expect(r"\d+/12")
    status, said = terminal.end(shown)
    assert status == 0, said
    assert "(12 tenants, 12 subscriptions)" in said


def test_several_tenants_that_wait_are_walked_through(
    azure: Sandbox, empty: Home, terminal: Terminal
) -> None:
    azure.cloud.population = Population.generate(tenants=4, subscriptions=1)
    for tenant in list(azure.cloud.population.tenants)[1:]:
        azure.cloud.faults.add(Fault("mfa", tenant=tenant))
    shown = terminal.start(*LOGIN, "--subscription", "Contoso Dev")
    status, said = terminal.end(shown)
    assert status == 0, said
    assert said.count("is left out: ") == 3
    assert "azenv login --pending" in said
    assert len(empty.names()) == 1
    planned = empty.ok("login", "--pending", "--dry-run").err
    assert planned.count("would sign in to") == 3
    # one of them stays closed: the others come in all the same
    closed = list(azure.cloud.population.tenants)[2]
    azure.cloud.faults.add(Fault("blocked", tenant=closed))
    shown = terminal.start("login", "--pending", "--no-browser")
    status, said = terminal.end(shown)
    assert status == 4, said
    assert "1 of 3 tenants still want a sign-in" in said
    assert "--broker" in said
    assert len(empty.names()) == 3
    azure.cloud.faults.clear()
    shown = terminal.start("login", "--pending", "--no-browser")
    status, said = terminal.end(shown)
    assert status == 0, said
    assert len(empty.names()) == 4
    assert "no tenant waits for a sign-in" in empty.ok("login", "--pending").err
