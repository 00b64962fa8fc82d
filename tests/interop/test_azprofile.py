"""az's profile: rows with their identity, both ways; az's default, read and set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from azenv.core.errors import AzenvError, DamagedError
from azenv.core.model import MANAGED_IDENTITY, SERVICE_PRINCIPAL, USER, Account, Target, Tenant
from azenv.interop import azcaches, azclouds, azprofile, azrows, foreign
from tests.interop import fabricated
from tests.interop.fabricated import ALICE, APP, BOB, CONTOSO, DEV, FABRIKAM, PROD
from tests.interop.strategies import targets

if TYPE_CHECKING:
    from pathlib import Path

# As az 2.91 wrote it after a sign-in by device code over two tenants.
CAPTURED = {
    "id": DEV,
    "name": "dev",
    "state": "Enabled",
    "user": {"name": ALICE, "type": "user"},
    "isDefault": True,
    "tenantId": CONTOSO,
    "environmentName": "AzureCloud",
    "homeTenantId": CONTOSO,
    "tenantDefaultDomain": "contoso.example",
    "tenantDisplayName": "Contoso",
    "managedByTenants": [{"tenantId": FABRIKAM}],
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return fabricated.make_base(tmp_path / ".azure")


def _only(row: dict[str, Any]) -> Target:
    ((target, _),) = azprofile.targets([row])
    return target


def _names(target: Target) -> Target:
    """Return what az's rows can hold of a target: users by name, tenant-only rows by id."""
    account = target.account
    if account.kind == USER:
        account = Account(account.username)
    tenant = target.tenant if target.subscription else Tenant(target.tenant.id)
    return Target(target.cloud, account, tenant, target.subscription)


def test_a_row_survives_with_its_keys_in_az_s_order() -> None:
    written = azprofile.row(_only(CAPTURED), default=True)
    assert json.dumps(written) == json.dumps(CAPTURED)


@given(targets())
def test_a_target_survives_a_row(target: Target) -> None:
    written = azprofile.row(target)
    assert _only(json.loads(json.dumps(written))) == _names(target)


@given(targets())
def test_a_row_has_what_prompts_insist_on(target: Target) -> None:
    written = azprofile.row(target)
    assert isinstance(written["isDefault"], bool)
    assert all(isinstance(written[key], str) for key in ("id", "name", "tenantId"))
    assert isinstance(written["user"]["name"], str)


@pytest.mark.parametrize(
    ("user", "kind", "home_id"),
    [
        ({"name": APP, "type": "servicePrincipal"}, SERVICE_PRINCIPAL, f"{APP}.{CONTOSO}"),
        (
            {"name": "systemAssignedIdentity", "type": "servicePrincipal"},
            MANAGED_IDENTITY,
            "MSI",
        ),
        (
            {
                "name": "userAssignedIdentity",
                "type": "servicePrincipal",
                "assignedIdentityInfo": "MSIClient-1",
            },
            MANAGED_IDENTITY,
            "MSIClient-1",
        ),
        ({"name": ALICE, "type": "user", "cloudShellID": True}, USER, f"cloudShell:{ALICE}"),
    ],
)
def test_every_kind_of_account(user: dict[str, object], kind: str, home_id: str) -> None:
    row = {**CAPTURED, "user": user}
    account = _only(row).account
    assert (account.kind, account.home_id) == (kind, home_id)
    assert azrows.account(azprofile.row(_only(row))) == azrows.account(row)


def test_a_certificate_with_its_issuer() -> None:
    user = {"name": APP, "type": "servicePrincipal", "useCertSNIssuerAuth": True}
    target = _only({**CAPTURED, "user": user})
    assert target.account.certificate_sni
    assert azprofile.row(target)["user"] == user


def test_users_get_their_home_id_from_the_token_cache(base: Path) -> None:
    found = azprofile.targets(azprofile.load(str(base)), azcaches.home_ids(str(base)))
    homes = {target.account.username: target.account for target, _ in found}
    assert homes[ALICE].home_id == fabricated.home_id(ALICE)
    assert homes[BOB].home_tenant == FABRIKAM
    assert [target.subscription.name for target, is_default in found if is_default] == ["dev"]  # type: ignore[union-attr]


