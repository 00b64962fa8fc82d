"""Real shells driven from Python: one scenario, written once, runs in each of them.

A `World` is a throw-away home in which the Azure CLI has signed in and azenv has imported what it
left. A `Session` is a living interactive shell without a terminal: it reads one statement at a time
from a pipe, so that a test can act between two prompts. Nothing of azenv is replaced: the prologue
is what `azenv init` prints, the program is started by the shell, and each start is recorded.
"""

# ruff: noqa: RUF001  curly quotes are data under test

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from azenv import cli, integration
from azenv.activation.change import changing
from azenv.activation.place import Place
from azenv.core import delta, variables
from azenv.store import contexts, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Self

    from azenv.core.model import Context

UNDO = delta.UNDO
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
AZ_CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
AUTHORITY = "login.microsoftonline.com"

# What every fixture is called unless a test needs a plain name: each character broke some tool.
NASTY = "it's \\prod;x$(id)‘’%F{red}"
NASTY_DISPLAYED = "it_s _prod_x_(id)___F_red_"
NASTY_DIRECTORIES = (
    "a b",
    "it's",
    'say "hi"',
    "back\\slash",
    "$(touch pwned)`id`",
    "%F{red}%n",
    "line\nbreak",
    "‘curly’‚quotes‛",
    "-rf",
    "esc\x1b]0;owned\x07",
    "bidi\u202etxt.lmot",
    "c1\x9b31m",
)


def nasty_directories(shell: Shell) -> list[str]:
    """Return NASTY_DIRECTORIES; for PowerShell a backslash is a slash: it cannot go there."""
    return [name for name in NASTY_DIRECTORIES if shell.name != "powershell" or "\\" not in name]


# Variables that a shell or the dumping program changes by itself.
NOISE = {
    "_",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "COLUMNS",
    "LINES",
    "TERM",
    "POWERSHELL_DISTRIBUTION_CHANNEL",
}


# --- tools ----------------------------------------------------------------------------------


