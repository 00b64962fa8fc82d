"""Pitfalls that only bash has: one test each."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from azenv.core import variables
from tests.shells.harness import NASTY, REPOSITORY, SHELLS, Session, Shell, World, require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = REPOSITORY / "shell" / "azenv.bash"
BASHES = [shell for shell in SHELLS.values() if shell.name == "bash"]
pytestmark = pytest.mark.parametrize("shell", BASHES, ids=lambda shell: shell.label)


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


@pytest.fixture
def bash(pinned: World, shell: Shell) -> Iterator[Session]:
    with Session(pinned, shell) as session:
        session.prompt()
        yield session


def version(shell: Shell) -> tuple[int, int]:
    words = [shell.path, "-c", 'echo "${BASH_VERSINFO[0]} ${BASH_VERSINFO[1]}"']
    major, minor = subprocess.run(words, capture_output=True, check=True).stdout.split()
    return int(major), int(minor)


# --- the file -------------------------------------------------------------------------------


def test_it_is_linted_as_it_stands(shell: Shell) -> None:
    subprocess.run([shell.path, "-n", str(FILE)], check=True)
    words = [require_tool("shellcheck"), "--shell=bash", str(FILE)]
    done = subprocess.run(words, capture_output=True, check=False, encoding="utf-8")
    assert done.stdout == ""


def test_it_names_no_variable_of_the_table_but_what_prompts_read(shell: Shell) -> None:
    code = re.sub(r"(?m)(^|\s)# .*$", "", FILE.read_text("utf-8"))
    named = {name for name in variables.NAMES if re.search(rf"\b{name}\b", code)}
    assert named <= {"AZENV_CONTEXT", "AZENV_CONTEXT_ID", "AZENV_SOURCE"}


def test_bash_and_zsh_are_cut_to_one_plan(shell: Shell) -> None:
    bash, zsh = (
        re.findall(r"(?m)^# --- (.*?) -+$", FILE.with_suffix(suffix).read_text("utf-8"))
        for suffix in (".bash", ".zsh")
    )
    assert bash == zsh
    assert bash[0] == "state"


# --- options --------------------------------------------------------------------------------


def test_nocasematch_hides_no_change(bash: Session, pinned: World) -> None:
    """Without the cure `DEV` and `dev` are equal, and an edit of the pin goes unseen."""
    bash.do("shopt -s nocasematch")
    bash.go(pinned.directory("a"))
    assert bash.active() == pinned.delta("dev")
    pinned.write_pin(
        pinned.directory("a"), (pinned.directory("a") / ".azenv.toml").read_text().upper()
    )
    bash.prompt()
    assert bash.active()["AZENV_CONTEXT_ID"] == "none"
    assert bash.do("[[ a == A ]]") == 0


def test_allexport_exports_none_of_our_books(bash: Session, pinned: World) -> None:
    bash.do("set -a")
    bash.load()
    for name in ("a", "b", "a"):
        bash.go(pinned.directory(name))
        bash.prompt(2)
    assert bash.active() == pinned.delta("dev")
    ours = {name for name in bash.env() if name.startswith("__azenv")}
    assert ours <= {"__azenv_status"}
    assert bash.do("case $- in *a*) : ;; *) false ;; esac") == 0


@pytest.mark.parametrize("option", ["set -f", "shopt -s failglob", "shopt -s nullglob", "IFS=/g"])
def test_a_new_generation_is_found_under_any_glob_option(
    bash: Session, pinned: World, option: str
) -> None:
    bash.do(option)
    bash.go(pinned.directory("a"))
    pinned.ensure("rename", "dev", "renamed")
    bash.prompt()
    assert bash.active()["AZENV_BLOCKED"] != ""
    pinned.ensure("rename", "renamed", "dev")
    bash.prompt()
    assert bash.active() == pinned.delta("dev")
    assert "no match" not in bash.err()


def test_failglob_where_there_is_no_generation_yet(bash: Session, pinned: World) -> None:
    bash.do("shopt -s failglob")
    for file in (pinned.records / "generation").iterdir():
        file.unlink()
    bash.prompt(3)
    assert bash.err() == ""
    assert bash.do("shopt -q failglob") == 0


def test_odd_ifs_splits_none_of_our_assignments(bash: Session, pinned: World) -> None:
    """`\\builtin local x=$y` is no assignment to bash: an unquoted value would be split."""
    bash.do("IFS=/0123456789abcdefghijklmnopqrstuvwxyz")
    for name in ("a", "b", "a"):
        bash.go(pinned.directory(name))
    assert bash.active() == pinned.delta("dev")
    bash.go(pinned.outside)
    assert bash.table() == {}


def test_posix_mode(bash: Session, pinned: World) -> None:
    bash.do("set -o posix")
    bash.go(pinned.directory("a"))
    bash.do("readonly ARM_TENANT_ID")
    bash.go(pinned.directory("b"))
    assert bash.active() == pinned.delta("dev")
    assert [line for line in bash.lines() if "read-only" in line] == [
        "ARM_TENANT_ID is read-only in this shell; nothing was changed"
    ]


@pytest.mark.parametrize("value", ["", "relative", "/", "//"])
def test_a_pwd_that_is_no_path(bash: Session, pinned: World, value: str) -> None:
    bash.go(pinned.directory("a"))
    bash.do(f"set -u; PWD={value}")
    bash.prompt(3)
    assert bash.table() == {}
    bash.do("unset PWD")
    bash.prompt(3)
    bash.go(pinned.directory("a"))
    assert bash.active() == pinned.delta("dev")
    assert "unbound" not in bash.err()


def test_functions_and_aliases_over_builtins_are_not_called(bash: Session, pinned: World) -> None:
    bash.do("shopt -s expand_aliases")
    bash.do(
        "for f in local read printf test export unset return shopt compgen trap set; do",
        '  builtin eval "$f() { echo $f was called >&2; builtin return 1; }"',
        '  builtin eval "alias $f=false"',
        "done",
    )
    bash.load()
    for name in ("a", "b"):
        bash.go(pinned.directory(name))
        bash.prompt(2)
    assert bash.active() == pinned.delta("prod")
    assert "was called" not in bash.err()


# --- installation ---------------------------------------------------------------------------

ARRAY = [
    # what is there before, what is there after
    ("unset PROMPT_COMMAND", ["__azenv_hook"]),
    ("PROMPT_COMMAND=", ["__azenv_hook"]),
    ("PROMPT_COMMAND='user; '", ["__azenv_hook", "user; "]),
    ("PROMPT_COMMAND=(one two)", ["__azenv_hook", "one", "two"]),
    ("PROMPT_COMMAND=(_direnv_hook one)", ["_direnv_hook", "__azenv_hook", "one"]),
    (
        "PROMPT_COMMAND=(one _mise_hook_prompt_command)",
        ["one", "_mise_hook_prompt_command", "__azenv_hook"],
    ),
    ("PROMPT_COMMAND='_direnv_hook;user'", ["_direnv_hook;__azenv_hook;user"]),
    ("PROMPT_COMMAND=$'_direnv_hook\\nuser'", ["_direnv_hook;__azenv_hook\nuser"]),
    ("PROMPT_COMMAND='_direnv_hook_not;user'", ["__azenv_hook", "_direnv_hook_not;user"]),
    ("PROMPT_COMMAND='__azenv_hook_not'", ["__azenv_hook", "__azenv_hook_not"]),
    ("PROMPT_COMMAND='user;__azenv_hook'", ["user;__azenv_hook"]),
    ("PROMPT_COMMAND=starship; STARSHIP_PROMPT_COMMAND='__azenv_hook;x'", ["starship"]),
    ("PROMPT_COMMAND=code; __vsc_original_prompt_command=(x __azenv_hook)", ["code"]),
    ("readonly PROMPT_COMMAND=user", ["user"]),
]
STRING = [
    ("unset PROMPT_COMMAND", ["__azenv_hook"]),
    ("PROMPT_COMMAND=' ; user;'", ["__azenv_hook;user;"]),
    ("PROMPT_COMMAND=(one two)", ["__azenv_hook;one", "two"]),
    ("PROMPT_COMMAND='_direnv_hook;user'", ["_direnv_hook;__azenv_hook;user"]),
    ("PROMPT_COMMAND=_direnv_hook", ["_direnv_hook;__azenv_hook"]),
]


@pytest.mark.parametrize(("before", "after"), ARRAY)
def test_where_it_goes(world: World, shell: Shell, before: str, after: list[str]) -> None:
    if version(shell) < (5, 1):
        pytest.skip("an array of commands is new in 5.1")
    assert installed(world, shell, before) == after


@pytest.mark.parametrize(("before", "after"), STRING)
def test_where_it_goes_in_vs_code(
    world: World, shell: Shell, before: str, after: list[str]
) -> None:
    assert installed(world, shell, f"TERM_PROGRAM=vscode; {before}") == after


def installed(world: World, shell: Shell, before: str) -> list[str]:
    """Load azenv twice after `before`, silently; return the entries of PROMPT_COMMAND."""
    file = world.top / "entries"
    with Session(world, shell, load=False) as bash:
        bash.do(before)
        bash.load()
        bash.load()
        assert bash.err() == ""
        bash.do(f"printf '%s\\0' \"${{PROMPT_COMMAND[@]}}\" >'{file}'")
    return file.read_text().split("\0")[:-1]


def test_direnv_that_comes_later_still_runs_between_leaving_and_entering(
    pinned: World, shell: Shell
) -> None:
    """Last in, first out: what we take back must be there before direnv takes its own back."""
    with Session(pinned, shell) as bash:
        bash.do("_direnv_hook() { DIRENV_DIFF=x; }")
        bash.do('PROMPT_COMMAND="_direnv_hook;$PROMPT_COMMAND"')
        bash.prompt(2)
        file = pinned.top / "entries"
        bash.do(f"printf '%s;' \"${{PROMPT_COMMAND[@]}}\" >'{file}'")
        order = [entry for entry in file.read_text().split(";") if entry]
        assert order == ["__azenv_hook_first", "_direnv_hook", "__azenv_hook"]


# --- status ---------------------------------------------------------------------------------


def test_an_err_trap_fires_once(world: World, shell: Shell) -> None:
    """Control: a hook that returns the status makes the trap fire again at the prompt."""
    with Session(world, shell) as bash:
        bash.do("trap 'echo ERR >&2' ERR", "false || :", "__azenv_status=0", "(exit 3) || :")
        bash.do("f() { return 3; }; f || __azenv_hook")
        assert bash.err() == ""


def test_the_status_goes_on_in_a_string(pinned: World, shell: Shell) -> None:
    with Session(pinned, shell, env={"TERM_PROGRAM": "vscode"}) as bash:
        bash.do('PROMPT_COMMAND="$PROMPT_COMMAND; echo status=\\$? >&2"')
        bash.do('(exit 7); eval "$PROMPT_COMMAND"')
        assert "status=7" in bash.err()
        bash.cd(pinned.directory("a"))
        bash.do('(exit 7); eval "$PROMPT_COMMAND"')
        assert "status=7" in bash.err()


# --- interrupts -----------------------------------------------------------------------------

# With extdebug a DEBUG trap that gives 2 makes the function return: from the N-th command on all
# of them do, as Ctrl-C does.
INTERRUPT = r"""
shopt -s extdebug; set -o functrace
__stop() { return 2; }
__interrupted() {
  local n=$1 count=0
  trap '[[ $((++count)) -lt $n || $BASH_COMMAND == "trap - DEBUG" ]] || __stop' DEBUG
  __azenv_hook
  trap - DEBUG
}
"""


def test_ctrl_c_anywhere_is_completed_at_the_next_prompt(pinned: World, shell: Shell) -> None:
    """Control: without the books before the variables, old values are lost in some place."""
    mine = {
        "AZURE_CONFIG_DIR": "/mine",
        "AZURE_CLIENT_ID": NASTY,
        "ARM_TENANT_ID": "",
        "MSI_SECRET": "hush",
    }
    pinned.change("prod", exports=())
    check = pinned.top / "check"
    with Session(pinned, shell, env=mine) as bash:
        bash.prompt()
        assert bash.active() == mine
        wanted = {}
        for name in ("a", "b"):
            bash.go(pinned.directory(name))
            bash.do(
                "__azenv_snap; __azenv_which; seen=$__azenv_now$__azenv_now_set$__azenv_now_extra"
            )
            wanted[name] = bash.value("seen")
        bash.go(pinned.outside)
        bash.do("__azenv_snap; __azenv_which; seen=$__azenv_now$__azenv_now_set$__azenv_now_extra")
        wanted[""] = bash.value("seen")
        bash.do(INTERRUPT)
        for n in range(1, 200):
            tour = "exec 3>&2 2>/dev/null\n"
            for step, to in enumerate(("a", "b", "", "b", "a", "")):
                target = pinned.directory(to) if to else pinned.outside
                tour += (
                    f"cd -- {shell.quote(target)}; __interrupted {n}; trap - DEBUG; __azenv_hook\n"
                    "__azenv_snap; __azenv_which\n"
                    "[[ $__azenv_now$__azenv_now_set$__azenv_now_extra =="
                    f" {shell.quote(wanted[to])} ]] || echo {n} {step} >>{shell.quote(check)}\n"
                )
            bash.do(f"{tour}exec 2>&3 3>&-")
        assert not check.exists(), check.read_text()
        assert bash.active() == mine


# --- end of session -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trap", ["", "trap 'echo \"it'\\''s my $? trap\" >&2 # end' EXIT", "trap '' EXIT"]
)
def test_the_users_exit_trap_is_kept(pinned: World, shell: Shell, trap: str) -> None:
    with Session(pinned, shell) as bash:
        bash.do(trap or ":")
        bash.azenv("use", "dev")
        bash.azenv("use", "prod")
        bash.calls()
        bash.finish()
        assert [call[:2] for call in bash.calls()] == [["hook", "end"]]
        assert bash.err().count("it's my 0 trap") == (1 if "my" in trap else 0)


def test_a_subshell_ends_no_session(pinned: World, shell: Shell) -> None:
    with Session(pinned, shell) as bash:
        bash.azenv("use", "dev")
        bash.calls()
        bash.do("( : ); ( azenv list >/dev/null )")
        assert [call[0] for call in bash.calls()] == ["list"]


# --- the function ---------------------------------------------------------------------------


def test_aliases_named_as_our_functions(pinned: World, shell: Shell) -> None:
    with Session(pinned, shell, load=False) as bash:
        bash.do(
            "shopt -s expand_aliases; alias azenv='echo alias' az='echo alias'; AZENV_AZ_FUNCTION=1"
        )
        bash.load()
        assert bash.err() == ""
        assert bash.do("declare -F azenv az >/dev/null") == 0


def test_az_on_the_same_line_as_cd(pinned: World, shell: Shell) -> None:
    tools = pinned.directory("tools")
    (tools / "az").write_text('#!/bin/sh\necho "az in $AZENV_CONTEXT: $*"\n')
    (tools / "az").chmod(0o755)
    there = shell.quote(pinned.directory("a"))
    line = f"cd {there}; PATH={shell.quote(tools)}:$PATH; az 'two  words' >&2"
    for enabled, wanted in (("", "az in : two  words"), ("1", "az in dev: two  words")):
        with Session(pinned, shell, env={"AZENV_AZ_FUNCTION": enabled}) as bash:
            bash.prompt()
            bash.do(line)
            assert wanted in bash.err()
