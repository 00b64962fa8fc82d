from __future__ import annotations

import contextlib
import email.utils
import http.client
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from azenv.sandbox import issue
from azenv.sandbox.faults import Fault
from azenv.sandbox.population import Population
from azenv.sandbox.server import Sandbox
from azenv.sandbox.tokens import Signer

if TYPE_CHECKING:
    from azenv.sandbox.population import Principal

ADA = "ada@contoso.com"
VERSION = {"api-version": "2022-12-01"}


def token(
    sandbox: Sandbox, principal: Principal | None = None, tenant: str = "", **more: str
) -> str:
    population = sandbox.cloud.population
    principal = principal or population.users[ADA]
    where = population.tenants[tenant or principal.tenants[0]]
    audience = more.pop("audience", f"{sandbox.url}/")
    return issue.access_token(sandbox.cloud, principal, where, audience, "client", **more)  # type: ignore[arg-type]


def get(sandbox: Sandbox, path: str, bearer: str = "", **query: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {bearer or token(sandbox)}"}
    url = path if path.startswith("https:") else sandbox.url + path
    params = None if path.startswith("https:") else VERSION | query
    return requests.get(url, params, headers=headers, timeout=10)


def rows(sandbox: Sandbox, path: str, bearer: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while path:
        page = get(sandbox, path, bearer).json()
        found += page["value"]
        path = page.get("nextLink", "")
    return found


def test_a_user_sees_what_it_may(sandbox: Sandbox) -> None:
    population = sandbox.cloud.population
    ada, grace = population.users[ADA], population.users["grace@fabrikam.com"]
    home, away = population.tenants
    assert [row["tenantId"] for row in rows(sandbox, "/tenants")] == [home, away]
    assert [row["displayName"] for row in rows(sandbox, "/subscriptions")] == [
        "Contoso Dev",
        "Contoso Test",
        "Contoso Prod",
    ]
    there = rows(sandbox, "/subscriptions", token(sandbox, ada, away))
    assert {row["tenantId"] for row in there} == {away}
    ada.sees = {there[0]["subscriptionId"]}
    assert rows(sandbox, "/subscriptions") == []
    hidden = f"/subscriptions/{there[1]['subscriptionId']}"
    assert get(sandbox, hidden, token(sandbox, ada, away)).status_code == 404
    assert [row["tenantId"] for row in rows(sandbox, "/tenants", token(sandbox, grace))] == [away]


def test_pages(sandbox: Sandbox) -> None:
    sandbox.cloud.population = Population.generate(tenants=9, subscriptions=25)
    sandbox.cloud.page_size = 10
    assert len({row["subscriptionId"] for row in rows(sandbox, "/subscriptions")}) == 25
    assert len({row["tenantId"] for row in rows(sandbox, "/tenants")}) == 9
    assert sandbox.cloud.calls["arm"] == 4


def test_a_population_is_the_same_each_time() -> None:
    assert Population.generate(8, 7, 20) == Population.generate(8, 7, 20)


def test_resource_groups(sandbox: Sandbox) -> None:
    one = rows(sandbox, "/subscriptions")[0]["id"]
    assert [row["name"] for row in rows(sandbox, f"{one}/resourcegroups")] == ["rg-dev"]
    headers = {"Authorization": f"Bearer {token(sandbox)}"}
    url = f"{sandbox.url}{one}/resourceGroups/rg-new"
    for status in (201, 200):
        made = requests.put(url, json={"location": "northeurope"}, headers=headers, timeout=10)
        assert made.status_code == status
    assert get(sandbox, f"{one}/resourcegroups/rg-new").json()["location"] == "northeurope"
    assert get(sandbox, f"{one}/resourcegroups/none").status_code == 404
    assert requests.put(url, json={}, headers=headers, timeout=10).status_code == 400
    for method, status in (("HEAD", 204), ("DELETE", 200), ("HEAD", 404), ("DELETE", 404)):
        assert requests.request(method, url, headers=headers, timeout=10).status_code == status


def test_tokens_are_checked(sandbox: Sandbox) -> None:
    cloud = sandbox.cloud
    good = token(sandbox)
    claims = cloud.signer.open(good)
    for bearer, code in (
        (Signer().sign(claims), "InvalidAuthenticationToken"),
        (good[:-4], "InvalidAuthenticationToken"),
        (good.replace(".", ""), "InvalidAuthenticationToken"),
        (
            token(sandbox, audience="https://graph.microsoft.com"),
            "InvalidAuthenticationTokenAudience",
        ),
        (cloud.signer.sign(claims | {"exp": int(time.time())}), "ExpiredAuthenticationToken"),
        (cloud.signer.sign(claims | {"tid": "elsewhere"}), "InvalidAuthenticationTokenTenant"),
        (cloud.signer.sign({"ticket": ADA, "mfa": True}), "InvalidAuthenticationToken"),
        ("é", "InvalidAuthenticationToken"),
    ):
        answer = requests.get(
            f"{sandbox.url}/tenants",
            headers={"Authorization": f"Bearer {bearer}".encode()},
            timeout=10,
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    nobody = requests.get(f"{sandbox.url}/tenants", timeout=10)
    assert "authorization_uri" in nobody.headers["WWW-Authenticate"]


def test_claims_challenge(sandbox: Sandbox) -> None:
    sandbox.cloud.faults.add(Fault("claims", "arm"))
    refused = get(sandbox, "/subscriptions")
    assert refused.status_code == 401
    assert 'error="insufficient_claims", claims="' in refused.headers["WWW-Authenticate"]
    asked = '{"access_token": {"capolids": {"essential": true, "values": ["sandbox"]}}}'
    assert get(sandbox, "/subscriptions", token(sandbox, claims=asked)).ok


def test_broken_answers(sandbox: Sandbox) -> None:
    faults = sandbox.cloud.faults
    faults.add(Fault("throttled", "arm", times=1, retry_after=7))
    busy = get(sandbox, "/tenants")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "7")
    assert get(sandbox, "/tenants").ok
    faults.add(Fault("server_error", "arm", path="/tenants", status=502))
    assert get(sandbox, "/tenants").status_code == 502
    assert get(sandbox, "/subscriptions").ok
    faults.clear()
    faults.add(Fault("truncated", "token", times=1))
    faults.add(Fault("html", "token", times=1))
    faults.add(Fault("throttled", "token", times=1))
    url = f"{sandbox.url}/common/oauth2/v2.0/token"
    for _ in range(2):
        with pytest.raises(requests.exceptions.JSONDecodeError):
            requests.post(url, {}, timeout=10).json()
    busy = requests.post(url, {}, timeout=10)
    assert (busy.status_code, busy.json()["error_codes"]) == (429, [90055])


def test_one_tenant_is_down(sandbox: Sandbox) -> None:
    home, away = sandbox.cloud.population.tenants
    sandbox.cloud.faults.add(Fault("server_error", "arm", tenant=away))
    assert get(sandbox, "/subscriptions", token(sandbox)).ok
    assert get(sandbox, "/subscriptions", token(sandbox, tenant=away)).status_code == 503
    assert get(sandbox, "/subscriptions", token(sandbox, tenant=home)).ok


def test_a_dropped_connection(sandbox: Sandbox) -> None:
    sandbox.cloud.faults.add(Fault("dropped", "arm", times=1))
    with pytest.raises(requests.ConnectionError):
        get(sandbox, "/tenants")
    assert get(sandbox, "/tenants").ok


def test_faults_that_would_never_fire() -> None:
    with pytest.raises(ValueError, match='no such fault "odd"'):
        Fault("odd")
    with pytest.raises(ValueError, match='no such endpoint "odd"'):
        Fault("mfa", "odd")
    with pytest.raises(ValueError, match="does not look at who asks"):
        Fault("throttled", principal=ADA)


def test_a_clock_that_is_off(sandbox: Sandbox) -> None:
    early = token(sandbox)
    sandbox.cloud.clock_off_s = -86400
    answer = get(sandbox, "/tenants", token(sandbox))
    date = email.utils.parsedate_to_datetime(answer.headers["Date"])
    off = time.time() - date.timestamp()
    assert (answer.ok, 86300 < off < 86500) == (True, True)
    sandbox.cloud.clock_off_s = 86400
    assert get(sandbox, "/tenants", early).json()["error"]["code"] == "ExpiredAuthenticationToken"


def test_it_listens_on_the_loopback_alone(sandbox: Sandbox) -> None:
    ports = [int(url.rpartition(":")[2]) for url in (sandbox.url, sandbox.identity_url)]
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    rows = [line.split() for line in listening.splitlines() if " 0A " in line]
    for port in ports:
        found = {row[1] for row in rows if row[1].endswith(f":{port:04X}")}
        assert found == {f"0100007F:{port:04X}"}


def test_a_body_without_an_end(sandbox: Sandbox) -> None:
    address = sandbox.identity_url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.putrequest("POST", "/msi/token")
        connection.putheader("Content-Length", str(1 << 21))
        connection.endheaders(b"x")
        assert connection.getresponse().status == 413


def test_faults_over_the_wire(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/faults"
    headers = {"Authorization": f"Bearer {sandbox.cloud.control_token}"}
    fault: dict[str, str | int] = {"kind": "server_error", "endpoint": "arm", "times": 1}
    assert requests.post(url, json=fault, timeout=10).status_code == 403
    assert requests.post(url, json={"kind": "odd"}, headers=headers, timeout=10).status_code == 400
    assert requests.post(url, json=fault, headers=headers, timeout=10).ok
    assert get(sandbox, "/tenants").status_code == 503
    assert requests.get(url, headers=headers, timeout=10).json() == {"faults": []}
    requests.post(url, json=[fault, fault], headers=headers, timeout=10)
    assert requests.delete(url, headers=headers, timeout=10).json() == {"faults": []}


def test_metadata(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/metadata/endpoints"
    new = requests.get(url, {"api-version": "2022-09-01"}, timeout=10).json()
    assert new["authentication"]["loginEndpoint"] == sandbox.url
    assert new["resourceManager"] == f"{sandbox.url}/"
    assert requests.get(url, {"api-version": "2019-05-01"}, timeout=10).json() == [new]
    old = requests.get(url, {"api-version": "2015-01-01"}, timeout=10).json()
    assert old["authentication"]["audiences"] == [f"{sandbox.url}/"]


def test_discovery(sandbox: Sandbox) -> None:
    tenant = next(iter(sandbox.cloud.population.tenants.values()))
    for word, issuer in (
        (tenant.id, tenant.id),
        (tenant.domain, tenant.id),
        ("common", "{tenantid}"),
    ):
        url = f"{sandbox.url}/{word}/v2.0/.well-known/openid-configuration"
        found = requests.get(url, timeout=10).json()
        assert found["issuer"] == f"{sandbox.url}/{issuer}/v2.0"
        keys = requests.get(found["jwks_uri"], timeout=10).json()["keys"]
        assert [key["kid"] for key in keys] == [sandbox.cloud.signer.key_id]
    asked = {"authorization_endpoint": f"{sandbox.url}/{tenant.id}/oauth2/v2.0/authorize"}
    found = requests.get(f"{sandbox.url}/common/discovery/instance", asked, timeout=10).json()
    assert tenant.id in found["tenant_discovery_endpoint"]
    unknown = requests.get(
        f"{sandbox.url}/nowhere/v2.0/.well-known/openid-configuration", timeout=10
    )
    assert (unknown.status_code, unknown.json()["error_codes"]) == (400, [90002])


def test_managed_identity_is_for_the_machine(sandbox: Sandbox) -> None:
    query = {"resource": sandbox.url}
    header = {"X-IDENTITY-HEADER": sandbox.cloud.identity_header}
    service = f"{sandbox.identity_url}/msi/token"
    imds = f"{sandbox.identity_url}/metadata/identity/oauth2/token"
    for url, headers, status in (
        (service, header, 200),
        (service, {}, 401),
        (service, header | {"Host": "evil.invalid"}, 403),
        (imds, {"Metadata": "true"}, 200),
        (imds, {}, 400),
        (f"{sandbox.identity_url}/tenants", {}, 404),
    ):
        assert requests.get(url, query, headers=headers, timeout=10).status_code == status
    odd = query | {"client_id": "nobody"}
    assert requests.get(service, odd, headers=header, timeout=10).status_code == 400


def test_latency(sandbox: Sandbox) -> None:
    sandbox.cloud.latency_ms = 120
    start = time.monotonic()
    get(sandbox, "/tenants")
    assert time.monotonic() - start >= 0.12


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox() as sandbox:
        (directory,) = tmp_path.iterdir()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
        assert modes == {"ca.pem": 0o600, "bundle.pem": 0o600}
        assert "PRIVATE" not in Path(sandbox.ca_file).read_text()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=2)


def test_it_stops_when_nobody_asks() -> None:
    sandbox = Sandbox(idle_s=0.1).start()
    assert sandbox.stopped.wait(60)
    assert not Path(sandbox.ca_file).exists()