def require_tool(name: str) -> str:
    """Return the path of a program; skip the test without it, fail with AZENV_REQUIRE_TOOLS=1."""
    found = shutil.which(name)
    if found is None and name == "pwsh":
        beside = REPOSITORY.parent / "shared" / "pwsh" / "pwsh"
        found = str(beside) if os.access(beside, os.X_OK) else None
    if found is None:
        reason = f"{name} is not installed here"
        if os.environ.get("AZENV_REQUIRE_TOOLS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


# --- shells as data -------------------------------------------------------------------------


def _quote_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_powershell(text: str) -> str:
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


POSIX_DRIVER = r"""
\builtin printf 'ready\n' >&@OUT@
while IFS= \builtin read -r __line <&@IN@; do
  case $__line in end) \builtin break ;; esac
  . @FILE@
  \builtin printf '%s\n' "$?" >&@OUT@
done
"""

# fish has no `<&13` for its builtins.
FISH_DRIVER = r"""
builtin printf 'ready\n' >/dev/fd/@OUT@
while builtin read -l __line </dev/fd/@IN@
    if builtin test $__line = end
        break
    end
    builtin source @FILE@
    builtin printf '%s\n' $status >/dev/fd/@OUT@
end
"""

POWERSHELL_DRIVER = r"""
function Global:open_end([int] $Number, $Access) {
    $handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr] $Number, $false)
    [IO.FileStream]::new($handle, $Access, 1)
}
$Global:DriverIn = [IO.StreamReader]::new((open_end @IN@ 'Read'))
$Global:DriverOut = [IO.StreamWriter]::new((open_end @OUT@ 'Write'))
$Global:DriverOut.AutoFlush = $true
$Global:DriverOut.WriteLine('ready')
while ($Global:DriverIn.ReadLine() -ne 'end') {
    $Global:LASTEXITCODE = 0
    try { . @FILE@ } catch { [Console]::Error.WriteLine("driver: $_"); $Global:LASTEXITCODE = 1 }
    $Global:DriverOut.WriteLine("$Global:LASTEXITCODE")
}
exit
"""


@dataclass(frozen=True)
class Shell:
    """How one shell is started and what it says for what a test wants; `{}` takes quoted words."""

    label: str
    name: str
    program: str
    start: tuple[str, ...]
    suffix: str
    driver: str
    prompt: str  # what the shell itself does before it draws a prompt
    cd: str
    export: str
    keep: str  # a variable that children do not see
    unset: str
    value: str  # writes NAME's value, or "(none)", to a file
    run: str  # a program with arguments
    load: str  # reads the integration as an rc file does
    to_file: str  # a statement with its output in a file

    @property
    def path(self) -> str:
        return require_tool(self.program)

    @property
    def is_posix(self) -> bool:
        """Tell whether this is bash or zsh: they have read-only variables and subshells."""
        return self.name in {"bash", "zsh"}

    def quote(self, text: object) -> str:
        """Quote by another way than azenv's dialects do, which are under test."""
        if self.name == "fish":
            return _quote_fish(str(text))
        if self.name == "powershell":
            return _quote_powershell(str(text))
        return shlex.quote(str(text))

    def argv(self, script: Path) -> list[str]:
        if self.name == "powershell":
            return [self.path, *self.start, f". {self.quote(script)}"]
        return [self.path, *self.start, str(script)]

    def command(self, *words: object) -> str:
        return self.run.format(" ".join(map(self.quote, words)))


BASH = Shell(
    label="bash",
    name="bash",
    program="bash",
    start=("--norc", "--noprofile", "-i"),
    suffix="bash",
    driver=POSIX_DRIVER,
    prompt='for __entry in "${PROMPT_COMMAND[@]}"; do \\builtin eval "$__entry"; done',
    cd="\\builtin cd -- {}",
    export="\\builtin export {name}={value}",
    keep="{name}={value}",
    unset="\\builtin unset {name}",
    value='\\builtin printf %s "${{{name}-(none)}}" >|{file}',
    run="{}",
    load=". {}",
    to_file="{{ {statement}; }} >|{file}",
)
ZSH = replace(
    BASH,
    label="zsh",
    name="zsh",
    program="zsh",
    start=("-f", "-i"),
    suffix="zsh",
    prompt='for __entry in "${precmd_functions[@]}"; do $__entry; done',
)
FISH = Shell(
    label="fish",
    name="fish",
    program="fish",
    start=("--no-config", "--interactive"),
    suffix="fish",
    driver=FISH_DRIVER,
    prompt="emit fish_prompt",
    cd="builtin cd {}",
    export="builtin set -gx {name} {value}",
    keep="builtin set -gu {name} {value}",
    unset="builtin set -e {name}",
    value="if builtin set -q {name}; builtin printf %s ${name} >{file}; "
    "else; builtin printf '(none)' >{file}; end",
    run="{}",
    load="source {}",
    to_file="{statement} >{file}",
)
POWERSHELL = Shell(
    label="powershell",
    name="powershell",
    program="pwsh",
    start=("-NoLogo", "-NoProfile", "-NoExit", "-Command"),
    suffix="ps1",
    driver=POWERSHELL_DRIVER,
    prompt="[void](prompt)",
    cd="Set-Location -LiteralPath {}",
    export="$env:{name} = {value}",
    keep="${name} = {value}",
    unset="Remove-Item Env:{name} -ErrorAction Ignore",
    value="[IO.File]::WriteAllText({file}, "
    "$(if (Test-Path Env:{name}) {{ $env:{name} }} else {{ '(none)' }}))",
    run="& {}",
    load=". {}",
    to_file="{statement} > {file}",
)


def _own_bashes() -> list[Shell]:
    """Return the bashes that the user names in AZENV_TEST_BASH, a list like PATH."""
    named = os.environ.get("AZENV_TEST_BASH", "")
    return [replace(BASH, label=path, program=path) for path in named.split(":") if path]


SHELLS = {shell.label: shell for shell in (BASH, *_own_bashes(), ZSH, FISH, POWERSHELL)}


def only_in(*names: str) -> pytest.MarkDecorator:
    """Run a test in the shells of these names only."""
    found = {label: shell for label, shell in SHELLS.items() if shell.name in names}
    return pytest.mark.parametrize("shell", found.values(), ids=list(found))


# --- the world ------------------------------------------------------------------------------


def made_up_id(*what: object) -> str:
    """Return the same id for the same words in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, what))))


@dataclass(frozen=True)
class Row:
    """One subscription that az knows: the context's name, and what is special about it."""

    context: str
    subscription: str
    tenant: str = "contoso"
    user: str = "ada@contoso.com"
    kind: str = "user"
    assigned: str = ""

    @property
    def id(self) -> str:
        return made_up_id("subscription", self.subscription)

    def as_az_writes(self, *, default: bool) -> dict[str, Any]:
        user: dict[str, Any] = {"name": self.user, "type": self.kind}
        if self.assigned:
            user["assignedIdentityInfo"] = self.assigned
        tenant = made_up_id("tenant", self.tenant)
        return {
            "id": self.id,
            "name": self.subscription,
            "state": "Enabled",
            "user": user,
            "isDefault": default,
            "tenantId": tenant,
            "environmentName": "AzureCloud",
            "homeTenantId": tenant,
            "tenantDefaultDomain": f"{self.tenant}.com",
            "tenantDisplayName": f"{self.tenant.title()} Inc.",
            "managedByTenants": [],
        }


# dev, prod and the nasty one share an account and a tenant; guest is another tenant's.
ROWS = (
    Row("dev", "Contoso Dev"),
    Row("prod", "Contoso Prod"),
    Row(NASTY, "Contoso \u202e\x1b[31m$(id)`id`'\"%F{red}"),
    Row("guest", "Fabrikam Main", tenant="fabrikam"),
    Row("robot", "Contoso Jobs", user=made_up_id("robot"), kind="servicePrincipal"),
    Row(
        "box", "Contoso Box", user="systemAssignedIdentity", kind="servicePrincipal", assigned="MSI"
    ),
)


@dataclass(frozen=True)
class Result:
    """What one run of the program gave."""

    status: int
    out: str
    err: str


class World:
    """A home of its own below `top`, with az signed in and every row a context."""

    def __init__(
        self, top: Path, rows: tuple[Row, ...] = ROWS, home: str = "it's $(home) ‘x’"
    ) -> None:
        self.top = top
        self.home = top / home
        self.rows = rows
        self.calls_file = top / "calls"
        (self.home / "src").mkdir(parents=True)
        self.sign_in_to_az()
        self.ensure("import", "az")
        for row in rows:
            self.ensure("rename", row.id, row.context)
        assert Place(self.env).root == str(self.root)  # made: no shell has to ask for it

    # directories

    @cached_property
    def paths(self) -> paths.Paths:
        return paths.locate(self.env)

    @property
    def base(self) -> Path:
        return self.home / ".azure"

    @property
    def root(self) -> Path:
        """Return the runtime directory."""
        return self.home / "run"

    @property
    def records(self) -> Path:
        return Path(self.paths.records)

    @property
    def outside(self) -> Path:
        """Return a directory that no pin governs."""
        return self.home / "src"

    def directory(self, name: str) -> Path:
        """Return (made) a directory below the unpinned one."""
        found = self.outside / name
        found.mkdir(parents=True, exist_ok=True)
        return found

    def overlay(self, context_id: str) -> str:
        return str(self.root / "az" / context_id / ".azure")

    def delta(self, name: str, source: str = "pin") -> dict[str, str]:
        """Return what a context sets in an empty environment, without the undo record."""
        context_id = self.id(name)
        text = (self.records / "contexts" / context_id).read_text()
        _, _, kinds, values = delta.parse_record(text)
        changes = delta.enter({}, kinds, values, self.overlay(context_id), source)
        return {key: value for key, value in changes.items() if value is not None and key != UNDO}

    def blocked(self, reason: str, source: str = "pin") -> dict[str, str]:
        """Return what the blocked state sets."""
        return {
            "AZURE_CONFIG_DIR": self.overlay("none"),
            "AZENV_SOURCE": source,
            "AZENV_CONTEXT_ID": "none",
            "AZENV_BLOCKED": reason,
        }

    # the environment

    @cached_property
    def env(self) -> dict[str, str]:
        """Return the environment of a shell: nothing of the caller's but PATH."""
        return {
            "AZENV_HOME": str(self.home),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "TERM": "dumb",
            "XDG_CONFIG_HOME": str(self.top / "config"),
            "XDG_DATA_HOME": str(self.top / "data"),
            "XDG_CACHE_HOME": str(self.top / "cache"),
        }

    # the program

    def run(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        """Run azenv in this process (fast): the command line, its errors and its output."""
        here = cwd or self.outside
        environ = self.env | {"PWD": str(here)} | dict(env or {})
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        before = os.getcwd()  # noqa: PTH109  a test may have removed it
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            os.chdir(here)
            try:
                status = cli.main(words)
            finally:
                os.chdir(before)
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return Result(status, texts[0], texts[1])

    def ensure(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Run azenv, which must succeed; return its output."""
        done = self.run(*words, cwd=cwd, env=env)
        if done.status:
            message = f"azenv {' '.join(words)}: {done.status}\n{done.err}"
            raise AssertionError(message)
        return done.out

    def program(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        """Run azenv as a process of its own, as a script does."""
        done = subprocess.run(
            [sys.executable, "-I", REPOSITORY / "azenv" / "launcher.py", *words],
            env=self.env | dict(env or {}),
            cwd=cwd or self.outside,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=PATIENCE_S,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    # az

    def sign_in_to_az(self) -> None:
        """Write what `az login` leaves in ~/.azure."""
        self.base.mkdir(mode=0o700, exist_ok=True)
        rows = [row.as_az_writes(default=number == 0) for number, row in enumerate(self.rows)]
        profile = {"installationId": made_up_id("az"), "subscriptions": rows}
        data = codecs.BOM_UTF8 + json.dumps(profile).encode()
        (self.base / "azureProfile.json").write_bytes(data)
        (self.base / "msal_token_cache.json").write_text(json.dumps(self._token_cache()))
        secrets = [
            {
                "client_id": row.user,
                "tenant": made_up_id("tenant", row.tenant),
                "client_secret": "x",
            }
            for row in self.rows
            if row.kind == "servicePrincipal" and not row.assigned
        ]
        (self.base / "service_principal_entries.json").write_text(json.dumps(secrets))
        for name in ("msal_token_cache.json", "service_principal_entries.json"):
            (self.base / name).chmod(0o600)

    def _token_cache(self) -> dict[str, object]:
        host, user, home = AUTHORITY, made_up_id("ada"), made_up_id("tenant", "contoso")
        account = f"{user}.{home}"
        common = {"environment": host, "home_account_id": account}
        entry = common | {
            "realm": home,
            "local_account_id": user,
            "username": "ada@contoso.com",
            "authority_type": "MSSTS",
        }
        refresh = common | {
            "client_id": AZ_CLIENT,
            "credential_type": "RefreshToken",
            "family_id": "1",
            "secret": "not-a-token",
            "target": "",
            "last_modification_time": "1700000000",
        }
        client = {"client_id": AZ_CLIENT, "environment": host, "family_id": "1"}
        return {
            "Account": {f"{account}-{host}-{home}": entry},
            "RefreshToken": {f"{account}-{host}-refreshtoken-1--": refresh},
            "AppMetadata": {f"appmetadata-{host}-{AZ_CLIENT}": client},
        }

    # contexts

    def context(self, name: str) -> Context:
        """Return a context as the store has it now."""
        return contexts.load(self.paths.store).find(name)

    def id(self, name: str) -> str:
        return self.context(name).id

    def label(self, name: str) -> str:
        """Return what a hook prints of a context."""
        return (self.records / "contexts" / self.id(name)).read_text().split("\x1f")[1]

    def change(self, name: str, **fields: object) -> Context:
        """Change fields of a context (protected, exports, keep …) as a command would."""
        with changing(Place(self.env)) as change:
            context = change.book.find(name)
            return change.book.put(replace(context, **fields))  # type: ignore[arg-type]

    def clone(self, name: str, new_name: str) -> Context:
        """Add a second context of the same identity."""
        with changing(Place(self.env)) as change:
            target = change.book.find(name).target
            return change.book.add(target, contexts.new_id(), new_name)

    # pins

    def pin(self, directory: Path, name: str) -> Path:
        """Pin a directory by `azenv pin`, and so trust it."""
        directory.mkdir(parents=True, exist_ok=True)
        self.ensure("pin", name, cwd=directory)
        return directory / ".azenv.toml"

    def write_pin(self, directory: Path, data: str | bytes) -> Path:
        """Write a pin that nobody has decided about."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / ".azenv.toml"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return file

    # shells

    @cached_property
    def interpreter(self) -> Path:
        """Return the Python that the shells start: it notes each start, then is the real one."""
        file = self.top / "python"
        file.write_text(
            "#!/bin/sh\n"
            f"printf '%s\\037' \"$@\" >>{shlex.quote(str(self.calls_file))}\n"
            f"printf '\\0' >>{shlex.quote(str(self.calls_file))}\n"
            f'exec {shlex.quote(sys.executable)} "$@"\n'
        )
        file.chmod(0o700)
        self.calls_file.touch()
        return file

    def init(self, shell: Shell) -> Path:
        """Return a file with what `azenv init SHELL` prints.

        AZENV_TEST_SHELL_DIR names another `shell/`: how a test is seen to fail.
        """
        file = self.top / f"init.{shell.suffix}"
        if file.exists():
            return file
        elsewhere = os.environ.get("AZENV_TEST_SHELL_DIR")
        ours = integration.shell_file

        def shell_file(name: str, stem: str = "azenv") -> str:
            if elsewhere:
                return (Path(elsewhere) / f"{stem}.{shell.suffix}").read_text("utf-8")
            return ours(name, stem)

        with (
            mock.patch.object(integration, "shell_file", shell_file),
            mock.patch.object(sys, "executable", str(self.interpreter)),
        ):
            file.write_text(self.ensure("init", shell.name), "utf-8")
        return file

    def calls(self) -> list[list[str]]:
        """Return the words of each start of azenv by a shell, without interpreter and launcher."""
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        return [call.split("\x1f")[2:-1] for call in text.split("\0")[:-1]]


# --- sessions -------------------------------------------------------------------------------


class ShellEndedError(AssertionError):
    """The shell is gone in the middle of a scenario."""


class Session:
    """One living shell. `with Session(world, shell) as sh:` starts it and loads azenv.

    `under` is a command that starts the shell (strace, setpriv).
    """

    def __init__(  # noqa: PLR0913  a shell is started in many ways
        self,
        world: World,
        shell: Shell,
        *,
        load: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        under: Sequence[str] = (),
    ) -> None:
        self.world = world
        self.shell = shell
        self._load = load
        self._under = under
        self._cwd = cwd or world.outside
        self._env = world.env | dict(env or {})
        self._directory = world.top / f"session-{uuid.uuid4().hex[:8]}"
        self._stack = [shell]
        self._read_error = 0
        self._read_calls = 0

    # life

    def __enter__(self) -> Self:
        assert self.shell.path  # or the test is skipped, before anything is open
        self._directory.mkdir()
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        self._ends = (commands, answers)
        self._error = (self._directory / "stderr").open("wb")
        self.process = subprocess.Popen(
            [*self._under, *self.shell.argv(self._driver(self.shell))],
            env=self._env,
            cwd=self._cwd,
            stdin=subprocess.DEVNULL,
            stdout=self._error,
            stderr=self._error,
            pass_fds=self._ends,
            start_new_session=True,
        )
        os.close(commands)
        os.close(answers)
        try:
            self._answer("ready")
            self.err()  # bash: no job control in this shell
            self._read_calls = len(self.world.calls())
            if self._load:
                self.load()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        os.close(self._commands)
        os.close(self._answers)
        self._kill()
        self._error.close()

    def _kill(self) -> None:
        """End the shell and every shell in it: one that is left over goes on for ever."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.getsid(int(entry.name)) == self.process.pid:
                    os.kill(int(entry.name), signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def finish(self) -> None:
        """End the shell as `exit` does, and wait for what it does then."""
        os.write(self._commands, b"end\n")
        self.process.wait(PATIENCE_S)

    def _driver(self, shell: Shell) -> Path:
        file = self._directory / f"driver.{shell.suffix}"
        text = shell.driver
        for mark, value in (
            ("@IN@", str(self._ends[0])),
            ("@OUT@", str(self._ends[1])),
            ("@FILE@", shell.quote(self._directory / f"statement.{shell.suffix}")),
        ):
            text = text.replace(mark, value)
        file.write_text(text)
        return file

    def _answer(self, wanted: str = "") -> str:
        line = b""
        until = time.monotonic() + PATIENCE_S
        while not line.endswith(b"\n"):
            left = max(0.0, until - time.monotonic())
            if not select.select([self._answers], [], [], left)[0]:
                message = f"{self.shell.label} does not answer: {self._tail()}"
                raise ShellEndedError(message)
            part = os.read(self._answers, 1)
            if not part:
                message = f"{self.shell.label} ended: {self._tail()}"
                raise ShellEndedError(message)
            line += part
        answer = line.decode().strip()
        if wanted and answer != wanted:
            message = f"{self.shell.label} said {answer!r}, not {wanted!r}: {self._tail()}"
            raise ShellEndedError(message)
        return answer

    def _tail(self) -> str:
        return (self._directory / "stderr").read_bytes().decode(errors="replace")[-2000:]

    @property
    def current(self) -> Shell:
        """Return the shell that reads statements now: the innermost one."""
        return self._stack[-1]

    # statements

    def do(self, *statements: str) -> int:
        """Run statements of the current shell; return the status of the last one."""
        file = self._directory / f"statement.{self.current.suffix}"
        file.write_text("\n".join(statements) + "\n", "utf-8")
        os.write(self._commands, b"run\n")
        return int(self._answer())

    def only(self, **statements: str) -> int:
        """Run what is said for the current shell, by its name (`posix` for bash and zsh)."""
        shell = self.current
        found = statements.get(shell.name)
        if found is None and shell.is_posix:
            found = statements.get("posix")
        return 0 if found is None else self.do(found)

    def load(self) -> None:
        """Load azenv as an rc file does."""
        self.do(self.current.load.format(self.current.quote(self.world.init(self.current))))

    def prompt(self, times: int = 1) -> None:
        """Let the shell do what it does before it draws a prompt."""
        self.do(*[self.current.prompt] * times)

    def cd(self, directory: Path | str) -> None:
        """Change directory, without a prompt."""
        self.do(self.current.cd.format(self.current.quote(directory)))

    def go(self, directory: Path | str) -> None:
        """Change directory, and come to the next prompt."""
        self.do(self.current.cd.format(self.current.quote(directory)), self.current.prompt)

    def export(self, name: str, value: str) -> None:
        self.do(self.current.export.format(name=name, value=self.current.quote(value)))

    def keep(self, name: str, value: str) -> None:
        """Set a variable that is not exported."""
        self.do(self.current.keep.format(name=name, value=self.current.quote(value)))

    def unset(self, name: str) -> None:
        self.do(self.current.unset.format(name=name))

    def azenv(self, *words: str, env: Mapping[str, str] | None = None) -> Result:
        """Call the shell function `azenv`, then come to the next prompt."""
        shell = self.current
        out = self._directory / "out"
        for name, value in (env or {}).items():
            self.export(name, value)
        call = shell.command("azenv", *words).removeprefix("& ")
        if shell.is_posix:
            call = " ".join(["azenv", *map(shell.quote, words)])
        elif shell.name == "powershell":
            # as a person types it: a bare word for an option, quotes for the rest
            call = " ".join(
                ["azenv", *(w if w.isalnum() or w[:1] == "-" else shell.quote(w) for w in words)]
            )
        self.err()
        status = self.do(shell.to_file.format(statement=call, file=shell.quote(out)))
        self.prompt()
        return Result(status, out.read_bytes().decode(errors="replace"), self.err())

    # what came of it

    def env(self) -> dict[str, str]:
        """Return the environment that a program started here gets, without what shells add."""
        dump = self._directory / "dump"
        script = self._directory / "dump.sh"
        if not script.exists():
            script.write_text(f"#!/bin/sh\nexec env -0 >{shlex.quote(str(dump))}\n")
            script.chmod(0o700)
        self.do(self.current.command(script))
        pairs = dump.read_bytes().decode("utf-8", "surrogateescape").split("\0")
        found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return {name: value for name, value in found.items() if name not in NOISE}

    def table(self) -> dict[str, str]:
        """Return what of the variables table is in the environment, our private names included."""
        return {
            name: value
            for name, value in self.env().items()
            if name in variables.NAMES or name.startswith("__AZENV")
        }

    def active(self) -> dict[str, str]:
        """Return the table's names in the environment, without our private ones."""
        return {k: v for k, v in self.table().items() if not k.startswith("__")}

    def value(self, name: str) -> str:
        """Return the shell's own view of a variable, exported or not; "(none)" where unset."""
        file = self._directory / "value"
        statement = self.current.value.format(name=name, file=self.current.quote(file))
        self.do(statement)
        return file.read_bytes().decode()

    def err(self) -> str:
        """Return what was printed on the terminal since the last call."""
        data = (self._directory / "stderr").read_bytes()
        new = data[self._read_error :]
        self._read_error = len(data)
        return new.decode("utf-8", "surrogateescape")

    def lines(self) -> list[str]:
        """Return the lines printed since the last call; every one must be azenv's."""
        found = self.err().splitlines()
        foreign = [line for line in found if not line.startswith("azenv: ")]
        assert not foreign, foreign
        return [line.removeprefix("azenv: ") for line in found]

    def calls(self) -> list[list[str]]:
        """Return the starts of azenv by any shell since the last call."""
        found = self.world.calls()
        new = found[self._read_calls :]
        self._read_calls = len(found)
        return new

    # shells in shells

    def nest(self, shell: Shell, *, load: bool = True, exec_: bool = False) -> None:
        """Start a shell in the current one (with `exec_`, in its place)."""
        words = self.current.command(*shell.argv(self._driver(shell)))
        file = self._directory / f"statement.{self.current.suffix}"
        # the statement file is read whole before the child writes its own
        file.write_text(f"exec {words}\n" if exec_ else f"{words}\n")
        os.write(self._commands, b"run\n")
        self._answer("ready")
        if exec_:
            self._stack.pop()
        self._stack.append(shell)
        self.err()  # bash: no job control in this shell
        if load:
            self.load()

    def leave(self) -> None:
        """End the current shell; the one around it goes on."""
        os.write(self._commands, b"end\n")
        self._stack.pop()
        self._answer()


@contextlib.contextmanager
def sessions(world: World, *shells: Shell) -> Iterator[list[Session]]:
    """Start several shells in one world."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Session(world, shell)) for shell in shells]


def be_fifo(path: Path) -> None:
    """Put a FIFO in the place of a file."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert stat.S_ISFIFO(path.stat().st_mode)
