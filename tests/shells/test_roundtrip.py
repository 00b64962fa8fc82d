"""Arbitrary text goes through each dialect into the real shell and comes back as it was."""

# ruff: noqa: RUF001  curly quotes are data under test

from __future__ import annotations

import os
import shlex
import string
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenv import dialects
from tests.shells.harness import NASTY, NASTY_DIRECTORIES, Session, Shell, World

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = int(os.environ.get("AZENV_EXAMPLES", "20"))
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# All of Unicode but NUL, which no environment holds, and lone surrogates, which are no text; what
# shells give a meaning to comes more often than chance has it.
SHELLISH = st.sampled_from(
    [*"'\"`\\$!%^&*(){}[]<>|;~#?=\n\r\t \x1b\x7f\x1f\u2018\u2019\u201a\u201b\u2028\ufeff\xa0"]
)
ANY = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXT = st.text(st.one_of(SHELLISH, ANY), max_size=40)
NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).map(
    lambda text: f"T_{text}"
)

FIXED = (
    *("", " ", "'", "''", "\\", "\\\\'", "a\\", "-n", "--", "=", "$x", "$(id)", "`id`", "%s%n"),
    *(
        "!!",
        "~",
        "*",
        "\n",
        "a\n",
        "\nb\n\n",
        "\r\n",
        "\t",
        "‘x’",
        "‚‛",
        "\u2028",
        "\x80",
        "\ufeff",
    ),
    *("'$(id)'", "’;id;‘", "@(1)", "${HOME}", "{a,b}", "\x1b[31m", "😀", "e\u0301", "\U000e0001"),
    *(NASTY, *NASTY_DIRECTORIES),
)


def read(dump: Path) -> dict[str, str]:
    pairs = dump.read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def exported(sh: Session, values: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return what a program sees of `values`, exported by the dialect's statements."""
    dialect = dialects.by_name(sh.shell.name)
    sh.do(*[dialect.export(name, value) for name, value in values.items()])
    return {name: value for name, value in sh.env().items() if name in values}


def test_fixed_values(tmp_path: Path, shell: Shell) -> None:
    with Session(World(tmp_path, rows=()), shell, load=False) as sh:
        values = {f"T_{number}": value for number, value in enumerate(FIXED)}
        assert exported(sh, values, tmp_path) == values


def test_export_and_unset(tmp_path: Path, shell: Shell) -> None:
    dialect = dialects.by_name(shell.name)
    with Session(World(tmp_path, rows=()), shell, load=False) as sh:

        @QUICK
        @given(st.dictionaries(NAMES, TEXT, min_size=30, max_size=60))
        def check(values: dict[str, str]) -> None:
            if shell.name == "powershell":  # its variables ignore case
                values = {name.upper(): value for name, value in values.items()}
            assert exported(sh, values, tmp_path) == values
            sh.do(*map(dialect.unset, values))
            assert not values.keys() & sh.env().keys()

        check()


def test_quoted_words_are_arguments(tmp_path: Path, shell: Shell) -> None:
    dialect = dialects.by_name(shell.name)
    dump = tmp_path / "arguments"
    script = tmp_path / "show"
    script.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >{shlex.quote(str(dump))}\n")
    script.chmod(0o700)
    with Session(World(tmp_path, rows=()), shell, load=False) as sh:

        @QUICK
        @given(st.lists(TEXT, min_size=30, max_size=60))
        def check(words: list[str]) -> None:
            call = "& " if shell.name == "powershell" else ""
            sh.do(call + " ".join(map(dialect.quote, [str(script), *words])))
            assert dump.read_bytes().decode().split("\0")[:-1] == words

        check()


def test_the_prologue_s_facts(tmp_path: Path, shell: Shell) -> None:
    """Paths of the facts may hold anything that a path may, and lists keep their length."""
    dialect = dialects.by_name(shell.name)
    write = {
        "powershell": "[IO.File]::WriteAllText({}, [string]::Join([char]0, @($v)))",
        "fish": "string join0 -- $v >{}",
    }.get(shell.name, "printf '%s\\0' \"${{v[@]}}\" >|{}")
    dump = tmp_path / "values"
    with Session(World(tmp_path, rows=()), shell, load=False) as sh:

        @QUICK
        @given(st.lists(TEXT.filter(bool), min_size=2, max_size=40))
        def check(values: list[str]) -> None:
            sh.do(dialect.assign("v", values), write.format(sh.shell.quote(dump)))
            found = dump.read_bytes().decode().rstrip("\0").split("\0")
            assert found == values

        check()


def test_env_prints_what_each_shell_evaluates(world: World, shell: Shell) -> None:
    """`eval "$(azenv env NAME)"` and the way back, in a shell without the integration."""
    with Session(world, shell, load=False) as sh:
        sh.export("AZURE_CLIENT_ID", "old 'value' ’x\n")
        start = sh.env()
        sh.do(world.ensure("env", NASTY, "--shell", shell.name, env=start))
        found = sh.active()
        assert found == world.delta(NASTY, "choice")
        inside = sh.env()
        sh.do(world.ensure("env", "--undo", "--shell", shell.name, env=inside))
        assert sh.env() == start
