"""Pitfalls that only PowerShell has: one test each, with a control where one can be had.

Most need no contexts of az's: a desk is a home with three records, made by hand, and a program
that notes how it was called. `AZENV_TEST_SHELL_DIR` names another `shell/`, to see a test fail.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from azenv.core import variables
from azenv.dialects import powershell
from tests.shells.harness import PATIENCE_S, POWERSHELL, REPOSITORY, require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILE = Path(os.environ.get("AZENV_TEST_SHELL_DIR") or REPOSITORY / "shell") / "azenv.ps1"
DEV, PROD = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"
US = variables.SEPARATOR
quote = POWERSHELL.quote
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")

# Notes its words, its input and what of ours it inherits; then does what the test wants.
PROGRAM = """
import json, os, sys
names = ("__AZENV_MAIL", "__AZENV_NONCE", "__AZENV_SHELL")
note = {"words": sys.argv[1:], "private": [os.environ.get(n, "") for n in names]}
note["tty"] = [os.isatty(n) for n in range(3)]
if os.environ.get("READ_INPUT"):
    note["input"] = sys.stdin.read()
with open(@CALLS@, "a") as file:
    file.write(json.dumps(note) + "\\n")
if sys.argv[1:2] != ["hook"]:
    if mail := os.environ.get("SEND_MAIL"):
        with open(note["private"][0], "x") as file:
            file.write("\\x1f".join(mail.replace("NONCE", note["private"][1]).split("|")))
    print("first\\nsecond", flush=True)
    sys.exit(int(os.environ.get("EXIT", "0")))
