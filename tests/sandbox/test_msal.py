from __future__ import annotations

import time
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msal
import pytest
import requests

from azenv.sandbox.aadsts import CLAIMS
from azenv.sandbox.clients import federated_token
from azenv.sandbox.faults import Fault
from azenv.sandbox.population import PASSWORD, Federation
from tests import certificates
from tests.sandbox.conftest import AZ_CLIENT, Browser

if TYPE_CHECKING:
    from azenv.sandbox.population import Application
    from azenv.sandbox.server import Sandbox

ADA = "ada@contoso.com"
Answer = dict[str, Any]


def public(sandbox: Sandbox, tenant: str = "organizations", **more: Any) -> Any:  # noqa: ANN401  msal has no types
    return msal.PublicClientApplication(
        AZ_CLIENT, authority=f"{sandbox.url}/{tenant}", instance_discovery=False, **more
    )


def scopes(sandbox: Sandbox) -> list[str]:
    return [f"{sandbox.url}//.default"]


def by_code(
    sandbox: Sandbox,
    app: Any,  # noqa: ANN401  msal has no types
    browser: Browser | None = None,
    **more: str,
) -> Answer:
    """Sign in as msal does with a browser, the redirect read from a listener's request."""
    flow = app.initiate_auth_code_flow(
        scopes(sandbox), redirect_uri="http://127.0.0.1:1/", response_mode="form_post", **more
    )
    page = requests.get(flow["auth_uri"], timeout=10)
    assert page.ok
    browser = browser or Browser(sandbox, username=ADA, password=PASSWORD, otc="123456")
    posted: dict[str, str] = {}

    class Stop(Exception):  # noqa: N818  no error: the end of the walk
        pass

    go = browser.open

    def watch(url: str, data: bytes | None = None) -> str:
        if url.startswith("http://127.0.0.1:1/"):
            posted.update({k: v[0] for k, v in parse_qs((data or b"").decode()).items()})
            raise Stop
        return go(url, data)

    browser.open = watch  # type: ignore[method-assign]
    with pytest.raises(Stop):
        browser.open(flow["auth_uri"])
    posted.pop("action", None)
    answer: Answer = app.acquire_token_by_auth_code_flow(flow, posted)
    return answer


def confidential(sandbox: Sandbox, application: Application, credential: object) -> Answer:
    app = msal.ConfidentialClientApplication(
        application.client_id,
        client_credential=credential,
        authority=f"{sandbox.url}/{application.tenant}",
        instance_discovery=False,
    )
    answer: Answer = app.acquire_token_for_client(scopes(sandbox))
    return answer


def application(sandbox: Sandbox) -> Application:
    return next(iter(sandbox.cloud.population.applications.values()))


def test_browser(sandbox: Sandbox) -> None:
    app = public(sandbox)
    answer = by_code(sandbox, app)
    home, away = sandbox.cloud.population.tenants
    assert answer["id_token_claims"]["tid"] == home
    assert answer["id_token_claims"]["preferred_username"] == ADA
    (account,) = app.get_accounts()
    assert account["home_account_id"].endswith(f".{home}")
    # one sign-in serves the other tenant: the refresh token is of the family
    other = public(sandbox, away, token_cache=app.token_cache)
    silent = other.acquire_token_silent_with_error(scopes(sandbox), other.get_accounts()[0])
    assert sandbox.cloud.signer.open(silent["access_token"])["tid"] == away


