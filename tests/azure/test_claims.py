from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.azure import claims

OBJECTS = st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9), max_size=4)


def token(payload: bytes) -> str:
    return f"h.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.s"


@given(OBJECTS)
def test_the_claims_of_a_token(found: dict[str, object]) -> None:
    assert claims.read(token(json.dumps(found).encode())) == found


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        claims.read(text)
    except ValueError:
        return
    assert text.count(".") == 2


@given(st.binary(max_size=60))
def test_any_claims_are_read_or_refused(payload: bytes) -> None:
    try:
        assert isinstance(claims.read(token(payload)), dict)
    except ValueError:
        return


def test_depth_is_damage_not_a_bug() -> None:
    deep = b'{"a":' * 100_000
    with pytest.raises(ValueError, match=r"."):
        claims.read(token(deep))
    with pytest.raises(ValueError, match=r"."):
        claims.challenge(deep.decode())


@given(OBJECTS)
def test_a_challenge_is_json_or_base64_of_it(found: dict[str, object]) -> None:
    text = json.dumps(found)
    assert claims.challenge(text) == text
    assert claims.challenge(claims.packed(text)) == text
    assert claims.challenge(base64.b64encode(text.encode()).decode()) == text


@given(st.text(max_size=40))
def test_any_challenge_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(json.loads(claims.challenge(text)), dict)
    except ValueError:
        return


@pytest.mark.parametrize("value", [None, "1", True, 1.5, []])
def test_what_is_no_time_is_none(value: object) -> None:
    assert claims.seconds({"exp": value}, "exp") in (0, True)
    assert not claims.text({"upn": value, "name": ""}, "name")