print(os.environ.get("ANSWER", ""), end="")
"""


class Done:
    """What a script printed, and how the program was called meanwhile."""

    def __init__(self, out: str, err: str, status: int, notes: list[dict[str, Any]]) -> None:
        self.out = out.splitlines()
        self.err = err.splitlines()
        self.status = status
        self.notes = notes

    @property
    def words(self) -> list[list[str]]:
        return [note["words"] for note in self.notes]


class Desk:
    """A home with the contexts dev and prod, pins `a` and `b` on them, and an unpinned `out`."""

    def __init__(self, top: Path) -> None:
        # every path here is awkward: quotes, a space, what a provider takes for a pattern
        self.plain = top  # the test engine cannot read a script beside such quotes
        self.top = top / "it's \u2018x\u2019 [a-z]"
        self.state = self.top / "state" / variables.LAYOUT
        self.root, self.base = self.top / "run", self.top / ".azure"
        self.out = self.top / "out"
        self.calls = self.top / "calls"
        for directory in ("contexts", "pins", "generation"):
            (self.state / directory).mkdir(parents=True)
        for made in (self.root / "mail", self.root / "until", self.base / "azenv", self.out):
            made.mkdir(parents=True)
        self.root.chmod(0o700)
        (self.state / "generation" / "first").touch()
        self.context(DEV, "dev")
        self.context(PROD, "prod")
        self.overlay("none")
        self.a = self.pin("a", 'context = "dev"\n', f"context{US}{DEV}")
        self.b = self.pin("b", 'context = "prod"\n', f"context{US}{PROD}")
        self.program = self.top / "program.py"
        self.program.write_text(PROGRAM.replace("@CALLS@", repr(str(self.calls))))

    def context(self, context_id: str, name: str) -> None:
        slots: dict[str, str | None] = dict.fromkeys(variables.NAMES)
        slots |= {"AZENV_CONTEXT_ID": context_id, "AZENV_CONTEXT": name, "ARM_TENANT_ID": "t"}
        slots |= {"ARM_SUBSCRIPTION_ID": f"sub-{name}", variables.SOFT: "/ours"}
        text = variables.record(context_id, f"{name}  Contoso", slots)
        (self.state / "contexts" / context_id).write_text(text)
        self.overlay(context_id)

    def overlay(self, context_id: str) -> Path:
        directory = self.root / "az" / context_id / ".azure"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "azureProfile.json").touch()
        stamp = directory / ".stamp"
        stamp.touch()
        os.utime(stamp, (time.time() + 60, time.time() + 60))
        return directory

    def pin(self, name: str, text: str, verdict: str = "") -> Path:
        directory = self.top / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".azenv.toml").write_text(text)
        if verdict:
            record = Path(f"{self.state}/pins{directory}/.azenv.toml")
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(f"{verdict}{US}{'' if US in verdict else US}.\0{text}\0")
        return directory

    def init(self, *, roots: Sequence[str] | None = None, table: str = "", **facts: str) -> Path:
        file = self.top / "init.ps1"
        known: dict[str, str | Sequence[str]] = {
            "python": sys.executable,
            "launcher": str(self.program),
            "state": str(self.state),
            "base": str(self.base),
            "store": str(self.base / "azenv"),
            "roots": [str(self.root)] if roots is None else roots,
        }
        text = powershell.prologue(known | facts) + (table or powershell.table())
        file.write_text(text + FILE.read_text("ascii"))
        return file

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        found = {
            "HOME": str(self.top),
            "PATH": os.environ["PATH"],
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }
        found["XDG_CONFIG_HOME"] = str(self.plain / "config")
        found["XDG_CACHE_HOME"] = str(self.top / "cache")
        return found | dict(more or {})

    def run(
        self,
        *statements: str,
        before: str = "",
        env: Mapping[str, str] | None = None,
        user: int | None = None,
        under: Sequence[str] = (),
        **init: object,
    ) -> Done:
        """Run a script that loads azenv; `go DIR` is a cd and the hook of the prompt after it."""
        script = self.plain / "script.ps1"
        lines = [
            "function go($Directory) { Set-Location -LiteralPath $Directory; __azenv_hook }",
            "function show([string[]] $Names) { foreach ($name in $Names) { value $name } }",
            'function value($Name) { "$Name=$([Environment]::GetEnvironmentVariable($Name))" }',
            before,
            f". {quote(self.init(**init))}",  # type: ignore[arg-type]
            *statements,
        ]
        script.write_text("\n".join(lines) + "\n")
        self.calls.unlink(missing_ok=True)
        done = subprocess.run(
            [*under, require_tool("pwsh"), "-NoProfile", "-File", str(script)],
            env=self.env(env),
            cwd=self.out,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=user,
            timeout=PATIENCE_S * 3,
            check=False,
        )
        notes = self.calls.read_text().splitlines() if self.calls.exists() else []
        return Done(done.stdout, done.stderr, done.returncode, [json.loads(line) for line in notes])

    def cd(self, directory: Path) -> str:
        return f"go {quote(directory)}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


BLOCKED = ["AZENV_CONTEXT_ID", "AZENV_BLOCKED", "AZURE_CONFIG_DIR"]


# --- the file itself ------------------------------------------------------------------------


def test_the_file_is_ascii_and_names_no_variable_of_the_table() -> None:
    text = FILE.read_text("ascii")  # 5.1 reads a file without a BOM in some code page of old
    assert [name for name in variables.NAMES if re.search(rf"\b{name}\b", text)] == []
    assert not re.search(r"(?i)invoke-expression|\biex\b", text)


def test_the_parser_finds_no_error(tmp_path: Path) -> None:
    (tmp_path / "broken.ps1").write_text(FILE.read_text() + "\nif (")
    script = "\n".join(
        "$errors = $null; [void] [Management.Automation.Language.Parser]::ParseFile("
        f"{quote(file)}, [ref] $null, [ref] $errors); $errors.Count"
        for file in (FILE, tmp_path / "broken.ps1")
    )
    words = [require_tool("pwsh"), "-NoProfile", "-Command", script]
    counts = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert counts[0] == "0"
    assert counts[1] != "0"


# --- the hook -------------------------------------------------------------------------------


def test_strict_mode_and_stop_leave_no_trace(desk: Desk) -> None:
    done = desk.run(
        *(desk.cd(place) for place in (desk.a, desk.b, desk.a / "gone", desk.out, desk.a)),
        "__azenv_hook",
        "prompt | Out-Null",
        desk.cd(desk.out),
        "show AZENV_CONTEXT_ID, __AZENV_UNDO",
        '"errors=$($Error.Count)"',
        '"status=$(Test-Path Variable:Global:LASTEXITCODE)"',
        before="Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'; "
        f"[void] [IO.Directory]::CreateDirectory({quote(desk.a / 'gone')})",
    )
    assert done.out == ["AZENV_CONTEXT_ID=", "__AZENV_UNDO=", "errors=0", "status=False"]
    assert [line.split("  ")[0] for line in done.err] == [
        "azenv: dev",
        "azenv: prod",
        "azenv: dev",
        "azenv: no context (left the pinned directory)",
        "azenv: dev",
        "azenv: no context (left the pinned directory)",
    ]
    assert done.status == 0


def test_pins_and_directories_are_compared_as_bytes_not_by_the_culture(desk: Desk) -> None:
    # what a culture does not see, and what becomes the same character where it is no UTF-8
    edited = {
        "control": b'context = "d\x01ev"\n',
        "hyphen": b'context = "d\xadev"\n',
        "bad": b"#\xff\n",
    }
    for name, data in edited.items():
        text = "#\ufffd\n" if name == "bad" else 'context = "dev"\n'
        (desk.pin(name, text, f"context{US}{DEV}") / ".azenv.toml").write_bytes(data)
    desk.pin("a\u00ad", 'context = "prod"\n', f"context{US}{PROD}")
    edit = f'[IO.File]::WriteAllText({quote(desk.a / ".azenv.toml")}, "context = `"d`u{{1}}ev`"`n")'
    places = [desk.a, desk.top / "a\u00ad", *(desk.top / name for name in edited), desk.a]
    done = desk.run(
        '"culture=$(\'a\' -ceq "a$([char] 0xad)")"',
        *(line for place in places for line in (desk.cd(place), "show AZENV_CONTEXT_ID")),
        f"{edit}; __azenv_hook; show AZENV_CONTEXT_ID",
        env={"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "0"},
    )
    if "culture=True" not in done.out:
        pytest.skip("no ICU here: all comparisons are ordinal")
    found = [line.removeprefix("AZENV_CONTEXT_ID=") for line in done.out[1:]]
    assert found == [DEV, PROD, "none", "none", "none", DEV, "none"]


def test_a_denied_pin_is_not_another_of_its_name_in_capitals(desk: Desk) -> None:
    # @{} ignores case: /x/B would pass for the denied /x/b, and the outer pin would be uncovered
    desk.pin("a/x", 'context = "y"\n', "denied")
    desk.pin("a/X", 'context = "y"\n', f"blocked{US}no")
    done = desk.run(
        *(line for n in "xX" for line in (desk.cd(desk.a / n), "show AZENV_CONTEXT_ID")),
    )
    assert done.out == [f"AZENV_CONTEXT_ID={DEV}", "AZENV_CONTEXT_ID=none"]


def test_an_unreadable_pin_blocks_and_leaves_no_error() -> None:
    # not below pytest's own directory: for root every file is readable, and another user gets
    # nowhere there
    with tempfile.TemporaryDirectory() as top:
        desk = Desk(Path(top))
        (desk.a / ".azenv.toml").chmod(0)
        user = 4711 if os.geteuid() == 0 else None
        if user:
            Path(top).chmod(0o755)
            for path in (desk.top, *desk.top.rglob("*")):
                os.chown(path, user, user)
        done = desk.run(
            desk.cd(desk.a),
            "__azenv_hook; __azenv_hook",
            "show AZENV_BLOCKED",
            '"errors=$($Error.Count)"',
            user=user,
        )
    assert done.out == ["AZENV_BLOCKED=not a plain readable file", "errors=0"], done.err
    assert len(done.err) == 1


def test_what_hangs_or_lies_is_refused_before_it_is_opened(desk: Desk) -> None:
    shapes = {"fifo": os.mkfifo, "directory": os.mkdir}
    for name, make in shapes.items():
        pin = desk.pin(name, "x") / ".azenv.toml"
        pin.unlink()
        make(pin)
    link = desk.pin("link", "x") / ".azenv.toml"
    link.unlink()
    link.symlink_to("/proc/self/pagemap")
    desk.pin("empty", "", f"context{US}{DEV}")
    names = (*shapes, "link")
    where = [desk.pin("a", 'context = "dev"\n') / name for name in names]
    for name, place in zip(names, where, strict=True):
        shutil.copytree(
            desk.top / name, place, symlinks=True
        ) if name == "directory" else place.mkdir()
        if name != "directory":
            (desk.top / name / ".azenv.toml").rename(place / ".azenv.toml")
    # 5.1 has no one call that tells of files and directories
    old = (
        "$Global:__azenv.IsThere = [Delegate]::CreateDelegate([Predicate[string]], "
        "[IO.File].GetMethod('Exists', [type[]] @([string]))); "
        "$Global:__azenv.IsDirectory = [Delegate]::CreateDelegate([Predicate[string]], "
        "[IO.Directory].GetMethod('Exists', [type[]] @([string])))"
    )
    visits = [line for place in where for line in (desk.cd(place), "show AZENV_BLOCKED")]
    empty = [desk.cd(desk.top / "empty"), "show AZENV_CONTEXT"]
    done = desk.run(*visits, *empty, old, *visits, *empty)
    assert done.out == [*["AZENV_BLOCKED=not a plain readable file"] * 3, "AZENV_CONTEXT=dev"] * 2


def test_a_switch_that_fails_midway_is_taken_back(desk: Desk) -> None:
    at = variables.NAMES.index("ARM_TENANT_ID")
    everything = (
        "$all = [Environment]::GetEnvironmentVariables(); "
        "[string]::Join('|', @($all.Keys | Sort-Object | ForEach-Object { \"$_=$($all[$_])\" }))"
    )
    done = desk.run(
        "$env:AZURE_CLIENT_ID = 'mine'",
        desk.cd(desk.a),
        f"$before = & {{ {everything} }}",
        # a name that no system takes: setting it throws, in the middle of the table
        f"$Global:__azenv.Table.Names[{at}] = 'A=B'",
        desk.cd(desk.b),
        "__azenv_hook",
        f"$after = & {{ {everything} }}",
        '"same=$($before -ceq $after) errors=$($Error.Count)"',
        f"$Global:__azenv.Table.Names[{at}] = 'ARM_TENANT_ID'",
        desk.cd(desk.out),
        "show AZENV_CONTEXT,ARM_SUBSCRIPTION_ID,AZURE_CLIENT_ID,__AZENV_UNDO",
    )
    assert done.out == [
        "same=True errors=0",
        *("AZENV_CONTEXT=", "ARM_SUBSCRIPTION_ID=", "AZURE_CLIENT_ID=mine", "__AZENV_UNDO="),
    ], done.err
    assert [line.endswith("; nothing was changed") for line in done.err] == [False, True, False]


def test_empty_is_not_absent(desk: Desk) -> None:
    # since .NET 9 $null through a .NET call leaves an EMPTY variable
    done = desk.run(
        "$env:MSI_ENDPOINT = ''",
        desk.cd(desk.a),
        "sh -c 'env | grep -c -E \"^(MSI_ENDPOINT|AZURE_CLIENT_ID)=\"'",
        desk.cd(desk.out),
        "sh -c 'env | grep -E \"^(MSI_|AZ|ARM_|__AZ)\"'",
    )
    assert done.out == ["0", "MSI_ENDPOINT="]


def test_other_drives_keep_the_directory_of_the_file_system(desk: Desk) -> None:
    done = desk.run(
        desk.cd(desk.a),
        "Set-Location Env:; __azenv_hook; show AZENV_CONTEXT",
        "Set-Location Function:; __azenv_hook; show AZENV_CONTEXT",
        desk.cd(desk.out),
        "show AZENV_CONTEXT",
        '"errors=$($Error.Count)"',
    )
    assert done.out == ["AZENV_CONTEXT=dev", "AZENV_CONTEXT=dev", "AZENV_CONTEXT=", "errors=0"]


def test_a_deleted_directory_is_no_error(desk: Desk) -> None:
    done = desk.run(
        *(desk.cd(desk.a / "x"), f"[IO.Directory]::Delete({quote(desk.a / 'x')}); __azenv_hook"),
        "show AZENV_CONTEXT",
        f"[IO.Directory]::Delete({quote(desk.a)}, $true); __azenv_hook",
        "show AZENV_CONTEXT",
        '"errors=$($Error.Count)"',
        before=f"[void] [IO.Directory]::CreateDirectory({quote(desk.a / 'x')})",
    )
    assert done.out == ["AZENV_CONTEXT=dev", "AZENV_CONTEXT=", "errors=0"]
    assert len(done.err) == 2


def test_one_process_for_a_pin_without_an_answer(desk: Desk) -> None:
    place = desk.pin("new", "context = 'new'\n")
    for directory in (desk.state / "generation").iterdir():
        directory.unlink()  # azenv was never used here: no generation
    visits = [desk.cd(there) for there in (place, desk.out, place)]
    done = desk.run(
        "$Global:LASTEXITCODE = 42", *visits, "__azenv_hook", "show AZENV_BLOCKED", "$LASTEXITCODE"
    )
    pin = str(place / ".azenv.toml")
    assert done.words == [["hook", "pin", str(desk.root), pin, "powershell"]]
    assert done.out == ["AZENV_BLOCKED=not trusted; review it, then: azenv allow", "42"]


def test_paths_of_windows_have_their_records(desk: Desk) -> None:
    pins = (r"C:\x y\.azenv.toml", r"\\server\share\.azenv.toml")
    record = "(__azenv_record_of_pin {}).Substring($Global:__azenvP.State.Length)"
    colon = desk.pin("c:d", "x", f"context{US}{DEV}")  # elsewhere a colon is a character
    done = desk.run(
        *(record.format(quote(pin)) for pin in pins), desk.cd(colon), "show AZENV_CONTEXT"
    )
    assert done.out == [
        r"\pins\C\x y\.azenv.toml",
        r"\pins\server\share\.azenv.toml",
        "AZENV_CONTEXT=dev",
    ]


# --- the runtime directory ------------------------------------------------------------------


def test_a_root_that_is_a_link_blocks_until_it_is_ours_again(desk: Desk) -> None:
    away = desk.top / "elsewhere"
    move = f"[IO.Directory]::Move({quote(desk.root)}, {quote(away)})"
    link = f"[void] [IO.Directory]::CreateSymbolicLink({quote(desk.root)}, {quote(away)})"
    remove = f"[IO.File]::Delete({quote(desk.root)})"
    back = f"{remove}; [IO.Directory]::Move({quote(away)}, {quote(desk.root)})"
    done = desk.run(
        desk.cd(desk.a),
        f"{move}; {link}; __azenv_hook; __azenv_hook",
        f"show {','.join(BLOCKED)}",
        f"{back}; __azenv_hook",
        "show AZENV_CONTEXT",
    )
    reason = "the runtime directory is not yours"
    blocked = [
        "AZENV_CONTEXT_ID=none",
        f"AZENV_BLOCKED={reason}",
        "AZURE_CONFIG_DIR=/dev/null/azenv",
    ]
    assert done.out == [*blocked, "AZENV_CONTEXT=dev"]
    assert done.words == [["hook", "root", "powershell"]]
    assert len([line for line in done.err if reason in line]) == 1


@is_root
def test_a_root_of_another_user_is_passed_over(desk: Desk) -> None:
    theirs, ours = desk.top / "session" / "azenv", desk.base / "azenv" / "run"
    theirs.mkdir(parents=True)
    os.chown(theirs, 4711, 4711)
    desk.root.rename(ours)
    done = desk.run(
        desk.cd(desk.a),
        "$Global:__azenv.Root",
        f"[void] (sh -c 'chown 4711 \"$1\"' sh {quote(ours)}); $Global:__azenv.RootBorn = [long] 0",
        desk.cd(desk.b),
        f"show {','.join(BLOCKED)}",
        roots=[str(theirs), str(ours)],
    )
    assert done.out[0] == str(ours)
    assert done.out[1:] == [
        "AZENV_CONTEXT_ID=none",
        "AZENV_BLOCKED=the runtime directory is not yours",
        "AZURE_CONFIG_DIR=/dev/null/azenv",
    ]


def test_without_a_home_of_its_own_the_session_has_the_root(desk: Desk) -> None:
    session = desk.top / "session"
    session.mkdir()
    desk.root.rename(session / "azenv")
    done = desk.run(
        desk.cd(desk.a),
        "show AZURE_CONFIG_DIR",
        roots=[],
        env={"XDG_RUNTIME_DIR": str(session)},
    )
    assert done.out == [f"AZURE_CONFIG_DIR={session}/azenv/az/{DEV}/.azure"]


# --- the undo of others ---------------------------------------------------------------------


def undo(kinds: str, values: Sequence[str], *old: str, layout: str = variables.LAYOUT) -> str:
    return US.join((layout, DEV, kinds, *values, *old, ""))


def test_an_inherited_undo_is_followed_and_a_forged_one_is_not(desk: Desk) -> None:
    settable, names = len(variables.SETTABLE), variables.NAMES
    tenant = names.index("ARM_TENANT_ID")
    kinds = "".join("=" if n == tenant else "." for n in range(len(names)))
    values = ["theirs" if n == tenant else "" for n in range(settable)]
    good = undo(kinds, values, str(tenant + 1), "mine", "999", "x", "1", "no", "-4", "y")
    env = {"ARM_TENANT_ID": "theirs", "AZURE_CONFIG_DIR": "/keep", "PATH": os.environ["PATH"]}
    show = "show ARM_TENANT_ID,AZURE_CONFIG_DIR,__AZENV_UNDO"
    done = desk.run("__azenv_hook", show, env=env | {"__AZENV_UNDO": good})
    assert done.out == ["ARM_TENANT_ID=mine", "AZURE_CONFIG_DIR=/keep", "__AZENV_UNDO="]
    assert done.words == []
    forged = (
        "x",
        undo(kinds[:-1], values),
        undo(kinds.replace("=", "?"), values),
        undo(kinds, values[:-4]),
        undo(kinds[:-1] + "=", values),
    )
    script = [
        line
        for text in forged
        for line in (
            "$env:ARM_TENANT_ID = 'theirs'",
            f"$env:__AZENV_UNDO = {quote(text)}",
            "$Global:__azenv.Seen = $null; __azenv_hook",
            show,
        )
    ]
    done = desk.run(*script, env=env)
    assert done.out == ["ARM_TENANT_ID=theirs", "AZURE_CONFIG_DIR=/keep", "__AZENV_UNDO="] * len(
        forged
    )
    assert done.words == [["hook", "undo", ""]] * len(forged)


def test_a_foreign_undo_is_reversed_by_name_within_bounds(desk: Desk) -> None:
    answer = US.join(
        (
            "ARM_TENANT_ID",
            "x",
            "old\nvalue",
            "AZURE_OLD",
            "-",
            "",
            "PATH",
            "x",
            "/evil",
            "LD_PRELOAD",
            "x",
            "e",
            ".",
        )
    )
    env = {"ANSWER": answer, "__AZENV_UNDO": undo("=", ["x"], layout="elsewhere"), "AZURE_OLD": "1"}
    done = desk.run(
        "__azenv_hook",
        '"tenant=$($env:ARM_TENANT_ID.Replace("`n", "+"))"',
        "show AZURE_OLD,LD_PRELOAD,__AZENV_UNDO",
        "\"path=$($env:PATH -eq '/evil')\"",
        env=env,
    )
    assert done.out == [
        "tenant=old+value",
        "AZURE_OLD=",
        "LD_PRELOAD=",
        "__AZENV_UNDO=",
        "path=False",
    ]


def test_loaded_again_with_another_table_the_old_one_leaves_first(desk: Desk) -> None:
    secret = "AZURE_CLIENT_SECRET"
    again = quote(desk.top / "again.ps1")
    other = powershell.table().replace(variables.LAYOUT, "0123456789ab")
    (desk.top / "again.ps1").write_text(desk.init(table=other).read_text())
    done = desk.run(
        f"$env:{secret} = 'hush'",
        desk.cd(desk.a),
        f"show {secret}",
        '"in undo: $($env:__AZENV_UNDO.Contains("hush"))"',
        f". {again}",
        f"show {secret},AZENV_CONTEXT,__AZENV_UNDO",
    )
    assert done.out == [
        f"{secret}=",
        "in undo: False",
        f"{secret}=hush",
        "AZENV_CONTEXT=",
        "__AZENV_UNDO=",
    ]
    assert done.words == []


def test_loaded_again_it_leaves_alone_what_the_user_changed(desk: Desk) -> None:
    done = desk.run(
        desk.cd(desk.a),
        "$env:ARM_TENANT_ID = 'mine'",
        f". {quote(desk.top / 'init.ps1')}",
        "__azenv_hook",
        "show ARM_TENANT_ID",
        desk.cd(desk.out),
        "show ARM_TENANT_ID,AZENV_CONTEXT",
    )
    assert done.out == ["ARM_TENANT_ID=mine", "ARM_TENANT_ID=mine", "AZENV_CONTEXT="]
    assert len(done.err) == 2


# --- choices --------------------------------------------------------------------------------


def test_a_time_box_ends_and_its_name_stays_in_its_directory(desk: Desk) -> None:
    deadline = desk.root / "until" / "1-ab"
    deadline.touch()
    os.utime(deadline, (time.time() + 500,) * 2)
    (desk.root / "other").touch()
    os.utime(desk.root / "other", (time.time() + 500,) * 2)
    done = desk.run(
        f"$env:__AZENV_CHOICE = {quote(PROD)}; $env:__AZENV_UNTIL = '1-ab'",
        "__azenv_hook; __azenv_hook",
        "show AZENV_CONTEXT,AZENV_SOURCE",
        f"[IO.File]::SetLastWriteTimeUtc({quote(deadline)}, [DateTime]::UtcNow.AddSeconds(-1))",
        "__azenv_hook",
        "show AZENV_CONTEXT,AZENV_BLOCKED",
        "$env:__AZENV_UNTIL = '../other'; __azenv_hook",
        "show AZENV_BLOCKED",
        "$env:__AZENV_UNTIL = 'missing'; __azenv_hook",
        "show AZENV_BLOCKED",
    )
    end = "AZENV_BLOCKED=the time is up"
    assert done.out == [
        "AZENV_CONTEXT=prod",
        "AZENV_SOURCE=choice",
        "AZENV_CONTEXT=",
        end,
        end,
        end,
    ]
    assert done.err == [
        "azenv: prod  Contoso  (chosen)",
        "azenv: blocked: the time is up  (chosen)",
    ]


def test_a_choice_that_masks_a_pin_is_told_on_entering(desk: Desk) -> None:
    (desk.a / "deeper").mkdir()
    desk.pin("denied", "x", "denied")
    go = [
        desk.cd(place) for place in (desk.a, desk.a / "deeper", desk.top / "denied", desk.b, desk.a)
    ]
    done = desk.run(f"$env:__AZENV_CHOICE = {quote(PROD)}", *go)
    told = "azenv: this directory is pinned (~/a/.azenv.toml), "
    told += "but your choice prod is in force; azenv use --follow"
    assert done.err == ["azenv: prod  Contoso  (chosen)", told, told]


# --- the function azenv ---------------------------------------------------------------------


def test_the_words_arrive_as_they_were_typed(desk: Desk) -> None:
    (desk.out / "file").touch()
    calls = {
        "azenv exec prod -- git checkout -- file": "exec prod -- git checkout -- file",
        "azenv -- --": "-- --",
        "azenv list -o:json -o: json -v --a=b --a:b -x": "list -o:json -o: json -v --a=b --a:b -x",
        "azenv exec x -- az -o:json a,b": "exec x -- az -o:json a,b",
        "azenv set a,b 1.10 0x10 1kb -1 'q',w 1.10,2": "set a,b 1.10 0x10 1kb -1 q,w 1.10,2",
        "azenv use * '*' ~ ~/x [a-z]": "use * * ~ ~/x [a-z]",
        "azenv $list -o $list x": "p q -o p q x",
        "azenv @list y": "p q y",
        "azenv use ('pro' + 'd') \"$($list[0])x\"": "use prod px",
    }
    awkward = [
        "",
        'a"b',
        "a b",
        "\u2018\u2019\u201a\u201b'",
        "$(id)",
        "`id`",
        "a\\",
        "a b\\",
        '\\"',
        "x;y&z|",
        "\u00e9",
    ]
    statements = [
        *calls,
        "azenv " + " ".join(map(quote, awkward)),
        "$z = @(azenv one -- two); $z.Count",
        "azenv split `\n  -o two",
        "& azenv called --",
    ]
    done = desk.run(
        "$list = 'p', 'q'", *(f"[void] ({s})" if "$z" not in s else s for s in statements)
    )
    expected = [text.split(" ") for text in calls.values()]
    expected += [awkward, ["one", "--", "two"], ["split", "-o", "two"], ["called", "--"]]
    assert done.words == expected
    assert done.out == ["2"]


def test_the_words_arrive_before_7_3_too(desk: Desk) -> None:
    awkward = ["", 'a"b', "a b", "a\\", "a b\\", 'x\\"y z', "\u2018\u2019'"]
    call = "[void] (azenv " + " ".join(map(quote, awkward)) + ")"
    old = (quote(word) for word in ("a b\\", "a\\", 'a b"\\'))
    done = desk.run(
        "$PSNativeCommandArgumentPassing = 'Legacy'",
        call,
        *(f"__azenv_legacy_word {word} $true" for word in old),
    )
    assert done.words == [awkward]
    assert done.out == ["a b\\\\", "a\\", 'a b\\"\\\\']


def test_input_output_and_status_are_the_programs(desk: Desk) -> None:
    done = desk.run(
        "$lines = @('one', 'two' | azenv read); \"$($lines.Count) $? $LASTEXITCODE\"",
        "$env:READ_INPUT = ''",
        "$env:EXIT = '7'",
        '$x = azenv fail; "$? $LASTEXITCODE $($Error.Count)"',
        'azenv fail | Out-Null; "$? $LASTEXITCODE"',
        "$first = azenv fail | Select-Object -First 1; $first",
        "show __AZENV_MAIL,__AZENV_NONCE,__AZENV_SHELL",
        "$env:EXIT = ''; $env:EXIT = '0'; $x = azenv good; \"$? $LASTEXITCODE $($Error.Count)\"",
        env={"READ_INPUT": "1"},
    )
    empty = ["__AZENV_MAIL=", "__AZENV_NONCE=", "__AZENV_SHELL="]
    assert done.out == ["2 True 0", "False 7 0", "False 7", "first", *empty, "True 0 0"]
    assert done.notes[0]["input"] == "one\ntwo\n"
    mail, nonce, shell = done.notes[0]["private"]
    assert mail.startswith(f"{desk.root}/mail/")
    assert nonce
    assert shell == "powershell"


def test_mail_changes_this_shell_and_forged_mail_does_not(desk: Desk) -> None:
    show = "show AZENV_CONTEXT,__AZENV_CHOICE,__AZENV_UNTIL,__AZENV_PREVIOUS"
    send = "$env:SEND_MAIL = {}; [void] (azenv use)"
    mails = (
        f"NONCE|choice|{PROD}|9-ab|follow||.",
        f"wrong|choice|{DEV}||x|.",
        f"NONCE|choice|{DEV}||x||",
        f"NONCE|run|{DEV}||x||.",
        f"NONCE|follow|||{PROD}||.",
    )
    (desk.root / "until" / "9-ab").touch()
    os.utime(desk.root / "until" / "9-ab", (time.time() + 500,) * 2)
    script = [line for mail in mails for line in (send.format(quote(mail)), show)]
    done = desk.run(
        *script, '"left=$(@([IO.Directory]::GetFiles($Global:__azenv.Root + "/mail")).Count)"'
    )
    prod = [
        "AZENV_CONTEXT=prod",
        f"__AZENV_CHOICE={PROD}",
        "__AZENV_UNTIL=9-ab",
        "__AZENV_PREVIOUS=follow",
    ]
    none = ["AZENV_CONTEXT=", "__AZENV_CHOICE=", "__AZENV_UNTIL=", f"__AZENV_PREVIOUS={PROD}"]
    assert done.out == [*prod * 4, *none, "left=0"]
    # this shell has left files: it says so when it ends
    last = done.words[-1]
    assert last[:3] == ["hook", "end", str(desk.root)]
    assert last[3].isdecimal()


def test_a_session_that_left_nothing_ends_without_a_process(desk: Desk) -> None:
    done = desk.run(desk.cd(desk.a), "[void] (azenv status)", "exit 5")
    assert done.words == [["status"]]
    assert done.status == 5


def test_a_completer_passes_straight_through(desk: Desk) -> None:
    # click's completer calls `azenv` by its bare name, and a function goes before a program
    done = desk.run(
        "$env:_AZENV_COMPLETE = 'powershell_complete'; $env:EXIT = '3'",
        f'Set-Location -LiteralPath {quote(desk.a)}; $x = azenv; "$? $($x.Count)"',
        "show AZENV_CONTEXT",
    )
    assert done.notes[0]["private"] == ["", "", ""]
    assert done.out == ["False 2", "AZENV_CONTEXT="]


def test_a_program_that_is_gone_is_told_once(desk: Desk) -> None:
    untrusted = desk.pin("new", "x")
    also = desk.pin("also", "x")
    gone = str(desk.top / "gone.py")
    go = [desk.cd(place) for place in (untrusted, desk.out, also, untrusted)]
    done = desk.run(
        *go,
        "__azenv_hook",
        'azenv list; "$? $LASTEXITCODE"',
        "show AZENV_CONTEXT_ID",
        launcher=gone,
    )
    cure = "reinstall azenv or remove the hook: azenv init powershell --remove"
    hint = f"azenv: its program is gone ({gone}); {cure}"
    assert done.err.count(hint) == 2  # once by the hook, once for the call
    assert done.out == ["False 127", "AZENV_CONTEXT_ID=none"]


# --- installing -----------------------------------------------------------------------------


def test_installed_twice_around_a_theme_that_kept_our_prompt(desk: Desk) -> None:
    done = desk.run(
        "$Function:Global:prompt = { $Global:seen = \"$?\"; 'plain> ' }",
        *[f". {quote(desk.top / 'init.ps1')}"] * 2,
        "$saved = $Function:prompt; function Global:prompt { 'theme ' + (& $saved) }",
        *[f". {quote(desk.top / 'init.ps1')}"] * 2,
        f"Set-Location -LiteralPath {quote(desk.a)}; prompt",
        "$Global:seen",
        "show AZENV_CONTEXT",
    )
    assert done.out == ["theme plain> ", "True", "AZENV_CONTEXT=dev"]
    assert len(done.err) == 1


@pytest.mark.parametrize("name", ["CI", "TF_BUILD", "GITHUB_ACTIONS"])
def test_in_ci_the_hook_is_inert_but_the_function_works(desk: Desk, name: str) -> None:
    done = desk.run(
        f"Set-Location -LiteralPath {quote(desk.a)}; [void] (prompt); $x = azenv list; $x.Count",
        "$action = $ExecutionContext.InvokeCommand.LocationChangedAction",
        '"$($Function:prompt.ToString().Contains("azenv")) $action"',
        env={name: "true"},
    )
    assert done.out == ["2", "False "]


def test_constrained_language_mode_stops_it_in_silence(desk: Desk) -> None:
    constrain = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'"
    done = desk.run('"$($Error.Count) $(Test-Path Function:azenv)"', before=constrain)
    assert (done.out, done.err, done.status) == (["0 False"], [], 0)
    # loaded before, it goes on working
    done = desk.run(
        constrain, desk.cd(desk.a), "$env:AZENV_CONTEXT", desk.cd(desk.out), "$Error.Count"
    )
    assert done.out == ["dev", "0"]


def test_scripts_are_left_alone_until_there_is_a_prompt(desk: Desk) -> None:
    done = desk.run(
        f"Set-Location -LiteralPath {quote(desk.a)}; show AZENV_CONTEXT",
        "[void] (prompt)",
        f"Set-Location -LiteralPath {quote(desk.b)}; show AZENV_CONTEXT",
    )
    assert done.out == ["AZENV_CONTEXT=", "AZENV_CONTEXT=prod"]


def test_an_action_of_the_user_goes_on_working_beside_ours(desk: Desk) -> None:
    action = "$ExecutionContext.InvokeCommand.LocationChangedAction"
    done = desk.run(
        "[void] (prompt)",
        *[f". {quote(desk.top / 'init.ps1')}"] * 2,
        f"Set-Location -LiteralPath {quote(desk.a)}; show AZENV_CONTEXT",
        f"{action}.GetInvocationList().Count; $Global:moved",
        before=f"$Global:moved = 0; {action} = {{ $Global:moved++ }}",
    )
    assert done.out == ["AZENV_CONTEXT=dev", "2", "1"]


@pytest.fixture
def terminal(desk: Desk) -> Iterator[pexpect.spawn[str]]:
    """Yield a person's PowerShell, its prompt showing $? and $LASTEXITCODE."""
    profile = desk.plain / "config" / "powershell" / "Microsoft.PowerShell_profile.ps1"
    profile.parent.mkdir(parents=True)
    profile.write_text(
        'function prompt { "<$?|$LASTEXITCODE|$($Error.Count)> " }\n'
        f"(& cat {quote(desk.init())}) | Out-String | Invoke-Expression\n"
    )
    child = pexpect.spawn(
        require_tool("pwsh"),
        ["-NoLogo"],
        env=desk.env(),
        cwd=str(desk.out),
        timeout=PATIENCE_S,
        encoding="utf-8",
        codec_errors="replace",
        dimensions=(50, 500),
    )
    child.expect_exact("<True|0|0> ")
    yield child
    child.close(force=True)


