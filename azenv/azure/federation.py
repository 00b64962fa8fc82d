"""Federated tokens: another issuer's word for an application, read again at each use.

A token lives for minutes, so what is kept is where it comes from: a file that somebody renews
(Kubernetes), or the CI whose OIDC endpoint is asked.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from typing import TYPE_CHECKING

from azenv.azure import claims
from azenv.core.errors import AzenvError, SignInNeededError, UsageError
from azenv.interop import foreign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

GITHUB, AZURE_DEVOPS = CI = ("github", "azure-devops")
_AUDIENCES = {
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
_AUDIENCE = "api://AzureADTokenExchange"
# Which of Azure DevOps's service connections the token speaks for: the tasks' own variable, and
# the two that Terraform reads.
_CONNECTIONS = (
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
)


def find(environ: Mapping[str, str]) -> str:
    """Return where this machine's federated tokens come from. Raises UsageError where unclear."""
    if path := environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        return os.path.abspath(path)
    if environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return GITHUB
    if environ.get("SYSTEM_OIDCREQUESTURI"):
        return AZURE_DEVOPS
    raise UsageError(
        "nothing here gives federated tokens",
        hint="--federated-token-file FILE; on GitHub: permissions: id-token: write",
    )


def assertion(source: str, environ: Mapping[str, str], http: Any, cloud: str) -> str:  # noqa: ANN401  msal's http_client
    """Return a token from `source`, fresh. Raises AzenvError, SignInNeededError where it is old."""
    if source == GITHUB:
        token = _from_github(environ, http, _AUDIENCES.get(cloud, _AUDIENCE))
    elif source == AZURE_DEVOPS:
        token = _from_azure_devops(environ, http)
    else:
        token = _from_file(source)
    _ensure_fresh(source, token)
    return token


def _from_file(path: str) -> str:
    data = foreign.read(path)
    if data is None:
        hint = "azenv login … --federated-token-file FILE"
        raise SignInNeededError(f"the federated token's file is missing: {path}", hint=hint)
    return data.decode("ascii", "replace").strip()


def _from_github(environ: Mapping[str, str], http: Any, audience: str) -> str:  # noqa: ANN401
    url = _needed(environ, "ACTIONS_ID_TOKEN_REQUEST_URL", "permissions: id-token: write")
    bearer = _needed(environ, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "permissions: id-token: write")
    headers = {"Authorization": f"Bearer {bearer}"}
    answer = http.get(url, params={"audience": audience}, headers=headers)
    return _token_in(answer, "value", "GitHub")


def _from_azure_devops(environ: Mapping[str, str], http: Any) -> str:  # noqa: ANN401
    mapped = "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)"
    url = _needed(environ, "SYSTEM_OIDCREQUESTURI", mapped)
    bearer = _needed(environ, "SYSTEM_ACCESSTOKEN", mapped)
    connection = next((environ[name] for name in _CONNECTIONS if environ.get(name)), "")
    if not connection:
        raise AzenvError(
            "which service connection of Azure DevOps?", hint=f"export {_CONNECTIONS[0]}=ID"
        )
    answer = http.post(
        url,
        params={"api-version": "7.1", "serviceConnectionId": connection},
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
    )
    return _token_in(answer, "oidcToken", "Azure DevOps")


def _needed(environ: Mapping[str, str], name: str, hint: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SignInNeededError(f"{name} is not set, so this job gets no token", hint=hint)
    return value


def _token_in(answer: Any, key: str, who: str) -> str:  # noqa: ANN401
    try:
        token = json.loads(answer.text)[key]
    except (ValueError, KeyError, TypeError):
        token = None
    if answer.status_code >= 400 or not isinstance(token, str):  # noqa: PLR2004  HTTP
        raise AzenvError(f"{who} gives this job no token (HTTP {answer.status_code})")
    return token


def _ensure_fresh(source: str, token: str) -> None:
    where = f"in {source}" if source not in CI else f"of {source}"
    try:
        ends = claims.seconds(claims.read(token), "exp")
    except ValueError:
        raise AzenvError(f"what is {where} is no federated token") from None
    if ends and ends < time.time():
        when = dt.datetime.fromtimestamp(ends, dt.UTC).isoformat(" ", "seconds")
        raise SignInNeededError(
            f"the federated token {where} expired at {when}: does something still renew it?"
        )
