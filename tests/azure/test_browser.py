"""Where the page of a sign-in opens: here, in Windows, or nowhere."""

from __future__ import annotations

import os
import platform
import sys
import webbrowser
from typing import TYPE_CHECKING

import pytest

from azenv.azure import browser

if TYPE_CHECKING:
    from pathlib import Path

DESK = {"DISPLAY": ":0"}


@pytest.fixture(autouse=True)
def no_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-amd64")
    monkeypatch.setattr(webbrowser, "get", object)


@pytest.fixture
def wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("WSL is a Linux")
    monkeypatch.setattr(platform, "release", lambda: "5.15.90.1-microsoft-standard-WSL2")


@pytest.mark.skipif(sys.platform != "linux", reason="a display is Linux's word for a desk")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (DESK, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({}, False),
        ({"BROWSER": "firefox"}, True),
        (DESK | {"CODESPACES": "true"}, False),
        ({"BROWSER": "firefox", "CODESPACES": "true"}, False),
        (DESK | {"CODESPACES": "false"}, True),
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
        (DESK | {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, True),  # ssh -X
    ],
)
def test_is_there(environ: dict[str, str], *, expected: bool) -> None:
    assert browser.is_there(environ) == expected


def test_a_desk_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> object:
        message = "no browser"
        raise webbrowser.Error(message)

    monkeypatch.setattr(webbrowser, "get", none)
    assert not browser.is_there(DESK)


@pytest.mark.usefixtures("wsl")
@pytest.mark.parametrize(("status", "expected"), [(0, True), (1, True), (2, False)])
def test_wsl_opens_windows_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, *, expected: bool
) -> None:
    program = tmp_path / "explorer.exe"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{tmp_path}/opened\nexit {status}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert browser.is_there({})
    url = "https://login.test/?a=1&b=2"
    assert browser._open_in_windows(url) is expected
    assert (tmp_path / "opened").read_text() == url


@pytest.mark.usefixtures("wsl")
def test_wsl_without_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "_WINDOWS", ("wslview",))
    assert not browser._open_in_windows("https://login.test/")


def test_a_slow_browser_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    closed = Event()
    monkeypatch.setattr(browser, "PATIENCE_S", 0.05)
    patient = browser._Patient(lambda _: closed.wait(10))
    assert patient.open("https://login.test/")  # it still runs: as good as open
    assert not patient.open("https://login.test/")  # and is not asked twice
    closed.set()


def test_a_browser_that_fails_at_once_is_told() -> None:
    assert not browser._Patient(lambda _: False).open("https://login.test/")
