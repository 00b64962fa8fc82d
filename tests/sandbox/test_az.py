"""The real az against the sandbox: what `az cloud register` reads is all that it is told."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Population
from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox

pytestmark = pytest.mark.az

ADA = "ada@contoso.com"


class Az:
    """az in a directory of its own."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        home.mkdir()
        self.program = require_tool("az")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AZURE_CONFIG_DIR": str(home / ".azure"),
            "AZURE_CORE_LOGIN_EXPERIENCE_V2": "off",
            "AZURE_CORE_SURVEY_MESSAGE": "no",
            "AZURE_CORE_ENCRYPT_TOKEN_CACHE": "false",
            **sandbox.environment({}),
        }
        self("cloud", "register", "-n", "Sandbox", "--endpoint-resource-manager", sandbox.url)
        self("cloud", "set", "-n", "Sandbox")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words, "-o", "json"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def __call__(self, *words: str) -> Any:  # noqa: ANN401  whatever az prints
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")


@pytest.fixture
def az(sandbox: Sandbox, tmp_path: Path) -> Az:
    return Az(sandbox, tmp_path / "home")


def test_a_service_principal(sandbox: Sandbox, az: Az) -> None:
    sandbox.cloud.population = Population.generate(subscriptions=7)
    sandbox.cloud.page_size = 3
    one = next(iter(sandbox.cloud.population.applications.values()))
    words = ("login", "--service-principal", "-u", one.client_id, "--tenant", one.tenant)
    wrong = az.run(*words, "-p", "wrong")
    assert (wrong.returncode, "AADSTS7000215" in wrong.stderr) == (1, True)
    rows = az(*words, "-p", one.secrets[0])
    assert len(rows) == 7
    assert {row["tenantId"] for row in rows} == {one.tenant}
    assert [group["name"] for group in az("group", "list")] == ["rg-dev"]
    made = az("group", "create", "-n", "rg-new", "-l", "westeurope")
    assert made["properties"]["provisioningState"] == "Succeeded"


def test_a_person_with_a_device_code(sandbox: Sandbox, az: Az) -> None:
    sandbox.cloud.auto_user = ADA
    rows = az("login", "--use-device-code")
    population = sandbox.cloud.population
    assert {row["id"] for row in rows} == set(population.subscriptions)
    assert {row["user"]["name"] for row in rows} == {ADA}
    population.subscriptions.popitem()
    again = az("account", "list", "--refresh")
    assert {row["id"] for row in again} == set(population.subscriptions)
    away = list(population.tenants)[1]
    given = az("account", "get-access-token", "--tenant", away)
    assert sandbox.cloud.signer.open(given["accessToken"])["tid"] == away


def test_a_managed_identity(sandbox: Sandbox, az: Az) -> None:
    az.environment |= sandbox.identity_environment()
    (*_, row) = az("login", "--identity")
    assert row["user"]["assignedIdentityInfo"] == "MSI"
    assert [group["name"] for group in az("group", "list")] == ["rg-dev"]


def test_one_tenant_wants_a_second_factor(sandbox: Sandbox, az: Az) -> None:
    sandbox.cloud.auto_user = ADA
    home, away = sandbox.cloud.population.tenants
    sandbox.cloud.faults.add(Fault("mfa", tenant=away))
    done = az.run("login", "--use-device-code")
    assert {row["tenantId"] for row in json.loads(done.stdout)} == {home}
    assert "AADSTS50076" in done.stderr
    assert {row["tenantId"] for row in az("login", "--use-device-code", "--tenant", away)} == {away}
