"""Federated sign-in where a CI gives the tokens: its endpoint stands on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from azenv.sandbox.clients import federated_token
from azenv.sandbox.population import Federation
from tests.commands.azure import CLOUD, azure, running
from tests.commands.processes import azenv
from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.sandbox.population import Application
    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

BEARER = "jobs-own-t0ken"


class Issuer:
    """The OIDC endpoint of GitHub or of Azure DevOps."""

    def __init__(self, azure: Sandbox, application: Application) -> None:
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.status, self.body = 200, ""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = urlsplit(self.path)
                issuer.asked.append((self.command, parse_qs(url.query)))
                token = federated_token(azure.cloud, application)
                key = "value" if url.path == "/github" else "oidcToken"
                is_known = self.headers["Authorization"] == f"Bearer {BEARER}"
                body = (issuer.body or json.dumps({key: token})).encode()
                self.send_response(issuer.status if is_known else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815  http.server's names

            def log_message(self, *_words: Any) -> None:  # noqa: ANN401
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def application(azure: Sandbox) -> Application:
    one = next(iter(azure.cloud.population.applications.values()))
    one.federations.append(Federation("https://issuer.test", "repo:azenv"))
    return one


@pytest.fixture
def issuer(azure: Sandbox, application: Application) -> Iterator[Issuer]:
    made = Issuer(azure, application)
    yield made
    made.close()


@pytest.fixture
def words(application: Application) -> tuple[str, ...]:
    who = ("--client-id", application.client_id, "--tenant", application.tenant)
    return ("login", "--federated", *who, "--cloud", CLOUD)


def as_github(home: Home, issuer: Issuer) -> None:
    home.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuer.url}/github?api-version=2.0")
    home.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER)


def as_azure_devops(home: Home, issuer: Issuer) -> None:
    home.setenv("SYSTEM_OIDCREQUESTURI", f"{issuer.url}/devops")
    home.setenv("SYSTEM_ACCESSTOKEN", BEARER)
    home.setenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection-1")


def test_github(empty: Home, issuer: Issuer, words: tuple[str, ...]) -> None:
    as_github(empty, issuer)
    empty.ok(*words)
    method, query = issuer.asked[0]
    assert method == "GET"
    assert query == {"api-version": ["2.0"], "audience": ["api://AzureADTokenExchange"]}
    asked = len(issuer.asked)
    assert empty.ok("token", "--context", "Contoso Dev", "-r", "https://x.test").out
    assert len(issuer.asked) == asked + 1  # a new assertion for a new token
    for path in empty.store.iterdir():
        assert BEARER.encode() not in path.read_bytes()


@pytest.mark.az
@pytest.mark.parametrize("scope", ["user", "process"])
def test_az_is_served_in_the_job(
    empty: Home, issuer: Issuer, words: tuple[str, ...], scope: str
) -> None:
    require_tool("az")
    as_github(empty, issuer)
    empty.give_mailbox()
    empty.ok(*words, "--scope", scope)
    if scope == "process":
        empty.setenv("AZENV_SESSION", empty.letter()[5])
    empty.unsetenv("__AZENV_MAIL")
    done = azenv("exec", "Contoso Dev", "az", "group", "list", "-o", "json", home=empty)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    empty.unsetenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    done = azenv("exec", "Contoso Dev", "az", "account", "show", "-o", "json", home=empty)
    assert "ACTIONS_ID_TOKEN_REQUEST_URL is not set" in done.stderr
    assert json.loads(done.stdout)["name"] == "Contoso Dev"
    empty.ok("logout", "--all")
    assert not (empty.root / "federated").exists()


def test_azure_devops(empty: Home, issuer: Issuer, words: tuple[str, ...]) -> None:
    as_azure_devops(empty, issuer)
    empty.ok(*words)
    method, query = issuer.asked[0]
    assert method == "POST"
    assert query == {"api-version": ["7.1"], "serviceConnectionId": ["connection-1"]}
    empty.unsetenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
    said = empty.fail("token", "--context", "Contoso Dev", "-r", "https://x.test")
    assert "which service connection" in said


def test_in_the_clusters_own_words(azure: Sandbox, empty: Home, application: Application) -> None:
    path = empty.work / "token"
    path.write_text(federated_token(azure.cloud, application))
    empty.setenv("AZURE_FEDERATED_TOKEN_FILE", str(path))
    empty.setenv("AZURE_CLIENT_ID", application.client_id)
    empty.setenv("AZURE_TENANT_ID", application.tenant)
    empty.ok("login", "--federated", "--cloud", CLOUD)
    assert empty.ok("token", "--context", "Contoso Dev").out


def test_outside_the_job(empty: Home, issuer: Issuer, words: tuple[str, ...]) -> None:
    as_github(empty, issuer)
    empty.ok(*words)
    empty.unsetenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    said = empty.fail("token", "--context", "Contoso Dev", "-r", "https://x.test", code=4)
    assert "ACTIONS_ID_TOKEN_REQUEST_URL is not set" in said
    assert "permissions: id-token: write" in said


@pytest.mark.parametrize(
    ("status", "body"), [(403, "{}"), (200, "<html>"), (200, '{"value": 7}'), (500, "")]
)
def test_a_job_that_gets_none(
    empty: Home, issuer: Issuer, words: tuple[str, ...], status: int, body: str
) -> None:
    as_github(empty, issuer)
    issuer.status, issuer.body = status, body or "{}"
    ran = empty.run(*words)
    assert ran.code == 1
    assert "azenv: error: " in ran.err
    assert BEARER not in ran.err
    assert not (empty.store / "tokens.bin").exists()


def test_nothing_gives_tokens_here(empty: Home, words: tuple[str, ...]) -> None:
    said = empty.fail(*words, code=2)
    assert "nothing here gives federated tokens" in said


def test_a_file_that_is_stale_or_missing(
    azure: Sandbox, empty: Home, application: Application
) -> None:
    path = empty.work / "token"
    who = ("--client-id", application.client_id, "--tenant", application.tenant, "--cloud", CLOUD)
    words = ("login", *who, "--federated-token-file", str(path))
    said = empty.fail(*words, code=4)
    assert f"the federated token's file is missing: {path}" in said
    path.write_text(federated_token(azure.cloud, application, lifetime_s=-60))
    said = empty.fail(*words, code=4)
    assert f"the federated token in {path} expired at" in said
    path.write_text("no token")
    assert f"what is in {path} is no federated token" in empty.fail(*words)
    application.federations.clear()
    path.write_text("x")
    assert not (empty.store / "tokens.bin").exists()
