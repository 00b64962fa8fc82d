"""What azenv writes for bash and zsh, read back by the shells themselves."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from azenv.core import variables
from azenv.dialects import bash, posix, zsh
from tests.shells.harness import NASTY, NASTY_DIRECTORIES, SHELLS, Shell

if TYPE_CHECKING:
    from types import ModuleType

NASTY_VALUES = (
    NASTY,
    *NASTY_DIRECTORIES,
    "",
    " ",
    "'",
    "''",
    "\\",
    "\\'",
    "a\\\\b",
    "trailing\\",
    "trailing newline\n\n",
    "tab\tcr\rus\x1f\x01\x7f",
    "=ls",
    "~root",
    "!!",
    "$(echo no) `echo no` $HOME {a,b} * ? [a-z] #",
    "-n",
    "\ufeffbom",
    "日本語 \U0001f600",
)
POSIX = [shell for shell in SHELLS.values() if shell.is_posix]
posix_shells = pytest.mark.parametrize("shell", POSIX, ids=lambda shell: shell.label)
QUIET = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}


def dialect(shell: Shell) -> ModuleType:
    return {"bash": bash, "zsh": zsh}[shell.name]


def run(shell: Shell, code: str) -> str:
    done = subprocess.run(
        [shell.path, *QUIET[shell.name], "-eu", "-c", code], capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")


@posix_shells
@pytest.mark.parametrize("value", NASTY_VALUES)
def test_what_is_quoted_comes_back(shell: Shell, value: str) -> None:
    assert run(shell, f"printf '%s.' {dialect(shell).quote(value)}") == f"{value}."


@posix_shells
@pytest.mark.parametrize("value", NASTY_VALUES)
def test_an_export_reaches_a_child(shell: Shell, value: str) -> None:
    code = f"{dialect(shell).export('ARM_TENANT_ID', value)}\nsh -c 'printf %s. \"$ARM_TENANT_ID\"'"
    assert run(shell, code) == f"{value}."


@posix_shells
def test_unset_is_no_error_twice(shell: Shell) -> None:
    gone = dialect(shell).unset("KUBECONFIG")
    code = f"export KUBECONFIG=x\n{gone}\n{gone}\necho ${{KUBECONFIG-gone}}"
    assert run(shell, code) == "gone\n"


@posix_shells
def test_a_list_is_assigned_as_a_list_and_globally(shell: Shell) -> None:
    assignment = dialect(shell).assign("__azenv_roots", NASTY_VALUES)
    code = f"f() {{ {assignment}\n}}; f; printf '%s\\037' \"${{__azenv_roots[@]}}\""
    assert run(shell, code) == "".join(f"{value}\x1f" for value in NASTY_VALUES)


@posix_shells
def test_an_empty_list_has_no_element(shell: Shell) -> None:
    assert (
        run(shell, f"{dialect(shell).assign('__azenv_roots', [])}\necho ${{#__azenv_roots[@]}}")
        == "0\n"
    )


@posix_shells
def test_the_prologue_says_every_fact(shell: Shell) -> None:
    facts = {"python": "/it's/python", "roots": ["/a b", "/c"]}
    code = (
        f'{dialect(shell).prologue(facts)}printf \'%s.\' "$__azenv_python" "${{__azenv_roots[@]}}"'
    )
    assert run(shell, code) == "/it's/python./a b./c."


@pytest.mark.parametrize("name", ["A B", "1A", "A-B", "A;B", "", "É", "A\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    for write in (posix.unset, lambda n: posix.export(n, "x"), lambda n: posix.assign(n, "x")):
        with pytest.raises(ValueError, match="variable name"):
            write(name)


def test_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        posix.quote("a\0b")


@posix_shells
def test_the_snapshot_sees_every_name_once(shell: Shell) -> None:
    """The unrolled code and the table agree: all set, then all but one."""
    names = variables.NAMES
    settable, others = names[: len(variables.SETTABLE)], names[len(variables.SETTABLE) :]
    exports = "\n".join(f"export {name}=v{number}" for number, name in enumerate(names, 1))
    code = (
        f"{dialect(shell).table()}\n{exports}\n__azenv_snap; __azenv_which\n"
        'printf "%s\\n" "$__azenv_now" "$__azenv_now_set" "$__azenv_now_extra"\n'
        f"unset {settable[0]} {others[0]}; __azenv_snap; __azenv_which\n"
        'printf "%s\\n" "$__azenv_now" "$__azenv_now_set" "$__azenv_now_extra"\n'
    )
    count, total = len(settable), len(names)
    values = [f"v{number}" for number in range(1, count + 1)]
    positions = "".join(f"{number} " for number in range(1, count + 1))
    extra = "".join(f"{number} " for number in range(count + 1, total + 1))
    assert run(shell, code).splitlines() == [
        "\x1f".join(values),
        positions,
        extra,
        "\x1f".join(["", *values[1:]]),
        positions.removeprefix("1 "),
        extra.removeprefix(f"{count + 1} "),
    ]


@posix_shells
def test_the_usual_names_are_put_by_position(shell: Shell) -> None:
    first = "0 " if shell.name == "bash" else ""
    usual = variables.USUAL
    values = " ".join(f"v{number}" for number in range(1, len(usual) + 1))
    show = " ".join(f"${name}" for name in usual)
    code = f"{dialect(shell).table()}\n__azenv_new=({first}{values})\n__azenv_put\necho {show}"
    assert run(shell, code) == f"{values}\n"


@posix_shells
def test_the_facts_of_the_table(shell: Shell) -> None:
    """Positions count from 1 in both shells."""
    code = (
        f"{dialect(shell).table()}\n"
        'echo "${__azenv_names[__azenv_soft]} ${__azenv_names[__azenv_block]} $__azenv_layout"\n'
        'echo "${__azenv_names[__azenv_nn]} ${__azenv_names[__azenv_ne]}"\n'
        'echo "${__azenv_names[__azenv_nu]}"'
    )
    assert run(shell, code).splitlines() == [
        f"{variables.SOFT} AZENV_BLOCKED {variables.LAYOUT}",
        f"{variables.NAMES[-1]} {variables.SETTABLE[-1]}",
        variables.USUAL[-1],
    ]


def test_no_word_of_zsh_is_long() -> None:
    """A word of many expansions is quadratic in zsh."""
    for line in zsh.table().splitlines():
        for word in line.split('"'):
            assert word.count("${") <= zsh._SIZE or "new[" in line, line


def test_the_same_table_is_the_same_text() -> None:
    assert bash.table() == bash.table()
    assert zsh.table() == zsh.table()
