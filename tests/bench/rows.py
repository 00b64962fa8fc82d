"""What is measured, beside what, and which ratio azenv means to reach."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.shells import SHELLS, BrokenRunError, Shell
from tests.bench.world import DEEP, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

INIT = {"azenv": "azenv init SHELL", "direnv": "direnv hook SHELL", "mise": "mise activate SHELL"}
RIVALS = tuple(tool for tool in ("direnv", "mise") if shutil.which(tool))

# A Tab after a fifth of all names. zsh completes only inside its line editor, so two functions
# stand for compsys there: compadd picks what fits, as the real one does.
TAB = {
    "bash": r"""
COMP_LINE='azenv use Contoso\ 2' COMP_CWORD=2
COMP_POINT=${#COMP_LINE} COMP_WORDS=(azenv use 'Contoso\ 2')
__azenv_complete azenv 'Contoso\ 2' use
found=${#COMPREPLY[@]}
""",
    "zsh": r"""
compadd() {
  [[ $argv[-1] == names ]] || return 0
  local -a offers=("${(@P)argv[-1]}")
  hits=${#${(M)offers:#Contoso\ 2*}}
}
_wanted() { "${(@)argv[4,-1]}" }
words=(azenv use 'Contoso\ 2') CURRENT=3 PREFIX='Contoso 2'
_azenv
found=$hits
""",
    "fish": r"set found (complete -C 'azenv use Contoso\ 2' | count)",
    "powershell": """
$line = "azenv use 'Contoso 2"
$Env:found = (TabExpansion2 $line $line.Length).CompletionMatches.Count
""",
}


@dataclass(frozen=True, eq=False)
class Job:
    """A body of shell code to be timed; each turn of it holds `changes` of what is asked for.

    `sees` is a variable and the pattern that its value fits after the last turn: a hook that did
    not work would look fast.
    """

    world: World
    shell: Shell
    setup: str
    body: str
    turns: int
    changes: int = 1
    rounds: int = 99  # what takes very long is measured less often
    sees: tuple[str, str] = ("HOME", ".+")

    def time(self, number: int) -> float:
        """Return microseconds for one change; NEW in the body becomes a directory never seen."""
        body = self.body
        if "NEW" in body:
            parent = self.world.untrusted_pins(f"{self.shell.name}-{number}", self.turns)
            body = body.replace("NEW", f"{parent}/$step")
        return self._run(body, self.turns) / self.turns / self.changes

    def _run(self, body: str, turns: int, under: Sequence[str] = ()) -> int:
        name, pattern = self.sees
        text = self.shell.write(self.setup, body, turns, name)
        env, home = self.world.env, self.world.home
        took, value = self.shell.time(text, env=env, cwd=home, under=under)
        if not re.fullmatch(pattern, value):
            raise BrokenRunError(f"{self.shell.name} {name} is '{value}', not {pattern}: {text}")
        return took

    def processes(self) -> float:
        """Return how many processes one change starts: what ten more turns of it add."""
        few, more = (self._processes_of(turns) for turns in (2, 12))
        return (more - few) / 10 / self.changes

    def _processes_of(self, turns: int) -> int:
        log = self.world.home / "strace"
        strace = ["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-o", str(log)]
        self._run(self.body, turns, strace)
        calls = log.read_text().splitlines()
        return sum("(" in call and "CLONE_THREAD" not in call for call in calls)


@dataclass(frozen=True)
class Beside:
    """Another's figure: '≥ 30' of ours fit into it, or ours is '≤ 3' of it."""

    name: str
    job: Job
    wanted: str

    def ratio(self, ours: float, theirs: float) -> float:
        return theirs / ours if self.wanted.startswith("≥") else ours / theirs


@dataclass(frozen=True)
class Row:
    what: str
    ours: Job
    beside: tuple[Beside, ...] = ()
    wanted: str = ""  # where the promise is a time
    traced: bool = False  # where the promise is that no process starts


class Rows:
    """The rows, over a world of ten contexts and one of 10,000."""

    def __init__(self, small: World, large: World) -> None:
        self.small, self.large = small, large
        self.shells = [shell for shell in SHELLS if shell.found]
        bash = SHELLS[0]
        self.bare_python = Job(small, bash, "", f'"{sys.executable}" -I -c pass', 10)
        az = "\n".join(f"az account set --subscription '{small.name(n)}'" for n in (1, 2))
        self.az_set = Job(small, bash, "", az, 1, changes=2) if shutil.which("az") else None

    def __iter__(self) -> Iterator[Row]:
        yield from self.unchanged("unpinned", "unpinned", DEEP, "≥ 30")
        yield from self.unchanged("pin 2 up", "a", "1/2", "≥ 30")
        yield from self.unchanged("pin 8 up", "a", DEEP, "≥ 20")
        for shell in self.shells:
            direnv, mise = ("≥ 15", "≥ 7") if shell.name == "fish" else ("≥ 30", "≥ 12")
            yield self.change(shell, "cd, pin to pin", ("a", "b"), direnv, mise)
        for shell in self.shells:
            yield self.change(shell, "cd, into a pin and out", ("a", "unpinned"), "≥ 15", "≥ 10")
        for shell in self.shells:
            yield self.first_visit(shell)
        for shell in self.shells:
            yield from self.use(shell)
        yield self.list()
        for shell in self.shells:
            if shell.name in TAB:
                yield self.completion(shell)

    def init(self, shell: Shell, tool: str) -> str:
        return shell.init(INIT[tool].replace("SHELL", shell.name))

    def place(self, tool: str, name: str) -> Path:
        """Return where a tool knows a directory of that name."""
        below = name if tool == "azenv" or name == "unpinned" else f"{tool}/{name}"
        return self.small.directory(below)

    def sees(self, tool: str, name: str) -> tuple[str, str]:
        """Return what a tool's hook leaves in a directory of that name."""
        if tool == "azenv":
            pinned = {"a": self.small.name(1), "b": self.small.name(2)}
            return "AZENV_SUBSCRIPTION_NAME", pinned.get(name, "")
        return "BENCH_0", "" if name == "unpinned" else f"value-{name}-0"

    def visit(self, shell: Shell, place: Path | str) -> str:
        return f"{shell.cd(place)}\n{shell.prompt}"

    def row(self, what: str, jobs: dict[str, Job], direnv: str, mise: str) -> Row:
        wanted = {"direnv": direnv, "mise": mise}
        beside = tuple(Beside(tool, jobs[tool], wanted[tool]) for tool in wanted if tool in jobs)
        return Row(what, jobs["azenv"], beside, traced=True)

    def tools(self, shell: Shell) -> tuple[str, ...]:
        """Return what is compared in a shell: in PowerShell nothing is promised beside rivals."""
        return ("azenv",) if shell.name == "powershell" else ("azenv", *RIVALS)

    def unchanged(self, what: str, name: str, below: str, direnv: str) -> Iterator[Row]:
        for shell in self.shells:
            jobs = {}
            for tool in self.tools(shell):
                here = self.visit(shell, self.place(tool, name) / below)
                turns = 1000 if tool == "azenv" else 25
                setup = f"{self.init(shell, tool)}\n{here}"
                sees = self.sees(tool, name)
                jobs[tool] = Job(self.small, shell, setup, shell.prompt, turns, sees=sees)
            yield self.row(f"unchanged prompt, {what}", jobs, direnv, "≥ 20")

    def change(
        self, shell: Shell, what: str, names: tuple[str, str], direnv: str, mise: str
    ) -> Row:
        jobs = {}
        for tool in self.tools(shell):
            body = "\n".join(self.visit(shell, self.place(tool, name)) for name in names)
            turns = 100 if tool == "azenv" else 6
            setup, sees = self.init(shell, tool), self.sees(tool, names[-1])
            jobs[tool] = Job(self.small, shell, setup, body, turns, changes=2, sees=sees)
        return self.row(what, jobs, direnv, mise)

    def first_visit(self, shell: Shell) -> Row:
        """Enter pins that nobody allowed: the one case in which a prompt starts a process."""
        visit, blocked = self.visit(shell, "NEW"), ("AZENV_BLOCKED", ".+")
        ours = Job(self.small, shell, self.init(shell, "azenv"), visit, 8, sees=blocked)
        beside = [Beside("bare Python", self.bare_python, "≤ 3")]
        if "direnv" in self.tools(shell):
            body = "\n".join(self.visit(shell, self.place("direnv", name)) for name in ("a", "b"))
            setup = self.init(shell, "direnv")
            load = Job(self.small, shell, setup, body, 6, changes=2, sees=self.sees("direnv", "b"))
            beside.append(Beside("direnv's load", load, "≤ 1"))
        return Row("first visit, not trusted", ours, tuple(beside))

    def use(self, shell: Shell) -> Iterator[Row]:
        few, many = (
            Job(
                world,
                shell,
                self.init(shell, "azenv"),
                "\n".join(f"azenv use '{world.name(n)}'" for n in (1, 2)),
                2,
                changes=2,
                sees=("AZENV_SUBSCRIPTION_NAME", world.name(2)),
            )
            for world in (self.small, self.large)
        )
        beside = (Beside("az account set", self.az_set, "≤ 0.2"),) if self.az_set else ()
        yield Row("azenv use, 10 contexts", few, beside)
        beside = (Beside("10 contexts", few, "≤ 1.2"), *beside)
        yield Row("azenv use, 10,000 contexts", many, beside)

    def list(self) -> Row:
        bash = SHELLS[0]
        ours = Job(self.large, bash, self.init(bash, "azenv"), "azenv list >/dev/null", 3)
        return Row("azenv list, 10,000", ours, (Beside("bare Python", self.bare_python, "≤ 8"),))

    def completion(self, shell: Shell) -> Row:
        load = shell.init(f"azenv completion {shell.name}")
        setup = f"{self.init(shell, 'azenv')}\n{load}"
        found = ("found", str(10 * self.large.subscriptions))
        ours = Job(self.large, shell, setup, TAB[shell.name], 10, sees=found)
        return Row("completion, 10,000 names", ours, wanted="(≤ 100 ms)", traced=True)
