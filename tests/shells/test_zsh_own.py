"""Pitfalls that only zsh has: one test each."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from azenv.core import variables
from tests.shells.harness import NASTY, REPOSITORY, ZSH, Session, World, require_tool
from tests.shells.terminal import Terminal, sourced

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = REPOSITORY / "shell" / "azenv.zsh"

# Options that change what shell code means; each is on before azenv is read, and while it runs.
OPTIONS = (
    *("ksh_arrays", "sh_word_split", "null_glob", "no_glob", "sh_glob", "ksh_glob"),
    *("posix_builtins", "posix_identifiers", "warn_create_global", "warn_nested_var"),
    *("all_export", "no_unset", "no_clobber", "glob_subst", "rc_expand_param", "csh_null_glob"),
    *("magic_equal_subst", "no_multios", "no_multibyte", "no_bare_glob_qual", "no_equals"),
    *("octal_zeroes", "c_bases", "ignore_braces", "no_short_loops", "prompt_subst", "bsd_echo"),
    *("local_traps", "no_global_export", "rm_star_silent", "auto_name_dirs", "extended_glob"),
    *("err_return", "err_exit", "no_case_match", "no_case_glob", "typeset_silent"),
)


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


@pytest.fixture
def zsh(pinned: World) -> Iterator[Session]:
    with Session(pinned, ZSH) as session:
        session.prompt()
        yield session


# --- the file -------------------------------------------------------------------------------


def test_it_parses_and_names_no_variable_of_the_table_but_what_prompts_read() -> None:
    subprocess.run([require_tool("zsh"), "-fn", str(FILE)], check=True)
    code = re.sub(r"(?m)(^|\s)# .*$", "", FILE.read_text("utf-8"))
    named = {name for name in variables.NAMES if re.search(rf"\b{name}\b", code)}
    assert named <= {"AZENV_CONTEXT", "AZENV_CONTEXT_ID", "AZENV_SOURCE"}


# --- options --------------------------------------------------------------------------------


@pytest.mark.parametrize("option", OPTIONS)
def test_under_any_option(pinned: World, option: str) -> None:
    mine = {"AZURE_CONFIG_DIR": "/mine", "AZURE_CLIENT_ID": NASTY, "ARM_TENANT_ID": ""}
    with Session(pinned, ZSH, load=False, env=mine) as zsh:
        zsh.do(f"setopt {option}; IFS=:0")
        zsh.load()
        for name in ("a", "b", "a"):
            zsh.go(pinned.directory(name))
            zsh.prompt(2)
        assert zsh.active() == pinned.delta("dev")
        assert len(zsh.lines()) == 3
        pinned.ensure("rename", "dev", "renamed")  # a new generation
        zsh.prompt()
        assert zsh.active()["AZENV_CONTEXT_ID"] == "none"
        zsh.azenv("use", "prod")
        assert zsh.active() == pinned.delta("prod", "choice")
        zsh.azenv("use", "--follow")
        zsh.go(pinned.outside)
        assert zsh.active() == mine
        assert zsh.do(f"[[ -o {option} ]]") == 0
        assert not [name for name in zsh.env() if name.startswith("__azenv")]


def test_aliases_and_functions_over_builtins_are_not_called(pinned: World) -> None:
    with Session(pinned, ZSH, load=False) as zsh:
        zsh.do(
            "for f in local print test export unset typeset sysread emulate zmodload setopt; do",
            '  \\builtin eval "$f() { echo $f was called >&2; }"',
            '  \\builtin alias "$f=false"',
            "done; \\builtin alias azenv='echo alias'",
        )
        zsh.load()
        for name in ("a", "b"):
            zsh.go(pinned.directory(name))
            zsh.prompt(2)
        assert zsh.active() == pinned.delta("prod")
        assert "was called" not in zsh.err()
        assert zsh.do("\\builtin whence -w azenv >/dev/null") == 0


def test_directories_get_no_names_of_ours(pinned: World) -> None:
    """Control: with AUTO_NAME_DIRS each of our paths would be a ~name in prompts (mise #3366)."""
    with Session(pinned, ZSH, load=False) as zsh:
        zsh.do("setopt auto_name_dirs; theirs=/usr")
        zsh.load()
        zsh.go(pinned.directory("a"))
        zsh.go(pinned.outside)
        zsh.do('found="$(hash -d)"')
        names = {line.partition("=")[0] for line in zsh.value("found").splitlines()}
        assert names == {"theirs", "PWD", "OLDPWD"}


# --- installation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "__azenv_hook"),
        ("hooks=(one two)", "__azenv_hook one two"),
        ("hooks=(_direnv_hook one)", "_direnv_hook __azenv_hook one"),
        ("hooks=(one _mise_hook_precmd two)", "one _mise_hook_precmd __azenv_hook two"),
        ("hooks=(one __azenv_hook)", "one __azenv_hook"),
        ("hooks=(_direnv_hook_not)", "__azenv_hook _direnv_hook_not"),
        ("hooks=(one); readonly hooks", "one"),
    ],
)
@pytest.mark.parametrize("hooks", ["precmd_functions", "chpwd_functions"])
def test_where_it_goes(world: World, hooks: str, before: str, after: str) -> None:
    with Session(world, ZSH, load=False) as zsh:
        zsh.do(before.replace("hooks", hooks))
        zsh.load()
        zsh.load()
        assert zsh.err() == ""
        zsh.do(f'found="${hooks}"')
        assert zsh.value("found").removesuffix(" __azenv_register_completions") == after


