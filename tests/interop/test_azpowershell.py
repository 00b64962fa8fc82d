"""Azure PowerShell's files: read, written, refused."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core.errors import DamagedError, NotFoundError
from azenv.core.model import MANAGED_IDENTITY, Target
from azenv.interop import azpowershell
from azenv.interop.detect import detect
from tests.interop.fabricated import ALICE, CONTOSO, DEV, home_id
from tests.interop.strategies import targets, texts

if TYPE_CHECKING:
    from pathlib import Path

NAME = f"Contoso Dev ({DEV}) - {CONTOSO} - {ALICE}"


def _sample(**account: object) -> dict[str, Any]:
    """Return a file with one context, every key as Azure PowerShell writes it."""
    extended = {"Tenants": CONTOSO, "HomeAccountId": home_id(ALICE)}
    return {
        "DefaultContextKey": NAME,
        "EnvironmentTable": {},
        "Contexts": {
            NAME: {
                "Account": {
                    "Id": ALICE,
                    "Credential": None,
                    "Type": "User",
                    "TenantMap": {},
                    "ExtendedProperties": extended,
                    **account,
                },
                "Tenant": {
                    "Id": CONTOSO,
                    "Directory": None,
                    "IsHome": True,
                    "ExtendedProperties": {"DisplayName": "Contoso", "DefaultDomain": "c.example"},
                },
                "Subscription": {
                    "Id": DEV,
                    "Name": "Contoso Dev",
                    "State": "Enabled",
                    "ExtendedProperties": {"HomeTenant": CONTOSO, "ManagedByTenants": ""},
                },
                "Environment": {"Name": "azurecloud", "Type": "Discovered"},
                "VersionProfile": None,
                "TokenCache": {"CacheData": None},
                "ExtendedProperties": {"Default Resource Group": "rg-dev"},
            }
        },
        "ExtendedProperties": {},
    }


def _parsed(found: object) -> azpowershell.Imported:
    return azpowershell.parse(b"\xef\xbb\xbf" + json.dumps(found, indent=2).encode(), "FILE")


def test_a_context_with_everything_azure_powershell_keeps() -> None:
    found = _parsed(_sample())
    ((name, target, group),) = found.contexts
    assert (name, group, found.default_name) == (NAME, "rg-dev", NAME)
    assert not found.had_secrets
    assert target.cloud == "AzureCloud"
    assert (target.account.username, target.account.home_id) == (ALICE, home_id(ALICE))
    assert (target.tenant.name, target.tenant.domain) == ("Contoso", "c.example")
    assert target.subscription is not None
    assert target.subscription.home_tenant == CONTOSO


@pytest.mark.parametrize(
    "account",
    [
        {"Type": "AccessToken", "ExtendedProperties": {"AccessToken": "eyJ", "Tenants": CONTOSO}},
        {"Type": "ClientAssertion", "ExtendedProperties": {"ClientAssertion": "eyJ"}},
        {"Type": "ServicePrincipal", "ExtendedProperties": {"ServicePrincipalSecret": "s"}},
        {"Type": "Certificate", "ExtendedProperties": {"CertificatePassword": "s"}},
        {"Credential": {"UserName": "x"}},
    ],
)
def test_secrets_are_told_and_dropped(account: dict[str, object]) -> None:
    found = _parsed(_sample(**account))
    assert found.had_secrets
    assert len(found.contexts) == 1
    written = azpowershell.dump(found.contexts, found.default_name, found.clouds)
    assert not _parsed(json.loads(written.decode("utf-8-sig"))).had_secrets
    assert b"eyJ" not in written


def test_a_token_cache_is_a_secret() -> None:
    sample = _sample()
    sample["Contexts"][NAME]["TokenCache"]["CacheData"] = "AAAA"
    assert _parsed(sample).had_secrets


def test_a_managed_identity_is_the_one_that_az_knows() -> None:
    ((_, target, _),) = _parsed(_sample(Type="ManagedService", Id="MSI@50342")).contexts
    assert (target.account.kind, target.account.home_id) == (MANAGED_IDENTITY, "MSI")


def test_placeholders_and_strangers_are_named() -> None:
    sample = _sample()
    sample["Contexts"]["Default"] = {"Account": None, "Tenant": None}
    sample["Contexts"]["odd"] = {"Account": {"Id": "x", "Type": "Robot"}, "Tenant": {"Id": "t"}}
    found = _parsed(sample)
    assert found.skipped == ["Default", "odd"]
    assert len(found.contexts) == 1


def test_own_clouds_come_with_az_s_options() -> None:
    sample = _sample()
    lab = {
        "Name": "StackLab",
        "ActiveDirectoryAuthority": "https://login.lab.example/",
        "ResourceManagerUrl": "https://arm.lab.example/",
        "AzureKeyVaultDnsSuffix": "vault.lab.example",
    }
    sample["EnvironmentTable"]["StackLab"] = lab
    sample["Contexts"][NAME]["Environment"] = lab
    found = _parsed(sample)
    assert found.clouds == {
        "StackLab": {
            "endpoint_active_directory": "https://login.lab.example/",
            "endpoint_resource_manager": "https://arm.lab.example/",
            "suffix_keyvault_dns": ".vault.lab.example",
        }
    }
    written = azpowershell.dump(found.contexts, "", found.clouds)
    assert _parsed(json.loads(written.decode("utf-8-sig"))) == azpowershell.Imported(
        found.contexts, "", found.clouds
    )


@given(
    st.lists(st.tuples(texts, targets(), st.just("") | texts), max_size=4, unique_by=lambda c: c[0])
)
def test_what_is_saved_is_read_again(contexts: list[tuple[str, Target, str]]) -> None:
    default = contexts[0][0] if contexts else ""
    written = azpowershell.dump(contexts, default, {})
    assert written.startswith(b"\xef\xbb\xbf{")
    found = azpowershell.parse(written, "FILE")
    assert found.contexts == contexts
    assert found.default_name == default
    assert detect(written) == "azpowershell"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Contexts",), []),
        (("Contexts", NAME), "text"),
        (("Contexts", NAME, "Account"), [1]),
        (("Contexts", NAME, "Account", "Id"), 7),
        (("Contexts", NAME, "Account", "ExtendedProperties"), "x"),
        (("Contexts", NAME, "Tenant", "Id"), {"a": 1}),
        (("Contexts", NAME, "Subscription", "Name"), float("nan")),
        (("Contexts", NAME, "Environment", "Name"), True),
        (("EnvironmentTable",), "x"),
        (("DefaultContextKey",), ["\ud800"]),
    ],
)
def test_wrong_types_are_named(path: tuple[str, ...], value: object) -> None:
    sample = _sample()
    inside = sample
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    with pytest.raises(DamagedError) as caught:
        _parsed(sample)
    assert ".".join(path) in caught.value.message


keys = st.sampled_from(["Contexts", "Account", "Id", "Tenant", "EnvironmentTable", "x"])
leaves = st.none() | st.floats() | st.text()
anything = st.recursive(leaves, lambda x: st.lists(x) | st.dictionaries(keys, x))


@given(anything)
def test_no_json_breaks_the_reader(found: object) -> None:
    with contextlib.suppress(DamagedError):
        _parsed(found)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{" * 100_000, b'{"a":' * 100_000, b"\xff{}x"])
def test_what_does_not_parse_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedError, match="FILE"):
        azpowershell.parse(data, "FILE")


def test_files_of_before_2017_are_refused_with_a_way_out() -> None:
    with pytest.raises(DamagedError, match="2017") as caught:
        _parsed({"Environments": {}, "Context": {"TokenCache": "AAAA"}})
    assert caught.value.hint is not None
    assert "Save-AzContext" in caught.value.hint


def test_both_spellings_of_the_directory(tmp_path: Path) -> None:
    assert azpowershell.find(str(tmp_path)) is None
    for folder in (".azure", ".Azure"):
        (tmp_path / folder).mkdir(exist_ok=True)
        file = tmp_path / folder / "AzureRmContext.json"
        file.write_text(json.dumps(_sample()))
        assert azpowershell.find(str(tmp_path)) == str(file)
        assert azpowershell.load(str(file)).default_name == NAME


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        azpowershell.load(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    ("data", "tool"),
    [
        (b'\xef\xbb\xbf{"installationId": "x", "subscriptions": []}', "azcli"),
        (b'{"Contexts": {}}', "azpowershell"),
        (b'{"Environments": {}, "Context": {}}', "azpowershell"),
        (b'{"x": 1}', None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
)
def test_who_wrote_it(data: bytes, tool: str | None) -> None:
    assert detect(data) == tool
