"""What an ARM says of its cloud: used where it is sound, else refused, whatever it is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from azenv.azure import metadata
from azenv.azure.endpoints import AUTHORITY, RESOURCE, RESOURCE_MANAGER
from azenv.core.errors import AzenvError

URL = "https://arm.stack.example"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
SOUND: dict[str, Any] = {
    "authentication": {
        "loginEndpoint": "https://login.stack.example/",
        "audiences": ["https://arm.stack.example/"],
    },
    "portal": "https://portal.stack.example",
    "suffixes": {"storage": "stack.example", "keyVaultDns": "vault.stack.example"},
}


class Answer:
    """What `Transport.get` gives."""

    status_code = 200

    def __init__(self, body: object) -> None:
        self.text = json.dumps(body)
        self.content = self.text.encode()
        self.headers = {"Content-Type": "application/json"}
        self.url = URL

    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.text)


class Always:
    """A network in which everything gives the same answer."""

    def __init__(self, body: object) -> None:
        self._answer = Answer(body)

    def get(self, _url: str) -> Answer:
        return self._answer


def discover(body: object) -> dict[str, str]:
    return metadata.discover("stack", URL, Always(body))  # type: ignore[arg-type]  # its shape


def test_a_sound_one() -> None:
    found = discover([SOUND])
    assert found[RESOURCE_MANAGER] == URL
    assert found[AUTHORITY] == "https://login.stack.example"
    assert found[RESOURCE] == "https://arm.stack.example/"
    assert found["suffix_storage_endpoint"] == "stack.example"
    assert found["suffix_keyvault_dns"] == ".vault.stack.example"  # az writes the dot


@given(JSON)
def test_any_answer_is_used_or_refused(body: object) -> None:
    try:
        found = discover(body)
    except AzenvError:
        return
    assert all(map(str.isprintable, found.values()))


@given(st.sampled_from(["authentication", "portal", "suffixes"]), JSON)
def test_any_part_is_used_or_refused(key: str, part: object) -> None:
    try:
        found = discover(SOUND | {key: part})
    except AzenvError:
        return
    assert all(map(str.isprintable, found.values()))


@given(st.sampled_from(["loginEndpoint", "audiences"]), JSON)
def test_any_sign_in_is_used_or_refused(key: str, part: object) -> None:
    try:
        found = discover(SOUND | {"authentication": SOUND["authentication"] | {key: part}})
    except AzenvError:
        return
    assert found[AUTHORITY].startswith("https://")


@given(st.sampled_from(["storage", "keyVaultDns", "mhsmDns"]), JSON)
def test_any_suffix_is_used_or_refused(key: str, part: object) -> None:
    try:
        discover(SOUND | {"suffixes": {key: part}})
    except AzenvError:
        return
