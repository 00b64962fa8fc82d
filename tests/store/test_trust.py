from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenv.core.errors import DamagedError
from azenv.store import clouds, trust
from azenv.store.trust import ALLOW, DENY, Entry, Trust

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(TEXT, st.tuples(st.sampled_from([ALLOW, DENY]), TEXT, TEXT), max_size=4))
def test_decisions_come_back_as_they_were(
    tmp_path: Path, decisions: dict[str, tuple[str, str, str]]
) -> None:
    kept = Trust({pin: Entry(*entry) for pin, entry in decisions.items()})
    trust.save(str(tmp_path), kept)
    found = {
        pin: (entry.verdict, entry.content, entry.context_id)
        for pin, entry in trust.load(str(tmp_path))
    }
    assert found == decisions


def test_only_the_exact_content_is_decided_about() -> None:
    kept = Trust()
    kept.decide("/p", Entry(ALLOW, "one", "id"))
    assert kept.entry("/p", "one")
    assert kept.entry("/p", "one ") is None
    assert kept.entry("/q", "one") is None
    kept.decide("/p", Entry(DENY, "two"))
    assert kept.entry("/p", "one") is None
    assert kept.forget("/p")
    assert not kept.forget("/p")


def test_a_directory_that_is_no_utf_8_can_be_decided_about(tmp_path: Path) -> None:
    pin = b"/a/\xff/.azenv.toml".decode("utf-8", "surrogateescape")
    trust.save(str(tmp_path), Trust({pin: Entry(DENY, "x")}))
    assert trust.load(str(tmp_path)).last(pin)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": 2, "pins": {}}', '{"schema": 1, "pins": []}', "[" * 99999],
)
@pytest.mark.parametrize("module", [trust, clouds])
def test_what_does_not_parse_is_refused_and_named(
    tmp_path: Path, text: str, module: object
) -> None:
    name = "trust.json" if module is trust else "clouds.json"
    (tmp_path / name).write_text(text)
    (tmp_path / name).chmod(0o600)
    with pytest.raises(DamagedError, match=name):
        module.load(str(tmp_path))  # type: ignore[attr-defined]


def test_clouds_come_back_as_they_were(tmp_path: Path) -> None:
    assert clouds.load(str(tmp_path)) == {}
    kept = {"Stack": {"endpoint_active_directory": "https://login.x.example"}, "ü": {}}
    clouds.save(str(tmp_path), kept)
    assert clouds.load(str(tmp_path)) == kept
    assert json.loads((tmp_path / "clouds.json").read_text())["schema"] == 1
