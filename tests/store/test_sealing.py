from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core.errors import AzenvError
from azenv.store import sealing, tokentable

KEY, ID = bytes(range(32)), bytes(16)
SECTIONS = st.lists(st.binary(max_size=100), min_size=1, max_size=3)


def sealed(sections: list[bytes], label: str = "x.bin", generation: int = 7) -> bytes:
    return sealing.seal(sections, key=KEY, key_id=ID, generation=generation, label=label)


def unsealed(data: bytes, count: int, label: str = "x.bin", key: bytes = KEY) -> list[bytes]:
    return sealing.unseal(data, key=key, label=label, count=count)


@given(SECTIONS, st.integers(0, 2**64 - 1))
def test_what_goes_in_comes_out(sections: list[bytes], generation: int) -> None:
    data = sealed(sections, generation=generation)
    assert unsealed(data, len(sections)) == sections
    assert (sealing.key_id(data), sealing.generation(data)) == (ID, generation)


@given(SECTIONS, st.data())
def test_no_bit_may_change(sections: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(sealed(sections))
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[at // 8] ^= 1 << at % 8
    with pytest.raises((ValueError, AzenvError)):
        unsealed(bytes(whole), len(sections))


@given(SECTIONS, st.data())
def test_it_is_whole_or_refused(sections: list[bytes], data: st.DataObject) -> None:
    whole = sealed(sections)
    with pytest.raises(ValueError, match=r"."):
        unsealed(whole[: data.draw(st.integers(0, len(whole) - 1))], len(sections))
    with pytest.raises(ValueError, match="something follows"):
        unsealed(whole + b"x", len(sections))
    for count in (len(sections) - 1, len(sections) + 1):
        with pytest.raises(ValueError, match=r"."):
            unsealed(whole, count)


@given(st.binary(max_size=300), st.integers(0, 3))
def test_any_bytes_are_refused(data: bytes, count: int) -> None:
    with pytest.raises((ValueError, AzenvError)):
        unsealed(sealing.MAGIC + data, count)


def test_nothing_moves_between_files_keys_and_places() -> None:
    one, other = b"one", b"other"
    with pytest.raises(ValueError, match="changed"):
        unsealed(sealed([one]), 1, label="y.bin")
    with pytest.raises(ValueError, match="changed"):
        unsealed(sealed([one]), 1, key=bytes(32))
    data = sealed([one, one])
    head = len(data) - 2 * (4 + 12 + 3 + 16)
    first, second = data[head : head + 35], data[head + 35 :]
    with pytest.raises(ValueError, match="changed"):
        unsealed(data[:head] + second + first, 2)
    older = sealed([one], generation=6)
    with pytest.raises(ValueError, match="changed"):
        unsealed(sealed([other])[:32] + older[32:], 1)


# a scope is words with blanks between them
WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "home_account_id": WORD,
            "environment": st.sampled_from(["a.test", "b.test"]),
            "client_id": WORD,
            "realm": WORD,
            "target": WORD.map(lambda name: f"https://{name}/.default"),
            "secret": st.text(st.characters(codec="utf-8"), max_size=30),
            "expires_on": st.integers(0, 200).map(str),
        }
    ),
    max_size=30,
)


@given(ENTRIES)
def test_the_table_has_what_the_cache_has(entries: list[dict[str, Any]]) -> None:
    cache = {"AccessToken": {str(n): entry for n, entry in enumerate(entries)}}
    table = tokentable.build(json.dumps(cache), 100)
    best: dict[bytes, int] = {}
    for entry in entries:
        name = digest_of(entry)
        best[name] = max(best.get(name, 0), int(entry["expires_on"]))
    for entry in entries:
        found = tokentable.find(table, digest_of(entry))
        expiry = best[digest_of(entry)]
        assert (found and found[1]) == (expiry if expiry > 100 else None)
        if found and [digest_of(e) for e in entries].count(digest_of(entry)) == 1:
            assert found[0] == entry["secret"]


def digest_of(entry: dict[str, Any]) -> bytes:
    return tokentable.digest(
        entry["home_account_id"],
        entry["environment"],
        entry["client_id"],
        entry["realm"],
        entry["target"].removesuffix("/.default"),
    )
