"""Our reader and editor of INI agree with configparser on what az writes."""

from __future__ import annotations

import io
from configparser import ConfigParser

from hypothesis import given
from hypothesis import strategies as st

from azenv.interop import azini

names = st.text("abcXYZ019 _-.é", min_size=1, max_size=12).map(str.strip).filter(bool)
values = st.text("abc019:/=%#;[] é", max_size=20).map(str.strip)
options = st.dictionaries(names.map(str.lower), values, max_size=4)
files = st.dictionaries(names.filter(lambda name: name != "DEFAULT"), options, max_size=4)


def _written(sections: dict[str, dict[str, str]]) -> str:
    config = ConfigParser(interpolation=None)
    config.read_dict(
        {
            section: {key: value.replace("%", "%%") for key, value in found.items()}
            for section, found in sections.items()
        }
    )
    out = io.StringIO()
    config.write(out)
    return out.getvalue()


def _read(text: str) -> dict[str, dict[str, str]]:
    config = ConfigParser()
    config.read_string(text)
    return {section: dict(config.items(section)) for section in config.sections()}


@given(files)
def test_reads_what_configparser_writes(sections: dict[str, dict[str, str]]) -> None:
    assert azini.parse(_written(sections)) == _read(_written(sections)) == sections


@given(files, names.filter(lambda name: name != "DEFAULT"), names.map(str.lower), values)
def test_sets_one_value_and_keeps_the_rest(
    sections: dict[str, dict[str, str]], section: str, option: str, value: str
) -> None:
    edited = azini.with_value(_written(sections), section, option, value)
    wanted = {**sections, section: {**sections.get(section, {}), option: value}}
    assert _read(edited) == wanted
    assert azini.parse(edited) == wanted


def test_keeps_comments_and_drops_a_value_of_several_lines() -> None:
    text = "# mine\r\n[core]\r\nname = one\r\n  two\r\n; more\r\n\r\n[cloud]\r\nname = three\r\n"
    assert azini.with_value(text, "core", "name", "new") == (
        "# mine\n[core]\nname = new\n; more\n\n[cloud]\nname = three\n"
    )


def test_ignores_what_is_not_az_s() -> None:
    assert azini.parse("lost = 1\n[a]\n# x = 1\n;y = 2\nword\nz : 3\n") == {"a": {"z": "3"}}
