"""The Tab key in real shells: a line is typed, completed and run; what the program got is told."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pexpect

from azenv import integration
from tests.shells.harness import PATIENCE_S, REPOSITORY, require_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PROMPT = "ready=>"
SHELLS = ("bash", "zsh", "fish", "powershell")
PROGRAMS = {"powershell": "pwsh"}

# Recorders stand in for the program: they write the words that they got, each ended by NUL. The
# prompt is spelled so that no echo of the line that sets it is taken for it.
POSIX = r"""azenv() { printf '%s\0' "$@" >"$OUT"; printf . >"$OUT.done"; }; """
SET_UP = {
    "bash": f"unset HISTFILE PROMPT_COMMAND; bind 'set bell-style none'; {POSIX}PS1='ready=''>'",
    "zsh": f"unsetopt beep prompt_sp prompt_cr; bindkey -e; {POSIX}PS1='ready=''>'",
    "fish": r"function azenv; printf '%s\0' $argv >$OUT; printf . >$OUT.done; end; "
    "function fish_prompt; printf ready=; printf '>'; end",
}
LOAD = {
    "bash": "source {}",
    "zsh": "autoload -Uz compinit; compinit -u -D; source {}",
    "fish": "source {}",
    "powershell": ". {}",
}
COMMANDS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}

POWERSHELL = r"""
$words = {
    param($text)
    $global:got = $null
    Invoke-Expression $text
    $row = foreach ($word in $global:got) { "$word`0" }
    [IO.File]::AppendAllText($env:OUT, "$($row -join '')`n")
}
function azenv { $global:got = $args }
foreach ($line in [IO.File]::ReadAllText($env:LINES).Split("`n")) {
    $parts = $line.Split("`t")
    $text = $parts[0]
    for ($i = 1; $i -lt $parts.Length; $i++) {
        $found = TabExpansion2 $text $text.Length
        if ($found.CompletionMatches.Count -eq 1) {
            $before = $text.Substring(0, $found.ReplacementIndex)
            $text = $before + $found.CompletionMatches[0].CompletionText
            if ($parts[$i]) { $text += ' ' }
        }
        $text += $parts[$i]
    }
    try { & $words $text } catch { [IO.File]::AppendAllText($env:OUT, "`n") }
}
"""


@dataclass(frozen=True)
class Style:
    """A way to type the beginning of a word that is not finished yet."""

    name: str
    begin: Callable[[str], str]


def escaped(text: str) -> str:
    """Return `text` with a backslash before every character that might be special."""
    return re.sub(r"([^\w./-])", r"\\\1", text)


STYLES = {
    "posix": (
        Style("backslashes", escaped),
        Style("as little as needed", lambda text: re.sub(r"([^\w./:=@-])", r"\\\1", text)),
        Style("single quotes", lambda text: "'" + text.replace("'", "'\\''")),
        Style("double quotes", lambda text: '"' + re.sub(r'(["\\$`])', r"\\\1", text)),
    ),
    "fish": (
        Style("backslashes", escaped),
        Style("single quotes", lambda text: "'" + re.sub(r"(['\\])", r"\\\1", text)),
        Style("double quotes", lambda text: '"' + re.sub(r'(["\\$])', r"\\\1", text)),
    ),
    "powershell": (
        Style("single quotes", lambda text: "'" + re.sub("(['\u2018-\u201b])", r"\1\1", text)),
        Style("double quotes", lambda text: '"' + re.sub('(["`$\u201c-\u201e])', r"`\1", text)),
    ),
}


def styles(shell: str) -> tuple[Style, ...]:
    """Return the ways to type a word in the shell."""
    return STYLES.get(shell, STYLES["posix"])


def program(shell: str) -> str:
    """Return the shell's path; skip or fail without it."""
    return require_tool(PROGRAMS.get(shell, shell))


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which contexts are those of `home`, without CI's variables."""
    inert = {
        "CI",
        "TF_BUILD",
        "GITHUB_ACTIONS",
        "ENV",
        "BASH_ENV",
        "PROMPT_COMMAND",
        "XDG_STATE_HOME",
    }
    kept = {k: v for k, v in os.environ.items() if k not in inert and "AZENV" not in k.upper()}
    own = {"HOME": str(home), "ZDOTDIR": str(home), "AZENV_HOME": str(home / "azenv")}
    terminal = {"TERM": "dumb", "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null"}
    return kept | own | terminal | {"OUT": str(home / "out")} | more


def type_lines(  # noqa: PLR0913  what a shell is started with
    shell: str,
    home: Path,
    lines: Sequence[str],
    *,
    load: str | None = None,
    set_up: str = "",
    tracer: Sequence[str] = (),
) -> list[list[str] | None]:
    """Return what the program got for each line, in which a tab is the Tab key; None: not run.

    `load` replaces the sourcing of the completion file; `set_up` is typed after it.
    """
    if load is None:
        load = LOAD[shell].format(f"'{integration.completion_file(shell)}'")
    if shell == "powershell":
        return _in_powershell(home, lines, f"{load}\n{set_up}\n{POWERSHELL}", tracer)
    words = [*tracer, program(shell), *COMMANDS[shell]]
    process = pexpect.spawn(
        words[0],
        words[1:],
        env=environment(home),
        cwd=str(home),
        encoding="utf-8",
        timeout=PATIENCE_S,
        dimensions=(50, 250),
    )
    process.delaybeforesend = None
    try:
        for line in filter(None, (load, set_up, SET_UP[shell])):
            process.sendline(line)
        process.expect(PROMPT)
        return [_type(process, home / "out", line) for line in lines]
    finally:
        process.close(force=True)


def _type(process: pexpect.spawn[str], out: Path, line: str) -> list[str] | None:
    """Type a line; shells draw the prompt anew at will, so only the recorder can be waited for."""
    done = out.with_name("out.done")
    for file in (out, done):
        file.unlink(missing_ok=True)
    process.send(f"{line}\r")
    deadline = time.monotonic() + PATIENCE_S
    while not done.exists():
        process.expect([pexpect.TIMEOUT, "."], timeout=0.01)  # reads: a full pty would stop it
        if time.monotonic() > deadline:
            process.send("\x03")
            return None
    return out.read_text().split("\0")[:-1]


def _in_powershell(
    home: Path, lines: Sequence[str], script: str, tracer: Sequence[str]
) -> list[list[str] | None]:
    file, typed, out = home / "tabs.ps1", home / "lines", home / "out"
    out.unlink(missing_ok=True)
    file.write_text(script, encoding="utf-8-sig")
    typed.write_text("\n".join(lines))
    subprocess.run(
        [*tracer, program("powershell"), "-NoProfile", "-NonInteractive", "-File", str(file)],
        env=environment(home, LINES=str(typed)),
        cwd=home,
        check=True,
        timeout=PATIENCE_S * 4,
    )
    rows = out.read_text().split("\n")[:-1]
    return [row.split("\0")[:-1] if row else None for row in rows]


def file_of(shell: str) -> Path:
    """Return the committed completion file."""
    return REPOSITORY / "completions" / integration.COMPLETIONS[shell]
