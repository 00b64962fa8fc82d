"""A shell on a real terminal: what a person sees and types."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pexpect

from tests.shells.harness import PATIENCE_S, REPOSITORY, Shell, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

# The prompt is a word that no typed line holds as it stands.
PLAIN = {
    "bash": "PS1='READY> '",
    "zsh": "PS1='READY> '; unsetopt prompt_sp prompt_cr zle",
    "fish": "function fish_prompt; printf 'READY> '; end; set -g fish_greeting",
    "powershell": "function prompt { 'READY> ' }",
}


def evaluated(shell: Shell) -> str:
    """Return the line of an rc file that evaluates what `azenv init` prints."""
    words = (sys.executable, "-I", REPOSITORY / "azenv" / "launcher.py", "init", shell.name)
    if shell.name == "fish":
        return f"{shell.command(*words)} | source"
    if shell.name == "powershell":
        return f"({shell.command(*words)}) | Out-String | Invoke-Expression"
    return f'eval "$({shell.command(*words)})"'


def sourced(world: World, shell: Shell) -> str:
    """Return the line of an rc file that reads the static hook file."""
    return shell.load.format(shell.quote(world.init(shell)))


def rc_file(world: World, shell: Shell) -> Path:
    """Return where the shell looks for its rc file in this world."""
    return {
        "bash": world.home / ".bashrc",
        "zsh": world.home / ".zshrc",
        "fish": world.top / "config" / "fish" / "config.fish",
        "powershell": world.top / "config" / "powershell" / "Microsoft.PowerShell_profile.ps1",
    }[shell.name]


class Terminal:
    """One shell under a pty. `rc` are the lines of its rc file after a plain prompt is set."""

    def __init__(  # noqa: PLR0913  a shell is started in many ways
        self,
        world: World,
        shell: Shell,
        *rc: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        path_first: str = "",
        write_rc: bool = True,
    ) -> None:
        self.shell = shell
        self.text = ""
        if write_rc:
            file = rc_file(world, shell)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join((PLAIN[shell.name], *rc)) + "\n")
        environ = world.env | {"PWD": str(cwd or world.outside)} | dict(env or {})
        if path_first:
            environ["PATH"] = f"{path_first}:{environ['PATH']}"
        flags = {
            "bash": ["--noprofile", "--rcfile", str(rc_file(world, shell)), "-i"],
            "zsh": ["-i", "-o", "no_global_rcs"],
            "fish": ["-i"],
            "powershell": ["-NoLogo"],
        }[shell.name]
        self.process = pexpect.spawn(
            shell.path,
            flags,
            env=environ,
            cwd=str(cwd or world.outside),
            timeout=PATIENCE_S,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(50, 500),
        )

    def __enter__(self) -> Self:
        try:
            self.wait("READY> ")
        except BaseException:
            self.process.close(force=True)
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.close(force=True)

    def wait(self, pattern: str) -> str:
        """Wait until `pattern` appears; return what came up to it. Fails with the transcript."""
        try:
            self.process.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF):
            seen = self.text + str(self.process.before)
            message = f"{self.shell.label} never showed {pattern!r}:\n{seen[-3000:]}"
            raise AssertionError(message) from None
        found = str(self.process.before) + str(self.process.after)
        self.text += found
        return found

    def type(self, line: str) -> None:
        self.process.sendline(line)

    def say(self, line: str, pattern: str) -> str:
        """Type a line and wait for what it prints."""
        self.type(line)
        return self.wait(pattern)

    def sync(self) -> None:
        """Come to a prompt after everything that was typed."""
        mark = f"{len(self.text)}"
        if self.shell.name == "powershell":
            self.say(f"'sy' + 'nc {mark}'", f"sync {mark}\r?\n")
        else:
            self.say(f"echo sy''nc {mark}", f"sync {mark}\r?\n")
        self.wait("READY> ")

    def cd(self, directory: Path) -> None:
        """Go there, and come to the next prompt."""
        self.type(self.shell.cd.format(self.shell.quote(directory)))
        self.sync()

    def variable(self, name: str) -> str:
        """Return what a program sees of a variable; empty where unset."""
        mark = f"{len(self.text)}"
        self.say(f"sh -c 'echo \"{mark}=<${name}>\"'", re.escape(mark) + r"=<([^<>]*)>\r?\n")
        assert isinstance(self.process.match, re.Match)
        found = str(self.process.match.group(1))
        self.wait("READY> ")
        return found

    def messages(self) -> list[str]:
        """Return azenv's lines so far."""
        lines = re.findall(r"azenv: ([^\r\n]*)", self.text)
        return [line for line in lines if not line.startswith("error")]


def directory_of(*tools: str) -> str:
    """Return a PATH of the directories in which these programs lie."""
    return os.pathsep.join(os.path.dirname(shutil.which(tool) or "") for tool in tools)  # noqa: PTH120


def quoted(*words: object) -> str:
    return " ".join(shlex.quote(str(word)) for word in words)
