"""Contexts that azenv itself signed in, served to the real az without an `az login`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from azenv.interop import azprofile
from azenv.sandbox.clients import federated_token
from azenv.sandbox.population import Federation
from azenv.store import contexts
from tests import certificates
from tests.commands.azure import ADA, CLOUD, azure, running
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


def base_az(home: Home, *words: str) -> None:
    """Run az as nobody but az itself does."""
    environ = os.environ | {"AZURE_CONFIG_DIR": str(home.base)}
    environ |= {"AZURE_CORE_ENCRYPT_TOKEN_CACHE": "false", "AZURE_CORE_LOGIN_EXPERIENCE_V2": "off"}
    subprocess.run([require_tool("az"), *words], env=environ, stdin=subprocess.DEVNULL, check=True)


def of_account(home: Home, username: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = home.ok("list", "-o", "json").data
    return next(context for context in found if context["account"]["username"] == username)


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


def test_a_federated_token_of_a_session_rotates(
    azure: Sandbox, empty: Home, tmp_path: Path
) -> None:
    client_id, tenant, _ = principal(azure)
    one = azure.cloud.population.applications[client_id]
    one.federations.append(Federation("https://issuer.test", "repo:azenv"))
    path = tmp_path / "token"
    path.write_text(federated_token(azure.cloud, one))
    who = ("--client-id", client_id, "--tenant", tenant, "--cloud", CLOUD)
    empty.give_mailbox()
    empty.ok("login", *who, "--federated-token-file", str(path), "--scope", "process")
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    assert az(empty, "Contoso Dev", "group", "list")
    path.write_text(federated_token(azure.cloud, one))
    os.utime(path, (path.stat().st_mtime + 60,) * 2)
    assert az(empty, "Contoso Dev", "group", "list")
    (file,) = (empty.root / "az").glob("p*/.azure/service_principal_entries.json")
    assert json.loads(file.read_text())[0]["client_assertion"] == path.read_text()


def test_a_certificate(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    client_id, tenant, _ = principal(azure)
    made, path = certificates.make(), tmp_path / "app.pem"
    azure.cloud.population.applications[client_id].certificates.append(made.pem)
    path.write_bytes(made.key + made.pem)
    who = ("--client-id", client_id, "--tenant", tenant, "--cloud", CLOUD)
    empty.ok("login", "--service-principal", *who, "--certificate", str(path))
    assert az(empty, "Contoso Dev", "group", "list")


@pytest.mark.parametrize("form", ["app-service", "imds"])
def test_the_machines_own_identity(
    azure: Sandbox, empty: Home, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for name, value in azure.identity_environment(imds=form == "imds").items():
        monkeypatch.setenv(name, value)
    empty.ok("login", "--identity", "--cloud", CLOUD)
    (context, *_) = empty.ok("list", "-o", "json").data
    shown = az(empty, context["name"], "account", "show")
    assert shown["user"]["assignedIdentityInfo"] == "MSI"
    assert az(empty, context["name"], "group", "list")


def log_in_inside(azure: Sandbox, home: Home) -> dict[str, Any]:
    """Sign the application in by az, in the overlay of "Contoso Dev"; return its context."""
    client_id, tenant, secret = principal(azure)
    words = ("--service-principal", "-u", client_id, "--tenant", tenant, "-p", secret)
    az(home, "Contoso Dev", "login", *words)
    said = azenv("exec", "Contoso Dev", "true", home=home).stderr
    assert f"learnt the sign-in of {client_id}" in said
    return of_account(home, client_id)


def test_az_login_in_an_overlay_is_a_sign_in(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    context = log_in_inside(azure, empty)
    assert empty.ok("token", "--context", context["id"]).out.startswith("ey")
    assert "a context that is gone" not in empty.ok("doctor").out
    shutil.rmtree(empty.root)  # as at the next start of the machine
    assert az(empty, context["id"], "group", "list")
    assert empty.ok("logout", context["account"]["username"]).err
    empty.fail("token", "--context", context["id"])


def test_who_az_lost_signs_in_by_az_again(azure: Sandbox, empty: Home) -> None:
    empty.ok(*LOGIN)
    rows = [azprofile.row(c.target) for c in contexts.load(str(empty.store)).contexts.values()]
    empty.ok("logout", "--all")
    empty.sign_in(*rows)
    empty.ok("import", "az")  # names and subscriptions, and no token
    empty.fail("token", "--context", "Contoso Dev", code=4)
    az(empty, "Contoso Dev", "login", "--use-device-code")
    said = azenv("exec", "Contoso Dev", "true", home=empty).stderr
    assert f"learnt the sign-in of {ADA}" in said
    assert "the key is in" in said
    assert empty.ok("token", "--context", "Contoso Dev").out.startswith("ey")
    again = azenv("exec", "Contoso Dev", "true", home=empty).stderr
    assert "learnt" not in again


def test_what_az_has_in_the_base_stays_azs(azure: Sandbox, empty: Home) -> None:
    base_az(empty, "cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", azure.url)
    base_az(empty, "cloud", "set", "-n", CLOUD)
    base_az(empty, "login", "--use-device-code")
    empty.ok("import", "az")
    assert az(empty, "Contoso Dev", "group", "list")
    az(empty, "Contoso Dev", "account", "get-access-token", "--resource", "https://other.test")
    az(empty, "Contoso Dev", "account", "list", "--refresh")  # writes the profile: looked at again
    azenv("exec", "Contoso Dev", "true", home=empty)
    assert not (empty.store / "tokens.bin").exists()
    empty.fail("token", "--context", "Contoso Dev", code=4)


def test_in_a_session_it_stays_in_the_session(azure: Sandbox, empty: Home) -> None:
    empty.give_mailbox()
    empty.ok(*LOGIN, "--scope", "process")
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    context = log_in_inside(azure, empty)
    assert empty.ok("token", "--context", context["id"]).out.startswith("ey")
    empty.unsetenv("AZENV_SESSION")
    assert empty.names() == []
    assert not (empty.store / "contexts.json").exists()
    assert not (empty.store / "sp.bin").exists()


def test_with_autosave_off_it_is_kept_in_memory(azure: Sandbox, empty: Home) -> None:
    client_id, tenant, secret = principal(azure)
    empty.ok(*LOGIN)
    empty.ok("autosave", "disable", "--keep")
    before = (empty.store / "tokens.bin").read_bytes()
    words = ("--service-principal", "-u", client_id, "--tenant", tenant, "-p", secret)
    az(empty, "Contoso Dev", "login", *words)
    assert "sign-in of" not in azenv("exec", "Contoso Dev", "true", home=empty).stderr
    assert (empty.store / "tokens.bin").read_bytes() == before
    assert not (empty.store / "sp.bin").exists()


def test_logout_signs_out_of_az_too(azure: Sandbox, empty: Home) -> None:
    base_az(empty, "cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", azure.url)
    base_az(empty, "cloud", "set", "-n", CLOUD)
    base_az(empty, "login", "--use-device-code")
    empty.ok("import", "az")
    before = (empty.base / "azureProfile.json").read_bytes()
    said = empty.ok("logout", ADA, "--az", "--dry-run").err
    assert f"would be signed out of az: {ADA}" in said
    assert (empty.base / "azureProfile.json").read_bytes() == before
    # from inside a context, whose variables are not the base's
    for line in empty.ok("env", "Contoso Dev", "--shell", "bash").out.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if name.startswith(("AZURE_", "ARM_", "AZENV_")):
            empty.setenv(name, value.strip("'\";"))
    said = empty.ok("logout", ADA, "--az").err
    assert f"signed out of az: {ADA}" in said
    assert json.loads((empty.base / "azureProfile.json").read_bytes())["subscriptions"] == []
    assert ADA not in (empty.base / "msal_token_cache.json").read_text()
    empty.fail("logout", ADA, "--az")


def test_a_context_of_this_session_of_an_account_that_is_stored(
    azure: Sandbox, empty: Home
) -> None:
    empty.ok(*LOGIN)
    empty.give_mailbox()
    words = ("--subscription", "Contoso Prod", "--name", "mine", "--scope", "process")
    empty.ok("set", "--context", "Contoso Dev", *words)
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    assert az(empty, "mine", "group", "list")
    az(empty, "mine", "account", "list", "--refresh")
    assert "learnt" not in azenv("exec", "mine", "true", home=empty).stderr
    assert empty.ok("token", "--context", "mine").out.startswith("ey")


def test_a_context_of_this_session_of_an_account_that_az_signed_in(
    azure: Sandbox, empty: Home
) -> None:
    base_az(empty, "cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", azure.url)
    base_az(empty, "cloud", "set", "-n", CLOUD)
    base_az(empty, "login", "--use-device-code")
    empty.give_mailbox()
    empty.ok("import", "az", "--scope", "process")
    empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    assert az(empty, "Contoso Dev", "group", "list")
    az(empty, "Contoso Dev", "account", "list", "--refresh")
    assert "learnt" not in azenv("exec", "Contoso Dev", "true", home=empty).stderr
    empty.fail("token", "--context", "Contoso Dev", code=4)  # az's sign-in stays az's
