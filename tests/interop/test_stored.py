"""Contexts that azenv itself signed in, served to the real az without an `az login`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from azenv.sandbox.clients import federated_token
from azenv.sandbox.population import Federation
from tests.commands.azure import CLOUD, azure, running
from tests.commands.conftest import empty, outside
from tests.commands.processes import azenv
from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "empty", "outside", "running"]  # fixtures

pytestmark = pytest.mark.az

LOGIN = ("login", "--no-browser", "--cloud", CLOUD)


def az(home: Home, context: str, *words: str) -> Any:  # noqa: ANN401  JSON
    require_tool("az")
    environ = os.environ | {"AZURE_CORE_COLLECT_TELEMETRY": "false"}
    done = azenv(
        *("exec", context, "az", *words, "-o", "json"),
        home=home,
        environ=environ | {"AZENV_HOME": str(home.top)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def principal(azure: Sandbox) -> tuple[str, str, str]:
    one = next(iter(azure.cloud.population.applications.values()))
    return one.client_id, one.tenant, one.secrets[0]


def test_a_user_in_two_tenants_at_once(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    for name in ("Contoso Dev", "Fabrikam Prod"):
        assert az(empty, name, "account", "show")["name"] == name
        assert [group["location"] for group in az(empty, name, "group", "list")] == ["westeurope"]
    assert not (empty.base / "msal_token_cache.json").exists()  # az's own stays as it was
    empty.ok("logout", "--all")
    assert not list((empty.root / "az").glob("*/.azure/msal_token_cache.json"))


def test_a_secret_and_a_federated_token_that_rotates(
    azure: Sandbox, empty: Home, tmp_path: Path
) -> None:
    client_id, tenant, secret = principal(azure)
    one = azure.cloud.population.applications[client_id]
    words = ("login", "--service-principal", "--client-id", client_id, "--tenant", tenant)
    empty.type(secret)
    empty.ok(*words, "--cloud", CLOUD, "--secret-file", "-")
    assert az(empty, "Contoso Dev", "group", "list")
    one.federations.append(Federation("https://issuer.test", "repo:azenv"))
    path = tmp_path / "token"
    path.write_text(federated_token(azure.cloud, one))
    empty.ok(*words, "--cloud", CLOUD, "--federated-token-file", str(path))
    one.secrets.clear()
    assert az(empty, "Contoso Dev", "group", "list")
    path.write_text(federated_token(azure.cloud, one))
    os.utime(path, (os.stat(path).st_mtime + 60,) * 2)  # noqa: PTH116
    empty.ok("env", "Contoso Dev", "--shell", "bash")
    (entry,) = json.loads(
        next((empty.root / "az").glob("*/.azure/service_principal_entries.json")).read_text()
    )
    assert entry["client_assertion"] == path.read_text()
