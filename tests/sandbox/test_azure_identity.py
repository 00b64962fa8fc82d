"""azure-identity, as every SDK for Python uses it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
)

from azenv.sandbox.clients import federated_token
from azenv.sandbox.population import PASSWORD, Federation
from tests import certificates
from tests.sandbox.conftest import AZ_CLIENT, Browser

if TYPE_CHECKING:
    import datetime as dt

    from azure.core.credentials import TokenCredential

    from azenv.sandbox.population import Application
    from azenv.sandbox.server import Sandbox

# What SDKs ask for: the slash of the resource is doubled.
SCOPE = "https://management.azure.com//.default"


def application(sandbox: Sandbox) -> Application:
    return next(iter(sandbox.cloud.population.applications.values()))


def seen(sandbox: Sandbox, credential: TokenCredential) -> dict[str, object]:
    return sandbox.cloud.signer.open(credential.get_token(SCOPE).token)


def options(sandbox: Sandbox) -> dict[str, Any]:
    return {"authority": sandbox.url, "disable_instance_discovery": True}


def test_secret(sandbox: Sandbox) -> None:
    one = application(sandbox)
    words = (one.tenant, one.client_id)
    good = ClientSecretCredential(*words, one.secrets[0], **options(sandbox))
    assert seen(sandbox, good)["appid"] == one.client_id
    bad = ClientSecretCredential(*words, "wrong", **options(sandbox))
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        bad.get_token(SCOPE)


def test_certificate(sandbox: Sandbox) -> None:
    one = application(sandbox)
    public_pem, private_pem, _ = certificates.make()
    one.certificates.append(public_pem)
    credential = CertificateCredential(
        one.tenant,
        one.client_id,
        certificate_data=private_pem + public_pem,
        **options(sandbox),
    )
    assert seen(sandbox, credential)["appid"] == one.client_id


def test_federated(sandbox: Sandbox) -> None:
    one = application(sandbox)
    one.federations.append(Federation("https://ci.invalid", "repo:shop:main"))
    credential = ClientAssertionCredential(
        one.tenant,
        one.client_id,
        lambda: federated_token(sandbox.cloud, one),
        **options(sandbox),
    )
    assert seen(sandbox, credential)["appid"] == one.client_id


def test_device_code(sandbox: Sandbox) -> None:
    def approve(uri: str, code: str, _expires: dt.datetime) -> None:
        browser = Browser(sandbox, user_code=code, username="ada@contoso.com", password=PASSWORD)
        threading.Thread(target=browser.open, args=(uri,), daemon=True).start()

    credential = DeviceCodeCredential(
        AZ_CLIENT, prompt_callback=approve, timeout=30, **options(sandbox)
    )
    assert seen(sandbox, credential)["upn"] == "ada@contoso.com"


@pytest.mark.parametrize("imds", [False, True], ids=["app-service", "imds"])
def test_managed_identity(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, imds: bool) -> None:  # noqa: FBT001  a parameter of the test
    for name, value in sandbox.identity_environment(imds=imds).items():
        monkeypatch.setenv(name, value)
    identity = list(sandbox.cloud.population.identities.values())[1]
    credential = ManagedIdentityCredential(client_id=identity.client_id)
    assert seen(sandbox, credential)["oid"] == identity.object_id(identity.tenant)
