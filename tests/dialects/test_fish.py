"""What azenv writes for fish, read back by fish itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from azenv.core import variables
from azenv.dialects import fish
from tests.shells.harness import NASTY, NASTY_DIRECTORIES, require_tool

if TYPE_CHECKING:
    from collections.abc import Callable

NASTY_VALUES = (
    NASTY,
    *NASTY_DIRECTORIES,
    "",
    " ",
    "\\",
    "\\'",
    "a\\\\b",
    "trailing\\",
    "trailing newline\n",
    "tab\tcr\rus\x1f",
    "(echo no) $HOME {a,b} ~ * ?",
    "\ufeffbom",
    "日本語 \U0001f600",
)


def run(code: str) -> str:
    words = [require_tool("fish"), "--no-config"]
    done = subprocess.run(words, input=code.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("value", NASTY_VALUES)
def test_what_is_quoted_comes_back(value: str) -> None:
    assert run(f"printf %s {fish.quote(value)}") == value


@pytest.mark.parametrize("value", NASTY_VALUES)
def test_an_export_reaches_a_child(value: str) -> None:
    code = f"{fish.export('ARM_TENANT_ID', value)}\nsh -c 'printf %s \"$ARM_TENANT_ID\"'"
    assert run(code) == value


def test_unset_takes_the_global_variable_away() -> None:
    code = f"set -gx KUBECONFIG x\n{fish.unset('KUBECONFIG')}\n{fish.unset('KUBECONFIG')}"
    assert run(f"{code}\nset -q KUBECONFIG; or echo gone") == "gone\n"


def test_a_list_is_assigned_as_a_list() -> None:
    code = fish.assign("__azenv_roots", NASTY_VALUES)
    assert run(f"{code}\ncount $__azenv_roots") == f"{len(NASTY_VALUES)}\n"
    assert run(f"{code}\nprintf '%s\\x1f' $__azenv_roots") == "".join(
        f"{v}\x1f" for v in NASTY_VALUES
    )


def test_an_empty_list_has_no_element() -> None:
    assert run(f"{fish.assign('__azenv_roots', [])}\ncount $__azenv_roots; true") == "0\n"


def test_what_is_private_is_not_exported_even_if_it_was() -> None:
    code = f"set -gx __azenv_state evil\n{fish.assign('__azenv_state', 'ours')}"
    assert (
        run(f"{code}\nsh -c 'echo \"${{__azenv_state-none}}\"'; echo $__azenv_state")
        == "none\nours\n"
    )


@pytest.mark.parametrize("name", ["A B", "1A", "A-B", "A;B", "", "É", "A\n"])
@pytest.mark.parametrize(
    "write",
    [fish.unset, lambda name: fish.export(name, "x"), lambda name: fish.assign(name, "x")],
    ids=["unset", "export", "assign"],
)
def test_only_names_of_variables_are_written(name: str, write: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="not the name of a variable"):
        write(name)


def test_the_prologue_says_where_things_are() -> None:
    facts = {"state": NASTY, "roots": [], "base": "/b"}
    code = fish.prologue(facts) + "printf '%s|' $__azenv_state $__azenv_base (count $__azenv_roots)"
    assert run(code) == f"{NASTY}|/b|0|"


def test_the_table_is_the_one_table() -> None:
    code = (
        fish.table()
        + "printf '%s\\n' $__azenv_names[$__azenv_sec]\necho $__azenv_layout $__azenv_none"
    )
    *secrets, last = run(code).splitlines()
    assert secrets == [name for name in variables.NAMES if name in variables.SECRET]
    assert last == f"{variables.LAYOUT} {variables.NONE_KINDS}"


def test_the_unrolled_code_sets_what_it_sees() -> None:
    values = ["it's \\ $x"] * len(variables.SETTABLE)
    code = fish.table() + fish.assign("__azenv_goal_values", values)
    seen = "string join '' -- $__azenv_now | string escape"
    lines = run(
        f"{code}\n__azenv_put\n__azenv_join\n__azenv_snap\n{seen}\necho $__azenv_now_absent"
    )
    text, absent = lines.splitlines()
    assert text.count("it\\'s") == len(variables.USUAL)
    assert text.count("\\x1f") == len(variables.SETTABLE)
    left = len(variables.SETTABLE) - len(variables.USUAL)
    assert absent == f"{left} {len(variables.UNSETTABLE)}"


KINDS = variables.NONE_KINDS


@pytest.mark.parametrize(
    ("kinds", "good"),
    [
        (KINDS, True),
        (KINDS[1:], False),
        (f"{KINDS}-", False),
        (f"--{KINDS[2:]}", False),
        (f"{KINDS[:-1]}x", False),
        ("", False),
    ],
)
def test_kinds_are_checked_to_the_last(kinds: str, *, good: bool) -> None:
    check = f"string match -qr -- $__azenv_kinds_pattern {fish.quote(kinds)}; and echo good"
    assert run(f"{fish.table()}{check}; or true") == ("good\n" if good else "")
