"""Prompts and changes of directory start no process: strace counts over a thousand hook runs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import PATIENCE_S, Session, Shell, World, require_tool

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 130

# A new process, or another program in this one; threads of the same process do not count.
STARTS = re.compile(r"\b(?:fork|vfork|clone|clone3|execve|execveat|posix_spawn)\(([^\n]*)")


def count_starts(trace: str) -> int:
    """Count the processes of a trace; a call that strace tells in two parts counts once."""
    return sum("CLONE_THREAD" not in call for call in STARTS.findall(trace))


def test_the_counter_counts() -> None:
    trace = """
12 execve("/bin/bash", ["bash"], 0x7ffd /* 1 var */) = 0
12 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 13
12 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 14
12 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND}, 88 <unfinished ...>
12 <... clone3 resumed>) = 15
12 vfork() = 16
"""
    assert count_starts(trace) == 4


def script(world: World, shell: Shell, choices: tuple[str, str], rounds: int) -> Path:
    """Return a script that visits every kind of place, prompt by prompt."""

    hook = "__azenv_refresh" if shell.name == "fish" else "__azenv_hook"

    def go(name: str) -> list[str]:
        directory = shell.quote(world.directory(name))
        return [shell.cd.format(directory), hook]

    def choose(context_id: str) -> list[str]:
        said = shell.export.format(name="__AZENV_CHOICE", value=shell.quote(context_id))
        return [said, hook]

    places = ("a", "a/1/2/3", "b", "kube", "unpinned", "untrusted", "denied", "a", "b")
    one_round = [line for place in places for line in go(place)]
    one_round += [*choose(choices[0]), *choose(choices[1]), *choose("none")]
    one_round += [shell.unset.format(name="__AZENV_CHOICE"), hook]
    lines = [shell.load.format(shell.quote(world.init(shell))), *one_round * rounds]
    # so that a shell that is broken does not pass for one that starts nothing
    lines.append(f"printf 'in <%s>\\n' \"$AZENV_CONTEXT\" > {shell.quote(world.top / 'end')}")
    if shell.name == "powershell":
        lines[-1] = (
            f"[IO.File]::WriteAllText({shell.quote(world.top / 'end')}, "
            '"in <$env:AZENV_CONTEXT>`n")'
        )
    file = world.top / f"rounds-{rounds}.{shell.suffix}"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.timeout(180)
def test_no_process_in_a_thousand_prompts(world: World, shell: Shell) -> None:
    strace = require_tool("strace")
    world.change("prod", exports=("kube", "azd"), keep=("AZURE_CLIENT_ID",))
    for place, name in (("a", "dev"), ("b", "guest"), ("kube", "prod")):
        world.pin(world.directory(place), name)
    for place in ("untrusted", "denied"):
        world.write_pin(world.directory(place), 'context = "dev"\n')
    world.ensure("deny", cwd=world.directory("denied"))
    with Session(world, shell) as sh:  # the first visit to each makes its overlay and its record
        for place in ("a", "b", "kube", "untrusted", "denied"):
            sh.go(world.directory(place))
    flags = ["-f", "--seccomp-bpf", "-e", "trace=process", "-e", "signal=none"]
    counts = []
    for rounds in (1, ROUNDS):
        trace = world.top / f"trace-{rounds}"
        (world.top / "end").unlink(missing_ok=True)
        argv = [shell.path, *(word for word in shell.start if word not in {"-i", "--interactive"})]
        file = script(world, shell, (world.id("dev"), world.id("prod")), rounds)
        argv.append(f". {shell.quote(file)}" if shell.name == "powershell" else str(file))
        argv = [word for word in argv if word != "-NoExit"]
        subprocess.run(
            [strace, *flags, "-o", str(trace), *argv],
            env=world.env | {"AZURE_CLIENT_ID": "old", "ARM_TENANT_ID": "old"},
            cwd=world.outside,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=4 * PATIENCE_S,
        )
        assert (world.top / "end").read_text() == "in <guest>\n"
        counts.append(count_starts(trace.read_text(errors="replace")))
    assert ROUNDS * 13 > 1000
    assert counts[0] == counts[1]
    assert counts[0] >= 1  # the shell itself: the trace was one
