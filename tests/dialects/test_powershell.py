"""What azenv writes for PowerShell, read back by PowerShell itself."""

from __future__ import annotations

import subprocess
import tempfile

import pytest

from azenv.core import variables
from azenv.dialects import powershell
from tests.shells.harness import NASTY, NASTY_DIRECTORIES, require_tool

QUOTES = "'\u2018\u2019\u201a\u201b"
NASTY_VALUES = (
    NASTY,
    *NASTY_DIRECTORIES,
    *QUOTES,
    QUOTES * 2,
    "a\u2019; 'ran' | Write-Output; \u2018",
    "",
    " ",
    '`$(1 + 1)$HOME"`"',
    "trailing newline\n",
    "tab\tcr\rus\x1f",
    "@{a=1} # comment",
    "\ufeffbom",
    "日本語 \U0001f600",
)
FACTS = dict.fromkeys(("python", "launcher", "state", "base", "store"), "")


def run(script: str) -> list[str]:
    """Return the values that a script hands to `give`, in hexadecimal on the way here."""
    give = "function give($v) { [BitConverter]::ToString([Text.Encoding]::UTF8.GetBytes($v)) }\n"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8-sig", suffix=".ps1", newline="") as file:
        file.write(give + script)
        file.flush()
        words = [require_tool("pwsh"), "-NoProfile", "-File", file.name]
        done = subprocess.run(words, capture_output=True, check=True)
    assert done.stderr == b"", done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    return [bytes.fromhex(line.replace("-", "")).decode() for line in lines]


def test_what_is_quoted_comes_back() -> None:
    assert run("\n".join(f"give {powershell.quote(v)}" for v in NASTY_VALUES)) == [*NASTY_VALUES]


def test_a_quote_that_is_not_doubled_ends_the_string() -> None:
    # the control: what other tools write, who double only the ASCII quote
    text = "\u2019+'ran'+\u2019"
    assert run(f"give ('{text}')") == ["ran"]
    assert run(f"give ({powershell.quote(text)})") == [text]


def test_an_export_is_a_variable_and_an_unset_takes_only_that_one_away() -> None:
    name = "ARM_TENANT_ID"
    read = f"give \"$([Environment]::GetEnvironmentVariable('{name}'))\""
    exports = [line for v in NASTY_VALUES for line in (powershell.export(name, v), read)]
    count = "give (@(Get-ChildItem Env:ARM_T*).Count)"
    keep = "$env:ARM_TX = 'x'"
    unset = powershell.unset(name)
    *values, before, after, errors = run(
        "\n".join([*exports, keep, count, unset, unset, count, 'give "$($Error.Count)"'])
    )
    assert values == [*NASTY_VALUES]
    assert (before, after) == ("2", "1")
    assert errors in "01"  # removing what is not there is silent


def test_an_empty_export_is_there() -> None:
    text = powershell.export("ARM_TENANT_ID", "")
    assert run(f"{text}\ngive \"$(sh -c 'printf %s ${{ARM_TENANT_ID-unset}}')|\"") == ["|"]


def test_the_prologue_is_ascii_and_comes_back() -> None:
    # 5.1 reads it, from a file or a pipe, in a code page of old
    roots = list(NASTY_VALUES)
    text = powershell.prologue(FACTS | {"python": NASTY, "roots": roots}) + powershell.table()
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    facts = run(f"{text}\n$Global:__azenvP.Roots | % {{ give $_ }}\ngive $Global:__azenvP.Python")
    assert facts == [*roots, NASTY]
    assert run(f"{text}\ngive $Global:__azenvP.Launcher") == [""]


def test_the_table_is_the_table() -> None:
    keys = ("Layout", "Ne", "Nn", "Soft", "Block", "Secret", "NoneKinds")
    gives = "\n".join(f'give "$($Global:__azenvT.{key})"' for key in keys)
    found = run(f'{powershell.table()}{gives}\ngive "$($Global:__azenvT.Names)"')
    names = variables.NAMES
    assert found == [
        variables.LAYOUT,
        str(len(variables.SETTABLE)),
        str(len(names)),
        str(names.index(variables.SOFT)),
        str(names.index("AZENV_BLOCKED")),
        "".join("*" if name in variables.SECRET else "." for name in names),
        variables.NONE_KINDS,
        " ".join(names),
    ]


@pytest.mark.parametrize("name", ["", "A B", "A;B", "1A", "A=", "*", "ARM_X\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    for write in (
        powershell.unset,
        lambda n: powershell.export(n, "x"),
        lambda n: powershell.assign(n, "x"),
    ):
        with pytest.raises(ValueError, match="not a name"):
            write(name)
