from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from azenv import cli, dialects, integration
from azenv.commands.completion import completions
from azenv.store import paths, records
from tests import tabs
from tests.shells.harness import NASTY, REPOSITORY, require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    NASTY,
    "$(touch pwned)`touch pwned`;touch pwned",
    "a:b=c@d e",
    "a:b=c@x",
    "bang!x",
    "contoso.com - ada@contoso.com",
    'dq"$x`',
    "ends with '",
    'fin"',
    "(Get-Item pwned)",
    "it's other",
    "prod",
    "Production EU",
    "Subscription (b0ee2fe4-3f0c-4b0c-a0ab-0d8c4a1b9a4e)",
    "tail\\",
    "%F{red}",
    "~home",
    "#hash",
    "*glob?[x]",
    "\u00e9t\u00e9 \u2018q\u2019",
)

every_shell = pytest.mark.parametrize("shell", tabs.SHELLS)


def keep(home: Path, names: tuple[str, ...] | list[str]) -> None:
    found = paths.locate({"AZENV_HOME": str(home / "azenv")})
    Path(found.records).mkdir(parents=True, exist_ok=True)
    records.write_names(found, names)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep(tmp_path, NAMES)
    return tmp_path


def tree(
    command: click.Command, ctx: click.Context, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    yield path, command, ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            assert child is not None
            yield from tree(child, click.Context(child, ctx), *path, name)


# --- the files ------------------------------------------------------------------------------


@every_shell
def test_committed_is_generated(shell: str) -> None:
    assert tabs.file_of(shell).read_text() == completions(shell, cli.azenv), "make completions"


@every_shell
def test_the_command_prints_the_committed_file(shell: str) -> None:
    words = [sys.executable, "-m", "azenv", "completion", shell]
    printed = subprocess.run(words, capture_output=True, check=True, cwd=REPOSITORY).stdout
    assert printed == tabs.file_of(shell).read_bytes()


@every_shell
def test_the_engine_is_verbatim(shell: str) -> None:
    engine = (REPOSITORY / "shell" / f"complete.{dialects.EXTENSIONS[shell]}").read_bytes()
    assert tabs.file_of(shell).read_bytes().endswith(engine)


def test_powershell_5_reads_a_file_without_bom_as_ansi() -> None:
    for name in ("complete.ps1", "loader.ps1"):
        (REPOSITORY / "shell" / name).read_text(encoding="ascii")
    tabs.file_of("powershell").read_text(encoding="ascii")


@every_shell
def test_parses(shell: str) -> None:
    file = str(tabs.file_of(shell))
    if shell == "powershell":
        parse = "$e = $null; [void][Management.Automation.Language.Parser]::ParseFile"
        words = ["-NoProfile", "-Command", f"{parse}('{file}', [ref]$null, [ref]$e); exit $e.Count"]
    else:
        words = ["--no-execute" if shell == "fish" else "-n", file]
    subprocess.run([tabs.program(shell), *words], check=True)


def test_shellcheck() -> None:
    shellcheck = require_tool("shellcheck")
    subprocess.run([shellcheck, tabs.file_of("bash")], check=True)


# --- what is offered ------------------------------------------------------------------------

# Prints what Tab offers after each line of `lines`, and an empty line.
OFFERS = {
    "bash": r"""source FILE
while IFS= read -r line; do
  COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line) COMP_CWORD=1
  word=${line##* }
  __azenv_complete azenv "$word" ''
  printf '%s\n' "${COMPREPLY[@]}" ''
done <lines
""",
    "zsh": r"""source FILE
while IFS= read -r line; do
  words=(${(z)line}) PREFIX=${line##* }
  [[ $line == *' ' ]] && words+=('')
  CURRENT=$#words
  _describe() { print -rl -- "${(@)${(@P)argv[-1]}%%:*}"; }
  compadd() { print -rl -- "${(@P)argv[-1]}"; }
  _wanted() { "${(@)argv[4,-1]}"; }
  _azenv
  print
done <lines
""",
    "fish": r"""source FILE
while read -l line
    complete -C "$line" | string replace -r '\t.*' ''
    echo
end <lines
""",
    "powershell": r""". FILE
foreach ($line in [IO.File]::ReadAllLines("$pwd/lines")) {
    (TabExpansion2 $line $line.Length).CompletionMatches | ForEach-Object { $_.CompletionText }
    ''
}
""",
}


def offers(shell: str, home: Path, lines: list[str]) -> list[set[str]]:
    (home / "lines").write_text("".join(f"{line}\n" for line in lines))
    script = home / ("script.ps1" if shell == "powershell" else "script")
    script.write_text(OFFERS[shell].replace("FILE", f"'{tabs.file_of(shell)}'"))
    no_rc = {"zsh": ["-f"], "fish": ["--no-config"], "powershell": ["-NoProfile", "-File"]}
    done = subprocess.run(
        [tabs.program(shell), *no_rc.get(shell, []), str(script)],
        env=tabs.environment(home),
        cwd=home,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stderr == ""
    return [set(block.split("\n")) - {""} for block in re.split(r"(?<=\n)\n|^\n", done.stdout)][
        : len(lines)
    ]


@every_shell
def test_every_verb_and_option_is_offered(shell: str, home: Path) -> None:
    root = click.Context(cli.azenv, **cli.azenv.context_settings)
    lines, expected = [], []
    for path, command, ctx in tree(cli.azenv, root):
        spellings = {
            spelling
            for parameter in command.get_params(ctx)
            if isinstance(parameter, click.Option) and not parameter.hidden
            for spelling in (*parameter.opts, *parameter.secondary_opts)
        }
        lines.append(" ".join(("azenv", *path, "-")))
        expected.append(spellings)
        if isinstance(command, click.Group):
            lines.append(" ".join(("azenv", *path, "")))
            expected.append(set(command.list_commands(ctx)))
    for line, wanted, found in zip(lines, expected, offers(shell, home, lines), strict=True):
        assert wanted <= found, line


@every_shell
def test_choices(shell: str, home: Path) -> None:
    lines = {
        "azenv use --scope ": {"process", "user"},
        "azenv list -o ": {"table", "json", "tsv"},
        "azenv list -otsv --output ": {"table", "json", "tsv"},
        "azenv init ": {"bash", "zsh", "fish", "powershell"},
        "azenv env --shell ": {"bash", "zsh", "fish", "powershell"},
        "azenv nonsense ": set[str](),
    }
    assert offers(shell, home, list(lines)) == list(lines.values())


# --- real completions -----------------------------------------------------------------------


def beginnings(shell: str) -> Iterator[tuple[str, str, str]]:
    """Yield a name, the way of typing, and what is typed: enough of it, and nearly all of it."""
    for name in NAMES:
        unique = next(
            size
            for size in range(1, len(name) + 1)
            if sum(other.casefold().startswith(name[:size].casefold()) for other in NAMES) == 1
            or name == "prod"
        )
        for style in tabs.styles(shell):
            for size in {unique, max(unique, len(name) - 1)}:
                part = name[:size]
                # a ! in double quotes is the history's, not ours, as long as a person types it;
                # fish 3.6 completes no word in which a * was typed, whoever offers it
                if ("!" in part and style.name == "double quotes") or (
                    "*" in part and shell == "fish"
                ):
                    continue
                if name != "prod":
                    yield name, style.name, style.begin(part)


@every_shell
def test_a_name_arrives_as_it_is(shell: str, home: Path) -> None:
    cases = list(beginnings(shell))
    got = tabs.type_lines(shell, home, [f"azenv use {typed}\t" for _, _, typed in cases])
    wrong = [
        (style, typed, words)
        for (name, style, typed), words in zip(cases, got, strict=True)
        if words != ["use", name]
    ]
    assert wrong == []
    assert not (home / "pwned").exists()


@every_shell
def test_listing_evaluates_nothing(shell: str, home: Path) -> None:
    # Ctrl-U: what is left over is not run
    end = "" if shell == "powershell" else "\x15azenv x"
    lines = [f"{line}{end}" for line in ("azenv use \t\t", "azenv use a:\t\t", "azenv use \t")]
    got = tabs.type_lines(shell, home, lines)
    assert end == "" or got == [["x"]] * 3
    assert not (home / "pwned").exists()


@every_shell
def test_words_of_a_line(shell: str, home: Path) -> None:
    lines = {
        "azenv sele\tPRODU\t": ["select", "Production EU"],
        "azenv use --sc\tu\tSub\t": ["use", "--scope", "user", NAMES[13]],
        "azenv use --scope=u\t": ["use", "--scope=user"],
        "azenv use -- Sub\t": ["use", "--", NAMES[13]],
        "azenv show --context Sub\t": ["show", "--context", NAMES[13]],
        "azenv remove prod Sub\t": ["remove", "prod", NAMES[13]],
        "azenv import power\t": ["import", "powershell"],
        "azenv use --output js\t-": ["use", "--output", "json", "-"],
    }
    if shell == "powershell":  # which takes the -- of a function for itself
        lines["azenv use -- Sub\t"] = ["use", NAMES[13]]
    assert tabs.type_lines(shell, home, list(lines)) == list(lines.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_after_exec_comes_a_command(shell: str, home: Path) -> None:
    (home / "unique file").touch()
    lines = {
        "azenv exec prod printe\t": ["exec", "prod", "printenv"],
        "azenv exec prod cat uniq\t": ["exec", "prod", "cat", "unique file"],
        "azenv exec --here -y -- printe\t": ["exec", "--here", "-y", "--", "printenv"],
        "azenv exec prod -- cat --x uniq\t": ["exec", "prod", "--", "cat", "--x", "unique file"],
        "azenv import uniq\t": ["import", "unique file"],
    }
    assert tabs.type_lines(shell, home, list(lines)) == list(lines.values())


def test_bash_completion_takes_over_after_exec(home: Path) -> None:
    delegate = '_command_offset() { COMPREPLY=("${COMP_WORDS[$1]}-$1"); }'
    # its number counts words as bash cuts them: a : b = c @ x
    lines = ["azenv exec a:b=c@x tool so\t", "azenv exec prod tool\t"]
    got = tabs.type_lines("bash", home, lines, set_up=delegate)
    assert got == [["exec", "a:b=c@x", "tool", "tool-9"], ["exec", "prod", "tool-3"]]


@pytest.mark.skipif(sys.platform != "linux", reason="where state lies elsewhere is platformdirs'")
@pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "HOME"])
@every_shell
def test_names_are_found_without_the_integration(shell: str, variable: str, tmp_path: Path) -> None:
    """Here all but the layout, which is baked in, comes from the environment."""
    environ = {"HOME": str(tmp_path)}
    unset = {"fish": "set -e AZENV_HOME", "powershell": "$env:AZENV_HOME = $null"}
    set_up = unset.get(shell, "unset AZENV_HOME XDG_STATE_HOME")
    if variable == "XDG_STATE_HOME":
        environ[variable] = str(tmp_path / "state")
        export = {"fish": "set -gx {} {}", "powershell": "$env:{} = '{}'"}.get(
            shell, "export {}={}"
        )
        set_up += f"; {export.format(variable, environ[variable])}"
    found = paths.locate(environ)
    Path(found.records).mkdir(parents=True)
    records.write_names(found, NAMES)
    got = tabs.type_lines(shell, tmp_path, ["azenv use PRODU\t"], set_up=set_up)
    assert got == [["use", "Production EU"]]


# --- what it costs --------------------------------------------------------------------------

PROCESS = re.compile(r"\b(execve|fork|vfork|clone3?)\(")


@every_shell
def test_no_process_is_started(shell: str, home: Path) -> None:
    trace = home / "trace"
    calls = "trace=execve,fork,vfork,clone,clone3,openat,open"
    tracer = [require_tool("strace"), "-f", "-qq", "-o", str(trace), "-e", calls]
    line = "azenv use PRODU\t"
    got = tabs.type_lines(shell, home, [line] * 5, tracer=tracer)
    assert got == [["use", "Production EU"]] * 5
    lines = trace.read_text(errors="replace").split("\n")
    opened = [i for i, text in enumerate(lines) if f'{home}/out"' in text]
    started = [
        text
        for text in lines[opened[0] : opened[-1]]
        if PROCESS.search(text) and "CLONE_THREAD" not in text
    ]
    assert started == []


@every_shell
def test_ten_thousand_names(shell: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, [f"Subscription {number} of {NASTY}" for number in range(10_000)])
    line = {"powershell": "azenv use 'Subscription 7777\t"}.get(
        shell, "azenv use Subscription\\ 7777\t"
    )
    few, many = 1, 11
    times = []
    for count in (few, many):
        start = time.perf_counter()
        got = tabs.type_lines(shell, home, [line] * count)
        times.append(time.perf_counter() - start)
        assert got == [["use", f"Subscription 7777 of {NASTY}"]] * count
    with capsys.disabled():
        each = (times[1] - times[0]) / (many - few) * 1000
        print(f"\n10,000 names in {shell}: {each:.0f} ms a Tab, typed, completed and run")


# --- the integration ------------------------------------------------------------------------


def init(shell: str, home: Path) -> Path:
    file = home / f"init.{dialects.EXTENSIONS[shell]}"
    found = paths.locate({"AZENV_HOME": str(home / "azenv")})
    file.write_text(integration.init_text(shell, found))
    return file


@every_shell
def test_init_brings_completion(shell: str, home: Path) -> None:
    load = tabs.LOAD[shell].format(init(shell, home))
    got = tabs.type_lines(shell, home, ["azenv use PRODU\t"] * 2, load=load)
    assert got == [["use", "Production EU"]] * 2


def test_init_before_compinit(home: Path) -> None:
    load = f"source {init('zsh', home)}; autoload -Uz compinit; compinit -u -D"
    got = tabs.type_lines("zsh", home, ["azenv use PRODU\t"], load=load)
    assert got == [["use", "Production EU"]]


def test_zsh_without_compinit_is_silent(home: Path) -> None:
    script = f"source {init('zsh', home)}\nprint -r -- $precmd_functions"
    done = subprocess.run(
        [require_tool("zsh"), "-f", "-i", "-c", script],
        env=tabs.environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    got = tabs.type_lines("zsh", home, ["azenv use x"], load=f"source {init('zsh', home)}")
    assert got == [["use", "x"]]


@every_shell
def test_the_wrapper_passes_straight_through_for_a_completer(shell: str, home: Path) -> None:
    """A completer that calls azenv by its name calls the function: it may change nothing then."""
    launcher = home / "launcher.py"
    launcher.write_text(
        "import os, sys\n"
        "if sys.argv[1] == 'use':\n"
        "    with open(os.environ['OUT'], 'a') as file:\n"
        "        print(os.environ.get('__AZENV_MAIL', 'no mailbox'), file=file)\n"
    )
    found = paths.locate({"AZENV_HOME": str(home / "azenv")})
    (home / "azenv" / "run").mkdir(mode=0o700)
    facts = integration.facts(found) | {"python": sys.executable, "launcher": str(launcher)}
    dialect = dialects.by_name(shell)
    suffix = dialects.EXTENSIONS[shell]
    file = home / f"init.{suffix}"
    file.write_text(dialect.prologue(facts) + dialect.table() + integration.shell_file(shell))
    complete = {
        "fish": "set -gx _AZENV_COMPLETE fish_complete",
        "powershell": "$env:_AZENV_COMPLETE = 'powershell_complete'",
    }.get(shell, "export _AZENV_COMPLETE=complete")
    script = f". '{file}'; azenv use x; {complete}; azenv use x"
    flags = {"powershell": ["-NoProfile", "-Command"], "fish": ["--no-config", "-c"]}
    words = flags.get(shell, ["-f", "-c"] if shell == "zsh" else ["--norc", "-c"])
    subprocess.run(
        [tabs.program(shell), *words, script],
        env=tabs.environment(home),
        check=True,
    )
    with_mail, without = (home / "out").read_text().split("\n")[:-1]
    assert Path(with_mail).parent == home / "azenv" / "run" / "mail"
    assert without == "no mailbox"
