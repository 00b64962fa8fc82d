"""The sandbox as a newcomer sees it: a throw-away home, signed in, two pinned projects, a shell.

Nothing of the user's is read or written but the rc file of the shell that is opened.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from azenv.core.errors import AzenvError
from azenv.output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azenv.sandbox.server import Sandbox

CLOUD = "Sandbox"
PROJECTS = {"shop": "Contoso Dev", "bank": "Fabrikam Prod"}
# What belongs to the user's own azenv and az, and would lead ours elsewhere.
_STRANGE = ("AZENV_", "__AZENV_", "AZURE_", "ARM_", "CI", "TF_BUILD", "GITHUB_ACTIONS")


class Tour:
    """One throw-away home, and what is typed in it."""

    def __init__(self, top: str, sandbox: Sandbox, environ: Mapping[str, str]) -> None:
        self.top = top
        kept = {k: v for k, v in environ.items() if not k.startswith(_STRANGE)}
        ours = {"AZENV_HOME": os.path.join(top, "home")}
        self.environ = kept | sandbox.environment(environ) | ours
        self._url = sandbox.url
        for name in PROJECTS:
            os.makedirs(self.directory(name), mode=0o700)

    def directory(self, name: str) -> str:
        """Return where a project lies."""
        return os.path.join(self.top, "src", name)

    def prepare(self) -> None:
        """Register the cloud, sign the demo user in, pin the two projects. Raises AzenvError."""
        self.run("cloud", "add", CLOUD, "--arm-endpoint", self._url)
        self.run("login", "--no-browser", "--cloud", CLOUD)
        for name, subscription in PROJECTS.items():
            self.run("rename", subscription, name)
            self.run("pin", name, here=name)

    def show(self) -> None:
        """Show what two directories mean, and sign out. Raises AzenvError."""
        self.run("list")
        ask: tuple[str, ...] = (
            "az",
            "account",
            "show",
            "--query",
            "{name:name, tenant:tenantId}",
            "-o",
            "tsv",
        )
        if not shutil.which("az"):
            ask = ("printenv", "AZENV_SUBSCRIPTION_NAME", "ARM_TENANT_ID")
        for name in PROJECTS:
            self.run("exec", "--here", *ask, here=name)
        self.run("logout", "--all")

    def run(self, *words: str, here: str = "") -> None:
        """Print a command line, run it, and let it print. Raises AzenvError where it fails."""
        place = f"~/src/{here} " if here else "~ "
        print(f"\n{place}$ {shlex.join(['azenv', *words])}", flush=True)  # noqa: T201  a transcript
        launcher = os.path.join(os.path.dirname(os.path.dirname(__file__)), "launcher.py")
        done = subprocess.run(
            [sys.executable, "-I", launcher, *words],
            cwd=self.directory(here) if here else self.top,
            env=self.environ | {"PWD": self.directory(here) if here else self.top},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise AzenvError(f"the tour ends here: azenv {words[0]} failed ({done.returncode})")

    def open_shell(self, shell: str) -> int:
        """Open the user's shell with the integration loaded; return its status."""
        words, more = self._shell(os.path.basename(shell), shell)
        say("a shell of yours, in a throw-away home; cd shop, cd bank; exit ends it")
        done = subprocess.run(
            words, cwd=os.path.join(self.top, "src"), env=self.environ | more, check=False
        )
        return done.returncode

    def _shell(self, name: str, path: str) -> tuple[list[str], dict[str, str]]:
        azenv = f"{shlex.quote(sys.executable)} -m azenv init"
        if name == "fish":
            return [path, "-C", f"{azenv} fish | source"], {}
        if name == "zsh":
            text = f'. "$HOME/.zshrc" 2>/dev/null\neval "$({azenv} zsh)"\n'
            return [path, "-i"], {"ZDOTDIR": self._write(".zshrc", text)}
        if name in ("pwsh", "powershell"):
            call = f"(& {shlex.quote(sys.executable)} -m azenv init powershell) | Out-String"
            return [path, "-NoExit", "-Command", f"{call} | Invoke-Expression"], {}
        text = f'. "$HOME/.bashrc" 2>/dev/null\neval "$({azenv} bash)"\n'
        where = os.path.join(self._write("bashrc", text), "bashrc")
        return ["bash" if name != "bash" else path, "--rcfile", where, "-i"], {}

    def _write(self, name: str, text: str) -> str:
        directory = os.path.join(self.top, "rc")
        os.makedirs(directory, mode=0o700, exist_ok=True)
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
        return directory


@contextmanager
def touring(sandbox: Sandbox, environ: Mapping[str, str]) -> Iterator[Tour]:
    """Make a throw-away home for the block; nothing of it stays."""
    sandbox.cloud.auto_user = next(iter(sandbox.cloud.population.users))
    sandbox.cloud.device_interval_s = 1
    top = tempfile.mkdtemp(prefix="azenv-tour-")
    try:
        yield Tour(top, sandbox, environ)
    finally:
        shutil.rmtree(top, ignore_errors=True)