def test_direnv_that_comes_later_still_runs_between_leaving_and_entering(pinned: World) -> None:
    """Last in, first out: what we take back must be there before direnv takes its own back."""
    with Session(pinned, ZSH) as zsh:
        zsh.do("_direnv_hook() { DIRENV_DIFF=x; }")
        zsh.do("precmd_functions=(_direnv_hook $precmd_functions)")
        zsh.prompt(2)
        zsh.do('found="$precmd_functions / $chpwd_functions"')
        assert zsh.value("found") == "__azenv_hook_first _direnv_hook __azenv_hook / __azenv_hook"


# --- subshells, widgets, traps ------------------------------------------------------------------


def test_a_subshell_switches_in_silence(zsh: Session, pinned: World) -> None:
    a = ZSH.quote(pinned.directory("a"))
    zsh.do(f"found=$(cd {a} && print -r -- $AZENV_CONTEXT)")
    assert zsh.value("found") == "dev"
    assert zsh.err() == ""
    assert zsh.active() == {}
    pinned.write_pin(pinned.directory("new"), "context = 'x'\n")
    zsh.do(f"found=$(cd {ZSH.quote(pinned.directory('new'))} && print -r -- $AZENV_CONTEXT_ID)")
    assert zsh.value("found") == "none"
    assert zsh.err() == ""


def test_a_widget_that_changes_directory(pinned: World) -> None:
    widget = (
        f"go() {{ builtin cd {ZSH.quote(pinned.directory('a'))}; }}; zle -N go; bindkey '^G' go"
    )
    with Terminal(pinned, ZSH, sourced(pinned, ZSH), "setopt zle", widget) as term:
        term.process.send("echo he")
        term.process.send("\x07")
        term.wait(r"azenv: dev [^\n]*\r?\n")
        term.say("llo", r"hello\r?\n")
        assert term.variable("AZENV_CONTEXT") == "dev"


def test_an_err_trap_fires_once(zsh: Session) -> None:
    """Control: a hook that returns the status makes it fire again (stablyai/orca #10945)."""
    zsh.do("trap 'echo ERR >&2' ERR", "() { return 3 }")
    assert zsh.err().count("ERR") == 1
    zsh.prompt(2)
    assert "ERR" not in zsh.err()


def test_a_read_only_name_does_not_end_the_hook_half_way(zsh: Session, pinned: World) -> None:
    zsh.go(pinned.directory("a"))
    before = zsh.active()
    zsh.do("readonly AZURE_CORE_ENCRYPT_TOKEN_CACHE")
    zsh.go(pinned.directory("b"))
    zsh.prompt(2)
    assert zsh.active() == before
    assert [line for line in zsh.lines() if "read-only" in line] == [
        "AZURE_CORE_ENCRYPT_TOKEN_CACHE is read-only in this shell; nothing was changed"
    ]


def test_a_doubled_newline_at_the_end_of_a_pin_is_another_content(
    zsh: Session, pinned: World
) -> None:
    """Control: `$(<file)` would drop it."""
    zsh.go(pinned.directory("a"))
    file = pinned.directory("a") / ".azenv.toml"
    file.write_text(file.read_text() + "\n")
    zsh.prompt()
    assert zsh.active()["AZENV_CONTEXT_ID"] == "none"


# A DEBUG trap interrupts the shell before its N-th command; `always` takes it back.
INTERRUPT = r"""
__interrupted() {
  integer __count=0 __n=$1
  { trap 'if (( ++__count == __n )); then kill -INT $$; fi' DEBUG; __azenv_hook; trap - DEBUG
  } always { trap - DEBUG; TRY_BLOCK_INTERRUPT=0 TRY_BLOCK_ERROR=0; }
}
"""


def test_ctrl_c_anywhere_is_completed_at_the_next_prompt(pinned: World) -> None:
    mine = {"AZURE_CONFIG_DIR": "/mine", "AZURE_CLIENT_ID": NASTY, "MSI_SECRET": "hush"}
    look = "__azenv_snap; __azenv_which; seen=$__azenv_now$__azenv_now_set$__azenv_now_extra"
    check = pinned.top / "check"
    with Session(pinned, ZSH, env=mine) as zsh:
        zsh.do("chpwd_functions=()")
        zsh.prompt()
        wanted = {}
        for to in ("a", "b", ""):
            zsh.go(pinned.directory(to) if to else pinned.outside)
            zsh.do(look)
            wanted[to] = zsh.value("seen")
        zsh.do(INTERRUPT)
        for n in range(1, 200):
            tour = "exec 3>&2 2>/dev/null\n"
            for step, to in enumerate(("a", "b", "", "b", "a", "")):
                target = pinned.directory(to) if to else pinned.outside
                tour += (
                    f"cd -- {ZSH.quote(target)}; __interrupted {n}; __azenv_hook\n{look}\n"
                    f"[[ $seen == {ZSH.quote(wanted[to])} ]] ||"
                    f" echo {n} {step} >>{ZSH.quote(check)}\n"
                )
            zsh.do(f"{tour}exec 2>&3 3>&-")
        assert not check.exists(), check.read_text()
        assert zsh.active() == mine
