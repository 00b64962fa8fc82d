"""`azenv login` in a real Chromium: Entra ID's form, and the page that azenv ends on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import PASSWORD
from azenv.sandbox.signin import CODE
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import azenv
from tests.sandbox.chromium import Chromium, at_the_desk, program

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

ANSWERS = {"username": ADA, "password": PASSWORD, "otc": CODE}


@pytest.fixture(scope="module")
def chromium(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(running, tmp_path_factory.mktemp("chromium")) as started:
        yield started


class Desk:
    """A person before a browser, which azenv opens."""

    def __init__(self, home: Home, chromium: Chromium, directory: Path) -> None:
        self._home = home
        self._chromium = chromium
        self._program, self._notes = program(directory)
        chromium.seen.clear()

    def login(self, *words: str, **answers: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"BROWSER": str(self._program)}
        with at_the_desk(self._chromium, self._notes, ANSWERS | answers):
            return azenv("login", "--cloud", CLOUD, *words, home=self._home, environ=environ)

    @property
    def addresses(self) -> list[str]:
        return self._notes.read_text().splitlines()


@pytest.fixture
def desk(azure: Sandbox, empty: Home, chromium: Chromium, tmp_path: Path) -> Desk:
    azure.cloud.auto_user = ""  # a form, and somebody to fill it in
    return Desk(empty, chromium, tmp_path)


def test_password_second_factor_and_consent(
    azure: Sandbox, empty: Home, chromium: Chromium, desk: Desk
) -> None:
    azure.cloud.faults.add(Fault("mfa"))
    azure.cloud.faults.add(Fault("consent"))
    done = desk.login()
    assert done.returncode == 0, done.stderr
    assert "sign in in the browser that opens" in done.stderr
    assert f"signed in: {ADA}" in done.stderr
    assert chromium.seen[:3] == ["Sign in", "Prove that it is you", "Permissions requested"]
    assert chromium.title() == "You are signed in"
    assert "azenv goes on in your terminal." in chromium.text()
    assert not chromium.script("return document.documentElement.scrollWidth > innerWidth")
    (address,) = desk.addresses
    assert "code_challenge_method=S256" in address
    assert "prompt=select_account" in address
    assert empty.ok("token", "--context", "Contoso Dev").out.startswith("ey")


def test_a_user_who_is_named_is_asked_for_the_password_only(
    empty: Home, chromium: Chromium, desk: Desk
) -> None:
    done = desk.login("--username", ADA)
    assert done.returncode == 0, done.stderr
    (address,) = desk.addresses
    assert f"login_hint={ADA.replace('@', '%40')}" in address
    assert "prompt=" not in address


def test_declined(azure: Sandbox, empty: Home, chromium: Chromium, desk: Desk) -> None:
    azure.cloud.faults.add(Fault("consent"))
    done = desk.login(button="Decline")
    assert done.returncode == 4
    assert "azenv: error: " in done.stderr
    assert "azenv: hint: azenv login" in done.stderr
    assert chromium.title() == "You are not signed in"
    assert "access_denied" in chromium.text()
    assert "Your terminal says what to do next." in chromium.text()
    assert empty.names() == []
    assert not (empty.store / "tokens.bin").exists()


def test_what_is_pending_is_walked_through(
    azure: Sandbox, empty: Home, chromium: Chromium, desk: Desk
) -> None:
    away = list(azure.cloud.population.tenants)[1]
    azure.cloud.faults.add(Fault("mfa", tenant=away))
    first = desk.login()
    assert "azenv login --pending" in first.stderr
    assert len(empty.names()) == 3
    chromium.seen.clear()
    second = desk.login("--pending")
    assert second.returncode == 0, second.stderr
    assert "Prove that it is you" in chromium.seen
    assert len(empty.names()) == 6


def test_the_page_in_the_dark_and_on_a_telephone(
    empty: Home, chromium: Chromium, desk: Desk, tmp_path: Path
) -> None:
    assert desk.login().returncode == 0
    chromium.resize(320, 600)
    chromium.screenshot(tmp_path / "narrow.png")
    assert chromium.script("return document.documentElement.scrollWidth <= innerWidth")
    colours = "return getComputedStyle(document.documentElement).colorScheme"
    assert chromium.script(colours) == "light dark"
