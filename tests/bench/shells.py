"""Shells as data: how each is started, reads a clock, changes directory and prepares a prompt.

They are interactive, for hooks are installed in no others.
"""

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
printf 'took %s\\nsees %s\\n' $((${ended/./} - ${began/./})) "${SEES-}"
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
printf 'took %.0f\\nsees %s\\n' $(((ended - began) * 1e6)) "${SEES-}"
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
echo sees "$SEES"
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
"sees $Env:SEES"
"""


class BrokenRunError(Exception):
    """A script printed no time, or did not do what it was timed for."""


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

    def write(self, setup: str, body: str, turns: int, sees: str) -> str:
        """Return a script that times so many turns of the body, then shows a variable."""
        text = self.script.replace("SETUP", setup).replace("BODY", body)
        return text.replace("COUNT", str(turns)).replace("SEES", sees)

    def time(
        self, text: str, *, env: Mapping[str, str], cwd: Path, under: Sequence[str] = ()
    ) -> tuple[int, str]:
        """Run such a script; return its microseconds and the variable's value at the end.

        `under` is a command to run it with.
        """
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
                start_new_session=True,  # an interactive shell would take the terminal
            )
        took = re.search(r"^took (\d+)\nsees (.*)$", done.stdout, re.MULTILINE)
        if took is None:
            raise BrokenRunError(f"{self.name} {done.stderr[-800:]}{done.stdout[-800:]}")
        return int(took[1]), took[2]


SHELLS = (
    Shell(
        name="bash",
        argv=("bash", "--norc", "--noprofile", "-i"),
        script=BASH,
        change_directory="cd",
        load='eval "$(COMMAND)"',
        prompt='for hook in "${PROMPT_COMMAND[@]}"; do eval "$hook"; done',
    ),
    Shell(
        name="zsh",
        argv=("zsh", "--no-rcs", "-i"),
        script=ZSH,
        change_directory="cd",
        load='eval "$(COMMAND)"',
        prompt="for hook in $precmd_functions; do $hook; done",
    ),
    Shell(
        name="fish",
        argv=("fish", "--no-config", "-i"),
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