def test_no_profile_is_an_empty_one(tmp_path: Path) -> None:
    assert azprofile.load(str(tmp_path)).rows == []
    assert azprofile.default_target(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"subscriptions": [', "Expecting"),
        ("[]", "not a JSON object"),
        ('{"subscriptions": {}}', '"subscriptions" is not a list'),
        ('{"subscriptions": [1]}', "subscriptions[0] is not an object"),
        ('{"subscriptions": [{"id": NaN}]}', "subscriptions[0].id is not a text"),
        ('{"subscriptions": [{"id": "\\ud800"}]}', "subscriptions[0].id is not a text"),
        ('{"subscriptions": ' + "[" * 100_000, "too deeply"),
        ('{"subscriptions": [' + "9" * 5000 + "]}", "integer string conversion"),
        ("\udcff", "utf-8"),
    ],
)
def test_damage_is_named_and_never_overwritten(tmp_path: Path, text: str, where: str) -> None:
    file = tmp_path / "azureProfile.json"
    data = text.encode("utf-8", "surrogateescape")
    file.write_bytes(data)
    with pytest.raises(DamagedError) as caught:
        azprofile.load(str(tmp_path))
    assert str(file) in caught.value.message
    assert where in caught.value.message
    with pytest.raises(DamagedError):
        azprofile.set_default(str(tmp_path), _only(CAPTURED))
    assert file.read_bytes() == data


def test_a_fifo_is_refused(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "azureProfile.json")
    with pytest.raises(DamagedError, match="not a plain file"):
        azprofile.load(str(tmp_path))


def test_set_default_writes_what_az_reads(base: Path) -> None:
    before = (base / "azureProfile.json").read_bytes()
    assert azprofile.set_default(str(base), _only(fabricated.ALICE_ROWS[1]))
    rows = fabricated.read_profile(base)
    assert [row["name"] for row in rows if row["isDefault"]] == ["prod"]
    assert (base / "azureProfile.json").read_bytes().startswith(b"\xef\xbb\xbf{")
    assert (base / "azureProfile.json").stat().st_mode & 0o777 == 0o600
    assert (base / "azureProfile.json.azenv-backup").read_bytes() == before
    assert azclouds.text(str(base), "clouds.config") == f"[AzureCloud]\nsubscription = {PROD}\n\n"
    assert not list(base.glob("*.azenv-[0-9]*"))


def test_set_default_knows_only_rows_of_that_account(base: Path) -> None:
    before = (base / "azureProfile.json").read_bytes()
    stranger = {**fabricated.ALICE_ROWS[0], "user": {"name": BOB, "type": "user"}}
    assert not azprofile.set_default(str(base), _only(stranger))
    assert (base / "azureProfile.json").read_bytes() == before


def test_set_default_switches_az_s_cloud_too(base: Path) -> None:
    row = {**fabricated.ALICE_ROWS[0], "environmentName": "AzureChinaCloud"}
    fabricated.write_profile(base, [dict(row), dict(fabricated.BOB_ROWS[0])], fabricated.BANK)
    assert azprofile.set_default(str(base), _only(row))
    assert azclouds.active(str(base)) == "AzureChinaCloud"
    found = azprofile.default_target(str(base))
    assert found is not None
    assert found[0].cloud == "AzureChinaCloud"


def test_the_fingerprint_follows_az_s_choice(base: Path) -> None:
    _, first = azprofile.default_row(str(base)) or ({}, "")
    fabricated.write_profile(base, fabricated.read_profile(base), PROD)
    _, second = azprofile.default_row(str(base)) or ({}, "")
    fabricated.write_profile(base, fabricated.read_profile(base), DEV)
    assert first != second
    assert azprofile.default_row(str(base)) == (fabricated.read_profile(base)[0], first)


def test_a_file_that_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1")
    seen = []

    def edit(data: bytes | None) -> bytes:
        seen.append(data)
        if len(seen) == 1:
            file.write_bytes(b"2")
        return (data or b"") + b"!"

    assert foreign.change(str(file), edit)
    assert (seen, file.read_bytes()) == ([b"1", b"2"], b"2!")


def test_a_file_that_never_rests_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "f"

    def edit(data: bytes | None) -> bytes:
        file.write_bytes((data or b"") + b".")
        return b"mine"

    with pytest.raises(AzenvError, match="keeps changing"):
        foreign.change(str(file), edit)
    assert set(file.read_bytes()) == set(b".")


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "link").symlink_to("real")
    foreign.change(str(tmp_path / "link"), lambda _: b"2")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"2"
