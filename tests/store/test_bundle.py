from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenv.core.errors import AzenvError, DamagedError
from azenv.core.model import Credential
from azenv.store import bundle
from azenv.store.bundle import Bundle
from tests.core.strategies import CONTEXTS

if TYPE_CHECKING:
    from azenv.core.model import Context

PASSPHRASE = "correct horse battery staple"
FILE = "moved.azenv"
IN_THE_FIELD = (bundle.N, bundle.R, bundle.P)
HEADER = len(bundle.MAGIC) + struct.calcsize(">IIIQ16s12s")


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hypothesis make hundreds; what N is in the field has a test of its own."""
    monkeypatch.setattr(bundle, "N", 2**4)


def sealed() -> bytes:
    holder = ("azurecloud", "uid.utid")
    secrets = {"azurecloud\x1fuid.utid": {"secret": "s3cr3t"}}
    return bundle.seal(
        Bundle(credentials={holder: Credential("secret")}, cache="{}", secrets=secrets), PASSPHRASE
    )


def with_parameters(n: int, r: int, p: int, data: bytes) -> bytes:
    at = len(bundle.MAGIC)
    return data[:at] + struct.pack(">III", n, r, p) + data[at + 12 :]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SECRETS = st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CONTEXTS, max_size=4), TEXTS, SECRETS, SECRETS, TEXTS)
def test_what_goes_in_comes_out(
    items: list[Context],
    default: str,
    clouds: dict[str, dict[str, str]],
    secrets: dict[str, dict[str, str]],
    passphrase: str,
) -> None:
    whole = Bundle(items, default, clouds, {}, "", secrets)
    assert bundle.unseal(bundle.seal(whole, passphrase), passphrase, FILE) == whole


def test_the_key_costs_what_the_field_agrees_on() -> None:
    # RFC 7914 and OWASP's password storage cheat sheet
    assert IN_THE_FIELD == (131072, 8, 1)


def test_two_bundles_of_the_same_have_nothing_in_common() -> None:
    one, other = sealed(), sealed()
    at = len(bundle.MAGIC) + 20
    assert one[at : at + 28] != other[at : at + 28]
    assert one[HEADER:] != other[HEADER:]


def test_another_passphrase() -> None:
    with pytest.raises(DamagedError, match="the passphrase does not open") as caught:
        bundle.unseal(sealed(), "wrong horse", FILE)
    assert "horse" not in str(caught.value)


def test_accents_may_be_typed_either_way() -> None:
    data = bundle.seal(Bundle(default="dev"), "\u00e9tude in C")
    assert bundle.unseal(data, "e\u0301tude in C", FILE).default == "dev"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.data())
def test_no_bit_may_change(data: st.DataObject) -> None:
    whole = sealed()
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    changed = bytearray(whole)
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises(AzenvError):
        bundle.unseal(bytes(changed), PASSPHRASE, FILE)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_it_is_whole_or_refused(data: st.DataObject) -> None:
    whole = sealed()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(DamagedError, match=r"cut short|not whole"):
        bundle.unseal(cut, PASSPHRASE, FILE)
    with pytest.raises(DamagedError, match="not whole"):
        bundle.unseal(whole + b"x", PASSPHRASE, FILE)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(AzenvError):
        bundle.unseal(bundle.MAGIC + data, PASSPHRASE, FILE)


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [
        (2**20, 8, 1),  # 1 GiB
        (2**19, 16, 1),  # 1 GiB
        (2**31, 1, 1),
        (2**17, 2**20, 1),
        (2**17, 8, 2**30),
        (2**17 + 1, 8, 1),  # scrypt wants a power of two
        (1, 8, 1),
        (0, 8, 1),
        (2**17, 0, 1),
        (2**17, 8, 0),
    ],
)
def test_parameters_have_limits_before_they_cost_anything(n: int, r: int, p: int) -> None:
    with pytest.raises(DamagedError, match="does not compute"):
        bundle.ensure_whole(with_parameters(n, r, p, sealed()), FILE)


def test_parameters_are_authenticated() -> None:
    # the key of these is another one; that they are bound besides is seen on the header's bytes
    with pytest.raises(DamagedError, match="does not open"):
        bundle.unseal(with_parameters(2**5, 8, 1, sealed()), PASSPHRASE, FILE)


def test_a_newer_one() -> None:
    data = sealed().replace(b"azenv bundle 1\n", b"azenv bundle 2\n", 1)
    assert bundle.is_bundle(data)
    with pytest.raises(AzenvError, match="a newer azenv wrote"):
        bundle.ensure_whole(data, FILE)


SOUND = {"contexts": [], "default": "", "clouds": {}, "credentials": [], "cache": "", "secrets": {}}


@pytest.mark.parametrize(
    "part",
    [
        {"contexts": [1]},
        {"contexts": [{"id": "../x"}]},
        {"default": None},
        {"clouds": []},
        {"clouds": {"x": "y"}},
        {"credentials": [{"method": "magic"}]},
        {"cache": "no JSON"},
        {"cache": "[]"},
        {"cache": '{"RefreshToken": {"x": 1}}'},
        {"secrets": {"x": 1}},
    ],
    ids=str,
)
def test_content_that_is_no_bundle(
    monkeypatch: pytest.MonkeyPatch, part: dict[str, object]
) -> None:
    monkeypatch.setattr(bundle, "_dump", lambda _: json.dumps(SOUND | part).encode())
    with pytest.raises(DamagedError, match="content"):
        bundle.unseal(sealed(), PASSPHRASE, FILE)