def test_at_a_terminal(desk: Desk, terminal: pexpect.spawn[str]) -> None:
    def say(line: str, *wanted: str) -> None:
        terminal.sendline(line)
        for text in wanted:
            terminal.expect_exact(text)

    go = {name: f"cd -LiteralPath {quote(desk.top / name)}" for name in ("a", "b", "out")}
    say("sh -c 'exit 5'", "<False|5|0> ")
    say(f"{go['a']}; 'now ' + $env:AZENV_CONTEXT", "azenv: dev  Contoso", "now dev", "<True|5|0> ")
    say("Get-Item nowhere", "<False|5|1> ")
    say(
        "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'; sh -c 'exit 6'",
        "<False|6|1> ",
    )
    say(f"{go['b']}; 'now ' + $env:AZENV_CONTEXT", "azenv: prod", "now prod", "<True|6|1> ")
    # the program has the terminal
    say("azenv picker", "first\r\nsecond", "<True|0|1> ")
    notes = [json.loads(line) for line in desk.calls.read_text().splitlines()]
    assert notes[-1]["tty"] == [True, True, True]
    say("$env:EXIT = 9; azenv x", "second", "<False|9|1> ")
    # a theme takes the prompt over: a cd still switches, and loading again brings the rest back
    say("function prompt { 'theme> ' }", "theme> ")
    say(go["a"], "azenv: dev", "theme> ")
    say(f". {quote(desk.top / 'init.ps1')}", "theme> ")
    (desk.top / "a" / ".azenv.toml").unlink()
    say("'x'", "azenv: no context (left the pinned directory)", "theme> ")
    say(go["b"], "azenv: prod", "theme> ")
    say("exit 3")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 3


