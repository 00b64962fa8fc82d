from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azenv.core import delta, slots, variables
from azenv.core.slots import CloudFacts
from tests.core.strategies import CONTEXTS

NAMES = st.sampled_from(variables.NAMES)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ENVIRONS = st.dictionaries(NAMES | st.just("PATH"), VALUES, max_size=12)
PLAIN = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8)
KINDS = st.text("=-.?", min_size=len(variables.NAMES), max_size=len(variables.NAMES)).map(
    lambda kinds: "==" + kinds[2 : len(variables.SETTABLE)] + kinds[len(variables.SETTABLE) :]
)
OURS = st.lists(PLAIN, min_size=len(variables.SETTABLE) - 2, max_size=len(variables.SETTABLE) - 2)

Environ = dict[str, str]


def applied(environ: Environ, changes: delta.Changes) -> Environ:
    out = dict(environ)
    for name, value in changes.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = value
    return out


def clean(kinds: str) -> str:
    """Return kinds in which only a settable name is set, as a record has them."""
    head, tail = kinds[: len(variables.SETTABLE)], kinds[len(variables.SETTABLE) :]
    return head + tail.replace("=", "-").replace("?", ".")


def may_come_back(name: str, value: str) -> bool:
    return name not in variables.SECRET and delta.US not in value


@given(ENVIRONS, KINDS, OURS)
def test_leaving_gives_back_what_entering_took(
    before: Environ, kinds: str, ours: list[str]
) -> None:
    inside = applied(before, delta.enter(before, clean(kinds), ours, "/dir", "pin"))
    after = applied(inside, delta.leave(inside))
    touched = {
        name
        for name, kind in zip(variables.NAMES, clean(kinds), strict=True)
        if kind != "." and not (kind == "?" and name in before)
    }
    expected = {
        name: value
        for name, value in before.items()
        if name not in touched or may_come_back(name, value)
    }
    assert after == expected


@given(ENVIRONS, KINDS, OURS, ENVIRONS, st.sets(NAMES, max_size=5))
def test_what_the_user_changed_meanwhile_stays(
    before: Environ, kinds: str, ours: list[str], users: Environ, removed: set[str]
) -> None:
    inside = applied(before, delta.enter(before, clean(kinds), ours, "/dir", "pin"))
    changed = {name: value for name, value in users.items() if inside.get(name) != value}
    dropped = {name for name in removed if name in inside and name not in changed}
    meant = applied(inside, changed | dict.fromkeys(dropped))
    after = applied(meant, delta.leave(meant))
    assert {name: after.get(name) for name in changed} == changed
    assert not dropped & after.keys()
    assert delta.UNDO not in after


@given(ENVIRONS, KINDS, OURS)
def test_no_secret_enters_the_undo_record(before: Environ, kinds: str, ours: list[str]) -> None:
    secrets = {name: f"s3cr3t-{name}" for name in variables.SECRET}
    undo = delta.enter(before | secrets, clean(kinds), ours, "/dir", "pin")[delta.UNDO]
    assert undo is not None
    assert "s3cr3t" not in undo


@given(st.text(max_size=200) | st.lists(st.text(max_size=5)).map(delta.US.join), ENVIRONS)
def test_an_undo_from_anywhere_is_only_data(undo: str, environ: Environ) -> None:
    changes = delta.leave(environ | {delta.UNDO: undo})
    assert changes.keys() <= {*variables.NAMES, delta.UNDO}
    assert changes[delta.UNDO] is None


@given(st.lists(st.text(max_size=4), max_size=90), ENVIRONS)
def test_a_forged_undo_of_this_layout_never_raises(fields: list[str], environ: Environ) -> None:
    undo = delta.US.join([variables.LAYOUT, "id", "=" * len(variables.NAMES), *fields])
    changes = delta.leave(environ | {delta.UNDO: undo})
    assert changes.keys() <= {*variables.NAMES, delta.UNDO}


@given(CONTEXTS)
def test_a_record_says_what_the_slots_say(context: object) -> None:
    found = slots.slots(
        context,  # type: ignore[arg-type]
        extension_dir="/base/cliextensions",
        store="/store",
        cloud=CloudFacts("https://login.x.example", "https://arm.x.example/y"),
    )
    values = [value or "" for value in found.values()]
    assume(not any(char in value for value in values for char in "\x1f\0\n\r"))
    text = variables.record("id", "label", found)
    context_id, label, kinds, kept = delta.parse_record(text)
    assert (context_id, label) == ("id", "label")
    for number, name in enumerate(variables.NAMES[2:], start=2):
        kind = kinds[number]
        if name not in found:
            assert kind == variables.LEAVE
        elif found[name] is None:
            assert kind == variables.UNSET
        else:
            assert kind in {variables.SET, variables.SET_IF_ABSENT}
            assert kept[number - 2] == found[name]
    assert "\n" not in text


@given(CONTEXTS)
def test_no_exported_text_is_anything_but_a_display_form(context: object) -> None:
    found = slots.slots(context, extension_dir="/e", store="/s")  # type: ignore[arg-type]
    for name in ("AZENV_CONTEXT", "AZENV_SUBSCRIPTION_NAME", "AZENV_TENANT_NAME", "AZENV_ACCOUNT"):
        value = found[name] or ""
        assert all(char.isalnum() or char in " ._-@()" for char in value)


@given(st.text(max_size=300) | st.lists(st.text(max_size=3)).map(delta.US.join))
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="layout"):
        delta.parse_record(text)


def test_the_context_none_unsets_all_and_says_why() -> None:
    kinds, values = delta.none_record("the time is up")
    environ = dict.fromkeys(variables.NAMES, "x")
    inside = applied(environ, delta.enter(environ, kinds, values, "/none", "choice"))
    inside.pop(delta.UNDO)
    assert inside == {
        "AZURE_CONFIG_DIR": "/none",
        "AZENV_SOURCE": "choice",
        "AZENV_CONTEXT_ID": "none",
        "AZENV_BLOCKED": "the time is up",
    }


@pytest.mark.parametrize("char", "\x1f\0\n\r")
def test_a_value_that_would_break_the_framing_is_refused(char: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        variables.record("id", "label", {"AZURE_DEFAULTS_GROUP": f"a{char}b"})


def test_the_table_names_each_variable_once_and_in_capitals() -> None:
    assert len(set(variables.NAMES)) == len(variables.NAMES)
    assert all(
        name.isascii() and name.isidentifier() and name.isupper() for name in variables.NAMES
    )
    assert set(variables.NAMES) >= variables.SECRET
    assert len(variables.LAYOUT) == 12
