"""Shells as data: how each is started, reads a clock, changes directory and prepares a prompt."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The body runs twice before the clock starts: first runs load, compile and fill caches.
BASH = """
SETUP
for step in warm-1 warm-2; do
BODY
done
began=$EPOCHREALTIME
for ((step = 0; step < COUNT; step++)); do
BODY
done
ended=$EPOCHREALTIME
printf 'took %s\\n' $((${ended/./} - ${began/./}))
"""

ZSH = """
zmodload zsh/datetime
SETUP
for step in warm-1 warm-2; do
BODY
done
typeset -F began=$EPOCHREALTIME
for ((step = 0; step < COUNT; step++)); do
BODY
done
typeset -F ended=$EPOCHREALTIME
printf 'took %.0f\\n' $(((ended - began) * 1e6))
"""

# fish has no clock of its own; two runs of `date` outside the loop are its next best.
FISH = """
SETUP
for step in warm-1 warm-2
BODY
end
set began (date +%s%N)
for step in (seq 0 (math COUNT - 1))
BODY
end
set ended (date +%s%N)
echo took (math -s0 "($ended - $began) / 1000")
"""

POWERSHELL = """
SETUP
foreach ($step in 'warm-1', 'warm-2') {
BODY
}
$watch = [Diagnostics.Stopwatch]::StartNew()
for ($step = 0; $step -lt COUNT; $step++) {
BODY
}
"took $([long]($watch.Elapsed.TotalMilliseconds * 1000))"
"""


class BrokenRunError(Exception):
    """A script ended without a time: there is nothing to compare."""


@dataclass(frozen=True)
class Shell:
    name: str
    argv: tuple[str, ...]
    script: str
    change_directory: str
    load: str  # what an rc file says to load the output of COMMAND
    prompt: str  # what happens before a prompt is drawn, whichever tool has hooked in

    @property
    def found(self) -> bool:
        return shutil.which(self.argv[0]) is not None

    def cd(self, directory: Path | str) -> str:
        """Spell a change of directory; $step in it stands for the number of the turn."""
        return f'{self.change_directory} "{directory}"'

    def init(self, command: str) -> str:
        return self.load.replace("COMMAND", command)

    def write(self, setup: str, body: str, turns: int) -> str:
        """Return a script that times so many turns of the body."""
        text = self.script.replace("SETUP", setup).replace("BODY", body)
        return text.replace("COUNT", str(turns))

    def time(
        self, text: str, *, env: Mapping[str, str], cwd: Path, under: Sequence[str] = ()
    ) -> int:
        """Run such a script and return its microseconds; `under` is a command to run it with."""
        with tempfile.TemporaryDirectory(dir=cwd) as scratch:
            script = Path(scratch, "script.ps1" if self.name == "powershell" else "script")
            script.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [*under, *self.argv, script],
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                encoding="utf-8",
                timeout=120,
            )
        took = re.search(r"^took (\d+)$", done.stdout, re.MULTILINE)
        if took is None:
            raise BrokenRunError(f"{self.name} {done.stderr[-800:]}{done.stdout[-800:]}")
        return int(took[1])


SHELLS = (
    Shell(
        name="bash",
        argv=("bash", "--norc", "--noprofile"),
        script=BASH,
        change_directory="cd",
        load='eval "$(COMMAND)"',
        prompt='for hook in "${PROMPT_COMMAND[@]}"; do eval "$hook"; done',
    ),
    Shell(
        name="zsh",
        argv=("zsh", "--no-rcs"),
        script=ZSH,
        change_directory="cd",
        load='eval "$(COMMAND)"',
        prompt="for hook in $precmd_functions; do $hook; done",
    ),
    Shell(
        name="fish",
        argv=("fish", "--no-config"),
        script=FISH,
        change_directory="cd",
        load="COMMAND | source",
        prompt="emit fish_prompt",
    ),
    Shell(
        name="powershell",
        argv=("pwsh", "-NoProfile", "-NonInteractive", "-File"),
        script=POWERSHELL,
        change_directory="Set-Location",
        load="(& COMMAND) | Out-String | Invoke-Expression",
        prompt="$null = prompt",
    ),
)