# --- no process -----------------------------------------------------------------------------


def test_a_thousand_runs_start_no_process(desk: Desk) -> None:
    deadline = desk.root / "until" / "1-ab"
    deadline.touch()
    os.utime(deadline, (time.time() + 5000,) * 2)
    blocked = desk.pin("blocked", "x", f"blocked{US}no")
    places = (desk.a, desk.b, blocked, desk.out)
    tour = [
        "[void] (prompt)",
        *(
            f"Set-Location -LiteralPath {quote(place)}; [void] (prompt); [void] (prompt)"
            for place in places
        ),
        f"$env:__AZENV_CHOICE = {quote(PROD)}; $env:__AZENV_UNTIL = '1-ab'",
        "[void] (prompt); [void] (prompt)",
        f"Set-Location -LiteralPath {quote(desk.a)}; [void] (prompt)",
        "$env:__AZENV_CHOICE = $null; $env:__AZENV_UNTIL = $null; [void] (prompt)",
        f"Set-Location -LiteralPath {quote(desk.out)}; [void] (prompt)",
    ]
    log = desk.top / "strace"
    marks = [
        f"[void] [IO.Directory]::CreateDirectory({quote(desk.top)} + '/mark-{n}')" for n in range(3)
    ]
    done = desk.run(
        *tour,
        marks[0],
        # 14 prompts and 6 runs on cd, 50 times
        "for ($i = 0; $i -lt 50; $i++) {",
        *tour,
        "}",
        marks[1],
        "sh -c ':'",
        marks[2],
        env={"AZENV_QUIET": "1"},
        under=(
            require_tool("strace"),
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-e",
            "trace=process,mkdir,mkdirat",
            "-o",
            str(log),
        ),
    )
    assert done.status == 0, done.err
    text = log.read_text(errors="replace")
    ends = [text.index(f"/mark-{n}") for n in range(3)]

    def made(part: str) -> list[str]:
        calls = [
            line for line in part.splitlines() if re.search(r"\b(clone3?|v?fork|execve)\(", line)
        ]
        return [line for line in calls if "CLONE_THREAD" not in line]  # .NET's own threads

    assert made(text[ends[0] : ends[1]]) == []
    assert made(text[ends[1] : ends[2]])  # a process would have been seen
    assert done.words == []
