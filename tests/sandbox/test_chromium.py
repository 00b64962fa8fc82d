"""The sign-in pages in a real Chromium: with scripts, with form_post, on the way back to msal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import PASSWORD
from azenv.sandbox.signin import CODE
from tests.sandbox.chromium import Chromium, at_the_desk, program
from tests.sandbox.conftest import AZ_CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azenv.sandbox.server import Sandbox

ADA = "ada@contoso.com"
ANSWERS = {"username": ADA, "password": PASSWORD, "otc": CODE}
MSAL = """
import json, sys, msal
app = msal.PublicClientApplication(sys.argv[1], authority=sys.argv[2], instance_discovery=False)
answer = app.acquire_token_interactive([sys.argv[3]], timeout=30, success_template="All is well")
json.dump({k: answer.get(k) for k in ("error", "error_description", "id_token_claims")}, sys.stdout)
"""


@pytest.fixture(scope="module")
def chromium(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(running, tmp_path_factory.mktemp("chromium")) as started:
        yield started


def interactive(
    sandbox: Sandbox, chromium: Chromium, tmp_path: Path, **more: str
) -> dict[str, Any]:
    """Sign in as any tool with msal does, Chromium being the browser."""
    browser, notes = program(tmp_path)
    chromium.seen.clear()
    words = (AZ_CLIENT, f"{sandbox.url}/organizations", f"{sandbox.url}//.default")
    with at_the_desk(chromium, notes, ANSWERS | more):
        done = subprocess.run(
            [sys.executable, "-c", MSAL, *words],
            env=os.environ | {"BROWSER": str(browser)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_password_second_factor_and_consent(
    sandbox: Sandbox, chromium: Chromium, tmp_path: Path
) -> None:
    sandbox.cloud.faults.add(Fault("mfa"))
    sandbox.cloud.faults.add(Fault("consent"))
    answer = interactive(sandbox, chromium, tmp_path)
    assert answer["id_token_claims"]["preferred_username"] == ADA
    assert chromium.seen[:3] == ["Sign in", "Prove that it is you", "Permissions requested"]
    assert chromium.text() == "All is well"  # what the client serves in the end


def test_declined(sandbox: Sandbox, chromium: Chromium, tmp_path: Path) -> None:
    sandbox.cloud.faults.add(Fault("consent"))
    answer = interactive(sandbox, chromium, tmp_path, button="Decline")
    assert answer["error"] == "access_denied"


def test_a_wrong_password_then_the_one_that_is_told(sandbox: Sandbox, chromium: Chromium) -> None:
    url = f"{sandbox.url}/common/oauth2/v2.0/authorize?client_id=x&response_type=code"
    chromium.open(f"{url}&redirect_uri=http://localhost:1/")
    focus = "return document.activeElement.name"
    assert chromium.script(focus) == "username"
    chromium.fill("username", "grace@fabrikam.com")
    chromium.fill("password", "wrong")
    chromium.press("Sign in")
    assert "The user name or the password is wrong." in chromium.text()
    assert f"grace@fabrikam.com, password {PASSWORD}" in chromium.text()
    assert chromium.script(focus) == "password"


def test_a_device_code(sandbox: Sandbox, chromium: Chromium) -> None:
    url = f"{sandbox.url}/organizations/oauth2/v2.0"
    asked = {"client_id": AZ_CLIENT, "scope": f"{sandbox.url}//.default openid"}
    device = requests.post(f"{url}/devicecode", asked, timeout=10).json()
    chromium.open(device["verification_uri"])
    chromium.fill("user_code", "NOSUCHONE")
    chromium.press("Next")
    assert "No device waits with this code." in chromium.text()
    chromium.seen.clear()
    chromium.sign_in(device["verification_uri"], ANSWERS | {"user_code": device["user_code"]})
    assert chromium.seen == ["Enter code", "Sign in", "Signed in"]
    form = asked | {"grant_type": "device_code", "device_code": device["device_code"]}
    given = requests.post(f"{url}/token", form, timeout=10).json()
    assert sandbox.cloud.signer.open(given["access_token"])["upn"] == ADA


def test_the_pages_fit_a_telephone(sandbox: Sandbox, chromium: Chromium) -> None:
    chromium.open(f"{sandbox.url}/devicelogin")
    chromium.resize(320, 600)
    assert chromium.script("return document.documentElement.scrollWidth <= innerWidth")