def test_interactive_with_a_listener_of_msal_s(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(_self: object, url: str) -> bool:
        browser = Browser(sandbox, username=ADA, password=PASSWORD)
        Thread(target=browser.open, args=(url,), daemon=True).start()
        return True

    monkeypatch.setattr("webbrowser.get", lambda *_: type("B", (), {"open": opened})())
    monkeypatch.setattr("msal.oauth2cli.authcode._browse", lambda url, **_: opened(None, url))
    answer = public(sandbox).acquire_token_interactive(scopes(sandbox), timeout=20)
    assert "access_token" in answer, answer


def test_automatic_sign_in(sandbox: Sandbox) -> None:
    sandbox.cloud.auto_user = ADA
    browser = Browser(sandbox)
    assert "access_token" in by_code(sandbox, public(sandbox), browser)
    assert "Sign in" not in browser.titles


def test_wrong_password_stays_on_the_page(sandbox: Sandbox) -> None:
    browser = Browser(sandbox, username=ADA, password="wrong")
    url = f"{sandbox.url}/common/oauth2/v2.0/authorize?client_id=x&response_type=code"
    assert "is wrong" in browser.open(f"{url}&redirect_uri=http://localhost:1/")


def test_a_foreign_redirect_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/common/oauth2/v2.0/authorize?client_id=x&response_type=code"
    page = requests.get(f"{url}&redirect_uri=https://evil.invalid/", timeout=10)
    assert (page.status_code, "AADSTS50011" in page.text) == (400, True)


def test_the_verifier_must_fit(sandbox: Sandbox) -> None:
    sandbox.cloud.auto_user = ADA
    asked = {
        "client_id": AZ_CLIENT,
        "response_type": "code",
        "redirect_uri": "http://localhost:1/",
        "scope": scopes(sandbox)[0],
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    base = f"{sandbox.url}/common/oauth2/v2.0"
    page = requests.get(f"{base}/authorize", asked, timeout=10, allow_redirects=False)
    code = parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
    form = asked | {"grant_type": "authorization_code", "code": code, "code_verifier": "y" * 43}
    answers = [requests.post(f"{base}/token", form, timeout=10).json() for _ in range(2)]
    assert [answer["error_codes"] for answer in answers] == [[501481], [70000]]


def test_mfa_and_consent_are_asked_for(sandbox: Sandbox) -> None:
    sandbox.cloud.faults.add(Fault("mfa"))
    browser = Browser(sandbox, username=ADA, password=PASSWORD, otc="123456")
    assert "access_token" in by_code(sandbox, public(sandbox), browser)
    sandbox.cloud.faults.clear()
    sandbox.cloud.faults.add(Fault("consent"))
    asking = Browser(sandbox, username=ADA, password=PASSWORD)
    assert "access_token" in by_code(sandbox, public(sandbox), asking)
    declining = Browser(sandbox, username=ADA, password=PASSWORD, action="decline")
    assert by_code(sandbox, public(sandbox), declining)["error"] == "access_denied"
    assert "Prove that it is you" in browser.titles
    assert "Permissions requested" in asking.titles


def test_claims_are_asked_of_the_person(sandbox: Sandbox) -> None:
    browser = Browser(sandbox, username=ADA, password=PASSWORD, otc="123456")
    answer = by_code(sandbox, public(sandbox), browser, claims_challenge=CLAIMS)
    assert browser.titles == ["Sign in", "Prove that it is you", "Signing in"]
    claims = sandbox.cloud.signer.open(answer["access_token"])
    assert (claims["amr"], claims["capolids"]) == (["pwd", "mfa"], ["sandbox"])
    sandbox.cloud.auto_user = ADA
    by_itself = by_code(sandbox, public(sandbox), Browser(sandbox), claims_challenge=CLAIMS)
    assert "mfa" in sandbox.cloud.signer.open(by_itself["access_token"])["amr"]


def test_device_code_is_declined(sandbox: Sandbox) -> None:
    sandbox.cloud.faults.add(Fault("consent"))
    app = public(sandbox)
    flow = app.initiate_device_flow(scopes(sandbox))
    answers = {"username": ADA, "password": PASSWORD, "action": "decline"}
    browser = Browser(sandbox, user_code=flow["user_code"], **answers)
    browser.open(flow["verification_uri"])
    assert browser.titles[-1] == "Declined"
    assert app.acquire_token_by_device_flow(flow)["error"] == "authorization_declined"


def test_device_code(sandbox: Sandbox) -> None:
    app = public(sandbox)
    flow = app.initiate_device_flow(scopes(sandbox))
    pending = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    flow["latest_attempt_at"] = 0  # msal itself would wait
    early = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    flow["latest_attempt_at"] = 0
    assert (pending["error"], early["error"]) == ("authorization_pending", "slow_down")
    browser = Browser(sandbox, user_code=flow["user_code"].lower(), username=ADA, password=PASSWORD)
    browser.open(flow["verification_uri"])
    assert browser.titles[-1] == "Signed in"
    assert "access_token" in app.acquire_token_by_device_flow(flow)


def test_device_code_expires(sandbox: Sandbox) -> None:
    app = public(sandbox)
    flow = app.initiate_device_flow(scopes(sandbox))
    sandbox.cloud.devices[flow["device_code"]].expires = time.time()
    assert app.acquire_token_by_device_flow(flow)["error"] == "expired_token"


def test_refresh_rotates(sandbox: Sandbox) -> None:
    sandbox.cloud.auto_user = ADA
    sandbox.cloud.strict_rotation = True
    app = public(sandbox)
    first = by_code(sandbox, app)["refresh_token"]
    asked = scopes(sandbox)
    again = app.acquire_token_silent_with_error(asked, app.get_accounts()[0], force_refresh=True)
    assert "access_token" in again
    reused = public(sandbox).acquire_token_by_refresh_token(first, asked)
    assert reused["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("kind", "number", "suberror"),
    [
        ("mfa", 50076, "basic_action"),
        ("consent", 65001, "consent_required"),
        ("revoked", 50173, "bad_token"),
        ("expired", 700082, "token_expired"),
        ("blocked", 53003, "message_only"),
        ("disabled", 50057, "user_account_disabled"),
    ],
)
def test_a_refresh_is_refused(sandbox: Sandbox, kind: str, number: int, suberror: str) -> None:
    token = by_code(sandbox, public(sandbox))["refresh_token"]
    sandbox.cloud.faults.add(Fault(kind, "token", principal=ADA, times=1))
    app = public(sandbox)
    answer = app.acquire_token_by_refresh_token(token, scopes(sandbox))
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [number])
    assert answer["suberror"] == suberror
    assert answer["error_description"].startswith(f"AADSTS{number}: ")
    assert ("claims" in answer) == (kind in ("mfa", "blocked"))
    assert sandbox.cloud.faults.describe() == []


def test_a_changed_password_voids_what_was_given(sandbox: Sandbox) -> None:
    token = by_code(sandbox, public(sandbox))["refresh_token"]
    sandbox.cloud.revoke(ADA)
    answer = public(sandbox).acquire_token_by_refresh_token(token, scopes(sandbox))
    assert answer["error_codes"] == [50173]


def test_an_unknown_tenant(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="check your tenant"):
        public(sandbox, "nowhere.example").initiate_device_flow(scopes(sandbox))


def test_a_stranger_in_a_tenant(sandbox: Sandbox) -> None:
    population = sandbox.cloud.population
    sandbox.cloud.auto_user = "grace@fabrikam.com"
    app = public(sandbox)
    token = by_code(sandbox, app)["refresh_token"]
    answer = public(sandbox, next(iter(population.tenants))).acquire_token_by_refresh_token(
        token, scopes(sandbox)
    )
    assert answer["error_codes"] == [50034]


def test_secret(sandbox: Sandbox) -> None:
    one = application(sandbox)
    answer = confidential(sandbox, one, one.secrets[0])
    claims = sandbox.cloud.signer.open(answer["access_token"])
    assert (claims["appid"], claims["idtyp"]) == (one.client_id, "app")
    wrong = confidential(sandbox, one, "wrong")
    assert (wrong["error"], wrong["error_codes"]) == ("invalid_client", [7000215])


def test_certificate(sandbox: Sandbox) -> None:
    one = application(sandbox)
    public_pem, private_pem, thumbprint = certificates.make()
    credential = {"private_key": private_pem.decode(), "thumbprint": thumbprint}
    assert confidential(sandbox, one, credential)["error_codes"] == [700027]  # not registered
    one.certificates.append(public_pem)
    assert "access_token" in confidential(sandbox, one, credential)
    _, other_key, _ = certificates.make()
    forged = credential | {"private_key": other_key.decode()}
    answer = confidential(sandbox, one, forged)
    assert (answer["error_codes"], "signature" in answer["error_description"]) == ([700027], True)


def test_expired_certificate(sandbox: Sandbox) -> None:
    one = application(sandbox)
    public_pem, private_pem, thumbprint = certificates.make(days=-1)
    one.certificates.append(public_pem)
    credential = {"private_key": private_pem.decode(), "thumbprint": thumbprint}
    answer = confidential(sandbox, one, credential)
    assert (answer["error_codes"], "expired" in answer["error_description"]) == ([700027], True)


def test_federated(sandbox: Sandbox) -> None:
    one = application(sandbox)
    one.federations.append(Federation("https://ci.invalid", "repo:shop:main"))
    good = federated_token(sandbox.cloud, one)
    assert "access_token" in confidential(sandbox, one, {"client_assertion": lambda: good})
    stale = federated_token(sandbox.cloud, one, lifetime_s=-1000)
    assert confidential(sandbox, one, {"client_assertion": lambda: stale})["error_codes"] == [
        700024
    ]
    one.federations[0] = Federation("https://ci.invalid", "repo:shop:other")
    assert confidential(sandbox, one, {"client_assertion": lambda: good})["error_codes"] == [700213]


@pytest.mark.parametrize(
    ("kind", "number"),
    [("blocked", 53003), ("disabled", 7000112), ("expired", 7000222), ("consent", 65001)],
)
def test_an_application_is_refused(sandbox: Sandbox, kind: str, number: int) -> None:
    one = application(sandbox)
    sandbox.cloud.faults.add(Fault(kind, principal=one.client_id))
    assert confidential(sandbox, one, one.secrets[0])["error_codes"] == [number]


def test_managed_identity(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    system, other = sandbox.cloud.population.identities.values()
    for name, value in sandbox.identity_environment().items():
        monkeypatch.setenv(name, value)
    for wanted, identity in (
        (msal.SystemAssignedManagedIdentity(), system),
        (msal.UserAssignedManagedIdentity(client_id=other.client_id), other),
    ):
        client = msal.ManagedIdentityClient(wanted, http_client=requests.Session())
        answer = client.acquire_token_for_client(resource=sandbox.url)
        claims = sandbox.cloud.signer.open(answer["access_token"])
        assert (claims["oid"], claims["aud"]) == (
            identity.object_id(identity.tenant),
            sandbox.url,
        )


def test_managed_identity_by_imds(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.identity_environment(imds=True).items():
        monkeypatch.setenv(name, value)
    wanted = msal.SystemAssignedManagedIdentity()
    client = msal.ManagedIdentityClient(wanted, http_client=requests.Session())
    assert "access_token" in client.acquire_token_for_client(resource=sandbox.url)
