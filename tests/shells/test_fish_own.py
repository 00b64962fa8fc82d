"""Pitfalls that only fish has: one test each."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from azenv.core import variables
from tests.shells.harness import (
    FISH,
    NASTY,
    NASTY_DIRECTORIES,
    PATIENCE_S,
    REPOSITORY,
    Session,
    World,
    require_tool,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = REPOSITORY / "shell" / "azenv.fish"
# Universal variables need a configuration directory: --no-config has none.
CONFIGURED = replace(FISH, start=("--interactive",))
quote = FISH.quote


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


@pytest.fixture
def fish(pinned: World) -> Iterator[Session]:
    with Session(pinned, FISH) as session:
        session.prompt()
        yield session


@contextmanager
def terminal(world: World, *config: str) -> Iterator[pexpect.spawn[str]]:
    """Yield a fish at a terminal that has read `config`, then azenv, as its config.fish."""
    directory = world.top / "config" / "fish"
    directory.mkdir(parents=True, exist_ok=True)
    lines = [
        "function fish_prompt; echo -n 'ready> '; end",
        "function fish_greeting; end",
        *config,
        f"source {quote(world.init(FISH))}",
    ]
    (directory / "config.fish").write_text("\n".join(lines) + "\n")
    child = pexpect.spawn(
        require_tool("fish"),
        ["--interactive"],
        env=world.env,
        cwd=str(world.outside),
        encoding="utf-8",
        timeout=PATIENCE_S,
        dimensions=(50, 1000),
    )
    try:
        child.expect_exact("ready> ")
        yield child
    finally:
        child.close(force=True)


def type_line(child: pexpect.spawn[str], line: str) -> None:
    """Type a line, and do not wait: lines are read in order."""
    child.send(f"{line}\r")


def answer(child: pexpect.spawn[str], line: str) -> str:
    """Type a line that prints one word, `<…>`; return what is between the brackets."""
    type_line(child, line)
    child.expect("<([^<>]*)>\r\n")  # as typed, a quote follows
    assert isinstance(child.match, re.Match)
    return str(child.match[1])


def dump(child: pexpect.spawn[str], world: World) -> dict[str, str]:
    """Return what of the table a program sees that is started at the terminal."""
    file = world.top / "dump"
    type_line(child, f"sh -c 'env -0 >\"$1\"' - {quote(file)}")
    assert answer(child, "echo '<dumped>'") == "dumped"
    pairs = (pair.split("=", 1) for pair in file.read_text().split("\0") if "=" in pair)
    return {name: value for name, value in pairs if name in variables.NAMES}


def describe(session: Session, *names: str) -> str:
    """Return fish's own account of variables: scope, exported, path variable, each element."""
    file = session.world.top / "described"
    session.do(f"builtin set --show {' '.join(names)} >{quote(file)}")
    return file.read_text()


# --- the file itself ------------------------------------------------------------------------


def test_it_is_linted_as_it_stands() -> None:
    fish = require_tool("fish")
    assert subprocess.run([fish, "--no-execute", FILE], check=False).returncode == 0
    indent = [require_tool("fish_indent"), "--check", str(FILE)]
    assert subprocess.run(indent, check=False).returncode == 0


def test_it_names_no_variable_of_the_table_but_what_prompts_read() -> None:
    text = FILE.read_text()
    named = {name for name in variables.NAMES if re.search(rf"\b{name}\b", text)}
    assert named <= {"AZENV_CONTEXT", "AZENV_SOURCE"}


# --- exactness ------------------------------------------------------------------------------


def test_lists_and_path_variables_come_back_as_they_were(fish: Session, pinned: World) -> None:
    names = (
        "ARM_TENANT_ID",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "ARM_OIDC_TOKEN_FILE_PATH",
        "AZURE_CLIENT_ID",
        "AZURE_USERNAME",
        "ARM_CLIENT_ID",
        "MSI_ENDPOINT",
        "AZURE_TENANT",
        "AZURE_CLOUD_NAME",
    )
    fish.do(
        "set -gx ARM_TENANT_ID 'a b' c",
        "set -gx AZURE_CLIENT_CERTIFICATE_PATH /x:/y",  # a name in …PATH is a list by itself
        "set -gx --unpath ARM_OIDC_TOKEN_FILE_PATH p:q r",
        "set -gx --path AZURE_CLIENT_ID one two",
        "set -g AZURE_USERNAME u v w",
        "set -g --path ARM_CLIENT_ID m n",
        "set -gx MSI_ENDPOINT",  # no element at all: exported as empty
        "set -gx AZURE_TENANT ''",
        "set -g AZURE_CLOUD_NAME line\\nbreak other",
    )
    before, environment = describe(fish, *names), fish.env()
    fish.go(pinned.directory("a"))
    fish.go(pinned.directory("b"))
    assert fish.value("AZENV_CONTEXT") == "prod"
    assert fish.value("AZURE_CLIENT_ID") == "(none)"
    fish.go(pinned.outside)
    assert describe(fish, *names) == before
    assert fish.env() == environment


def test_a_child_fish_gives_back_path_variables_and_line_breaks(pinned: World) -> None:
    with Session(pinned, FISH) as sh:
        sh.do(
            "set -gx AZURE_CLIENT_CERTIFICATE_PATH /x /y",
            "set -gx MSI_ENDPOINT first\\nsecond\\n",
            "set -gx ARM_TENANT_ID 'a  b' c",
        )
        before = sh.env()
        sh.go(pinned.directory("a"))
        sh.nest(FISH)
        sh.prompt()
        assert sh.value("AZENV_CONTEXT") == "dev"
        sh.go(pinned.outside)
        after = sh.env()
        assert {name: after.get(name) for name in before} == before
        assert "a path variable with 2 elements" in describe(sh, "AZURE_CLIENT_CERTIFICATE_PATH")


def test_universal_variables_are_hidden_and_left_as_they_are(pinned: World) -> None:
    with Session(pinned, CONFIGURED) as sh:
        sh.do(
            "set -Ux AZURE_CLIENT_ID everywhere",
            "set -Ux ARM_TENANT_ID of-old",
            "set -U AZURE_USERNAME quiet",
        )
        names = ("AZURE_CLIENT_ID", "ARM_TENANT_ID", "AZURE_USERNAME")
        before = describe(sh, *names)
        assert "universal" in before
        sh.go(pinned.directory("a"))
        inside = sh.env()
        assert inside["AZURE_CLIENT_ID"] == ""
        assert inside["ARM_TENANT_ID"] == pinned.delta("dev")["ARM_TENANT_ID"]
        assert "AZURE_USERNAME" not in inside
        assert sh.value("AZURE_USERNAME") == ""
        sh.go(pinned.directory("b"))
        sh.nest(CONFIGURED)
        sh.go(pinned.outside)
        assert sh.value("AZURE_CLIENT_ID") == "everywhere"
        sh.leave()
        sh.go(pinned.outside)
        assert describe(sh, *names) == before
        assert "set in global scope" not in before


def test_a_universal_variable_changed_meanwhile_stays_changed(pinned: World) -> None:
    with Session(pinned, CONFIGURED) as sh:
        sh.do("set -Ux AZURE_CLIENT_ID before")
        sh.go(pinned.directory("a"))
        sh.do("set -Ux AZURE_CLIENT_ID after", "set -gx AZURE_USERNAME mine")
        sh.go(pinned.outside)
        assert sh.env()["AZURE_CLIENT_ID"] == "after"
        assert "global" not in describe(sh, "AZURE_CLIENT_ID")
        assert sh.env()["AZURE_USERNAME"] == "mine"


def test_an_exported_local_of_the_caller_is_not_taken_for_the_global(
    fish: Session, pinned: World
) -> None:
    a = quote(pinned.directory("a"))
    fish.do(
        "set -gx ARM_TENANT_ID outer",
        f"function visit; set -lx ARM_TENANT_ID inner; set -lx AZURE_USERNAME me; cd {a}; end",
        "visit",
        "emit fish_prompt",
    )
    assert fish.env()["ARM_TENANT_ID"] == pinned.delta("dev")["ARM_TENANT_ID"]
    fish.go(pinned.outside)
    assert fish.env()["ARM_TENANT_ID"] == "outer"
    assert "AZURE_USERNAME" not in fish.env()


def test_sourced_twice_inside_it_still_gives_back_what_never_left_the_shell(
    fish: Session, pinned: World
) -> None:
    fish.do("set -gx AZURE_CLIENT_SECRET s3cret", "set -g ARM_CLIENT_ID plain")
    before = fish.env()
    fish.go(pinned.directory("a"))
    fish.load()
    fish.load()
    fish.prompt(2)
    assert len(fish.lines()) == 1
    fish.go(pinned.outside)
    assert fish.env() == before
    assert fish.value("ARM_CLIENT_ID") == "plain"
    assert len(fish.lines()) == 1


# --- what users have ------------------------------------------------------------------------


def test_functions_over_builtins_are_not_called(pinned: World) -> None:
    wrapped = ("contains", "count", "echo", "functions", "math", "printf", "random", "true")
    choice = pinned.id("prod")
    with Session(pinned, FISH) as sh:
        sh.do(*[f"function {name}; builtin echo called {name} >&2; end" for name in wrapped])
        sh.do("set -gx AZURE_CLIENT_ID before")
        for place in ("a", "b", "a/inner", "\u202e"):
            sh.go(pinned.directory(place))
        sh.do(f"set -gx __AZENV_CHOICE {choice}")
        sh.go(pinned.directory("a"))
        assert sh.value("AZENV_CONTEXT") == "prod"
        assert len(sh.lines()) == 6
        assert "called" not in sh.azenv("list").err


@pytest.mark.parametrize(
    "setting",
    [
        "set -g fish_read_limit 5",
        "set -g IFS",
        "set -g IFS =",
        "set -gx CDPATH . /",
        "set -g fish_trace",
        "set -gx HOME '.*'",
        "set -e HOME",
    ],
)
def test_settings_change_nothing(fish: Session, pinned: World, setting: str) -> None:
    fish.do(setting)
    fish.go(pinned.directory("a"))
    fish.prompt(2)
    assert fish.active() == pinned.delta("dev")
    assert len(fish.lines()) == 1


def test_status_and_pipestatus_survive(pinned: World) -> None:
    with terminal(pinned) as child:
        type_line(child, f"cd {quote(pinned.directory('a'))}")
        type_line(child, "true | false | sh -c 'exit 3'")
        assert answer(child, 'echo "<$pipestatus $status>"') == "0 1 3 3"
        type_line(child, f"cd {quote(pinned.directory('b'))}; false")
        assert answer(child, 'echo "<$status $AZENV_CONTEXT>"') == "1 prod"
        line = f'cd {quote(pinned.directory("a"))}; echo "<$status $AZENV_CONTEXT>"'
        assert answer(child, line) == "0 dev"


def test_a_handler_that_changes_directory_does_not_come_in_between(
    fish: Session, pinned: World
) -> None:
    b = quote(pinned.directory("b"))
    fish.do(
        "function wander --on-variable ARM_TENANT_ID --on-variable AZENV_SOURCE",
        f"    set -q wandered; or begin; set -g wandered 1; cd {b}; end",
        "end",
    )
    fish.do(f"cd {quote(pinned.directory('a'))}")
    assert set(fish.active()) == set(pinned.delta("dev"))
    fish.prompt()
    assert fish.active() == pinned.delta("prod")
    fish.go(pinned.outside)
    assert fish.active() == {}


@pytest.mark.parametrize(
    ("function", "half"),
    [
        ("__azenv_put", "set -gx AZURE_CONFIG_DIR $__azenv_goal_values[1]"),
        ("__azenv_put_back", "true"),
        ("__azenv_plan_enter", "true"),
        ("__azenv_snap", "true"),
    ],
)
def test_ctrl_c_in_the_middle_leaves_no_mixture(pinned: World, function: str, half: str) -> None:
    interrupt = pinned.top / "interrupt.fish"
    interrupt.write_text(f"""
        functions -c {function} whole
        function {function}
            if not set -q interrupted
                set -g interrupted 1
                {half}
                kill -INT $fish_pid
                sleep 9
            end
            whole $argv
        end
    """)
    before = "set -gx ARM_TENANT_ID outer; set -gx AZURE_USERNAME me; set -gx AZURE_PASSWORD hush"
    outside = {"ARM_TENANT_ID": "outer", "AZURE_USERNAME": "me", "AZURE_PASSWORD": "hush"}
    with terminal(pinned, before) as child:
        type_line(child, f"cd {quote(pinned.directory('a'))}")
        assert dump(child, pinned) == pinned.delta("dev")
        # unlike before: no fast path
        type_line(child, "set -gx AZURE_CLIENT_ID drift")
        type_line(child, f"source {quote(interrupt)}")
        type_line(child, f"cd {quote(pinned.directory('b'))}")
        # the very next command sees one context, and all of it
        assert dump(child, pinned) == pinned.delta("prod")
        assert answer(child, 'echo "<$interrupted>"') == "1"
        type_line(child, f"cd {quote(pinned.outside)}")
        assert dump(child, pinned) == outside | {"AZURE_CLIENT_ID": "drift"}


def test_after_ctrl_c_at_the_prompt_no_command_runs_in_a_half_done_change(pinned: World) -> None:
    interrupt = pinned.top / "interrupt.fish"
    interrupt.write_text("""
        functions -c __azenv_put whole
        function __azenv_put
            if not set -q interrupted
                set -g interrupted 1
                set -gx AZURE_CONFIG_DIR $__azenv_goal_values[1]
                kill -INT $fish_pid
                sleep 9
            end
            whole
        end
    """)
    with terminal(pinned) as child:
        type_line(child, f"cd {quote(pinned.directory('a'))}")
        type_line(child, f"source {quote(interrupt)}")
        # seen by the run before the prompt only: the directory stays
        type_line(child, f"set -gx __AZENV_CHOICE {pinned.id('prod')}")
        assert dump(child, pinned) == pinned.delta("prod", "choice")
        assert answer(child, 'echo "<$interrupted>"') == "1"


# --- where fish runs us ---------------------------------------------------------------------


def test_mid_line_the_next_command_has_the_context(fish: Session, pinned: World) -> None:
    file = pinned.top / "mid"
    show = f'sh -c \'printf %s "$AZENV_CONTEXT" >"$1"\' - {quote(file)}'
    fish.do(f"cd {quote(pinned.directory('a'))}; {show}")
    assert file.read_text() == "dev"
    fish.do(f"cd {quote(pinned.directory('b'))}; {show}")
    assert file.read_text() == "prod"


def test_nothing_is_done_or_said_while_config_runs(pinned: World) -> None:
    with Session(pinned, FISH) as sh:
        sh.cd(pinned.directory("a"))
        assert sh.active() == {}
        assert sh.err() == ""
        sh.prompt()
        assert sh.active() == pinned.delta("dev")
        assert len(sh.lines()) == 1


def test_a_command_substitution_gets_no_word_of_ours(fish: Session, pinned: World) -> None:
    place = pinned.directory("new")
    pinned.write_pin(place, 'context = "dev"\n')  # nobody has decided: the program is started
    fish.do(answering(pinned, "echo noise"))
    fish.do(f"set -g got (cd {quote(place)}; builtin echo only this)")
    assert fish.value("got") == "only this"
    assert "noise" in fish.err()


def test_the_program_does_not_eat_what_is_typed_ahead(pinned: World) -> None:
    eater = pinned.top / "eater"
    eater.write_text("#!/bin/sh\nhead -c 20 >/dev/null\n")
    eater.chmod(0o700)
    place = pinned.directory("new")
    pinned.write_pin(place, 'context = "dev"\n')
    with terminal(pinned) as child:
        type_line(child, f"set -g __azenv_python {quote(eater)}")
        child.send(f"cd {quote(place)}\recho still\\ here\r")
        child.expect_exact("still here\r\n")


DIRENV_LIKE = """
function __direnv_export_eval --on-event fish_prompt
    if test "$PWD" = {there} -a -z "$DIRENV_DIR"
        set -gx DIRENV_DIR $PWD
        set -g was; set -q ARM_SUBSCRIPTION_ID; and set was $ARM_SUBSCRIPTION_ID
        set -gx ARM_SUBSCRIPTION_ID from-envrc
    else if test "$PWD" != {there} -a -n "$DIRENV_DIR"
        set -e DIRENV_DIR
        set -q was[1]; and set -gx ARM_SUBSCRIPTION_ID $was; or set -e ARM_SUBSCRIPTION_ID
    end
end
"""


@pytest.mark.parametrize("first", ["direnv", "azenv"])
def test_direnv_brings_no_context_back(pinned: World, first: str) -> None:
    """It gives back at leaving what it found at entering: it must be asked before us."""
    a = pinned.directory("a")
    (a / ".envrc").write_text("export ARM_SUBSCRIPTION_ID=from-envrc\n")
    with Session(pinned, FISH, load=first == "azenv") as sh:
        sh.do(DIRENV_LIKE.format(there=quote(a)))
        if first == "direnv":
            sh.load()
        sh.prompt(2)
        before = sh.env()
        sh.go(a)
        sh.prompt()
        assert sh.active() == pinned.delta("dev")
        sh.go(pinned.outside)
        assert sh.env() == before


def test_real_direnv_brings_no_context_back(pinned: World) -> None:
    require_tool("direnv")
    a = pinned.directory("a")
    (a / ".envrc").write_text("export ARM_SUBSCRIPTION_ID=from-envrc\n")
    with Session(pinned, FISH, load=False) as sh:
        sh.do("direnv hook fish | source", "set -gx DIRENV_LOG_FORMAT ''")
        sh.load()
        sh.do(f"direnv allow {quote(a)}")
        sh.prompt()
        before = sh.env()
        for _ in range(2):
            sh.go(a)
            assert sh.active() == pinned.delta("dev")
            sh.go(pinned.outside)
            assert sh.env() == before


def test_without_an_envrc_direnv_makes_nothing_wait(fish: Session, pinned: World) -> None:
    fish.do(DIRENV_LIKE.format(there="/nowhere"))
    fish.cd(pinned.directory("a"))
    assert fish.value("AZENV_CONTEXT") == "dev"


def test_handlers_that_are_defined_anew_at_each_prompt_come_before_ours(
    fish: Session, pinned: World
) -> None:
    fish.do(
        "function other --on-event fish_prompt",
        "    function other_cd --on-variable PWD",
        "        set -gx ARM_TENANT_ID from-other",
        "    end",
        "end",
    )
    fish.prompt(2)
    fish.cd(pinned.directory("a"))
    assert fish.value("ARM_TENANT_ID") == pinned.delta("dev")["ARM_TENANT_ID"]


# --- remembered places ----------------------------------------------------------------------


def test_remembered_places_are_never_mixed_up(fish: Session, pinned: World) -> None:
    odd = ("a\\Eb", "(x", "[a-z]*", "a:b", "us\x1fx", "us", ".*", "^", *NASTY_DIRECTORIES)
    names = ("dev", "prod", NASTY)
    for number, name in enumerate(odd):
        pinned.pin(pinned.directory(f"odd/{name}"), names[number % 3])
    for _ in range(2):
        fish.calls()  # in the first round overlays are made
        for number, name in enumerate(odd):
            fish.go(pinned.directory(f"odd/{name}"))
            assert fish.value("AZENV_CONTEXT_ID") == pinned.id(names[number % 3]), name
            fish.prompt()
    fish.go(pinned.outside)
    assert fish.active() == {}
    assert fish.calls() == []


def test_a_remembered_place_is_looked_at_again(fish: Session, pinned: World) -> None:
    a, outside = pinned.directory("a"), pinned.outside
    fish.go(a)
    fish.go(outside)
    pin = a / ".azenv.toml"
    text = pin.read_text()
    pin.unlink()
    fish.go(a)
    assert fish.active() == {}
    fish.go(outside)
    pin.write_text(text + "#\n")
    fish.go(a)
    assert fish.value("AZENV_CONTEXT_ID") == "none"
    fish.go(outside)
    pin.write_text(text)
    fish.go(a)
    assert fish.active() == pinned.delta("dev")
    inner = pinned.pin(pinned.directory("a/inner"), "prod")
    fish.go(inner.parent)
    assert fish.active() == pinned.delta("prod")
    fish.go(a)
    inner.unlink()
    fish.go(inner.parent)
    assert fish.active() == pinned.delta("dev")


def test_a_denied_pin_that_is_edited_blocks_at_once(fish: Session, pinned: World) -> None:
    place = pinned.directory("a/denied")
    pin = pinned.write_pin(place, 'context = "prod"\n')
    pinned.ensure("deny", cwd=place)
    fish.go(place)
    assert fish.active() == pinned.delta("dev")
    fish.prompt(3)
    assert len(fish.lines()) == 1
    pin.write_text('context = "guest"\n')
    fish.prompt()
    assert fish.value("AZENV_CONTEXT_ID") == "none"


# --- no process -----------------------------------------------------------------------------


def test_nothing_is_started_and_nothing_asked_outside_pins(world: World) -> None:
    with Session(world, FISH) as sh:
        sh.do("set -g __azenv_roots")  # as without AZENV_HOME: the runtime directory is unknown
        sh.prompt(3)
        sh.go(world.directory("x"))
        assert sh.calls() == []
        assert sh.value("__azenv_root") == ""


def test_the_runtime_directory_is_found_in_order(fish: Session, pinned: World) -> None:
    fish.do("set -g __azenv_roots", f"set -gx XDG_RUNTIME_DIR {quote(pinned.top / 'xdg')}")
    root = pinned.top / "xdg" / "azenv"
    root.mkdir(parents=True)
    fish.do("__azenv_find_root")
    assert fish.value("__azenv_root") == str(root)
    assert fish.calls() == []
    root.rename(pinned.top / "elsewhere")
    root.symlink_to(pinned.top / "elsewhere")
    fish.do("__azenv_find_root")
    assert fish.value("__azenv_root") != str(root)


def test_a_thousand_runs_start_no_process(pinned: World) -> None:
    strace = require_tool("strace")
    bad = pinned.directory("bad")
    pinned.write_pin(bad, "nonsense")
    pinned.change("guest", exports=("az", "env", "kubeconfig"))
    pinned.pin(pinned.directory("c"), "guest")
    places = ("a/1/2/3/4/5/6/7/8", "b", "bad", "c", "a", "outside", "n1", "a/n2", "b/n3", "a/n4")
    deadline = pinned.root / "until" / "1-abc"
    deadline.parent.mkdir(exist_ok=True)
    tour = [
        line
        for place in places
        for line in (f"builtin cd {quote(pinned.directory(place))}", "emit fish_prompt")
    ]
    tour += [
        f"set -gx __AZENV_CHOICE {pinned.id('prod')}",
        "set -gx __AZENV_UNTIL 1-abc",
        *["emit fish_prompt"] * 4,
        "set -e __AZENV_CHOICE __AZENV_UNTIL",
        "emit fish_prompt",
    ]
    script = pinned.top / "tour.fish"
    script.write_text(
        "\n".join(
            [
                f"source {quote(pinned.init(FISH))}",
                f"touch -d '+1 hour' {quote(deadline)}",
                "set -gx AZENV_QUIET 1",
                *tour,
                *tour,
                "test -e /mark-begin",
                "for i in " + " ".join("1" * 40),
                *tour,
                "end",
                "test -e /mark-end",
            ]
        )
    )
    log = pinned.top / "strace.log"
    trace = [strace, "-f", "-qq", "-o", str(log), "-e", "trace=process,access,newfstatat,stat"]
    with_hook = ["--no-config", "--interactive"]
    done = subprocess.run(
        [*trace, require_tool("fish"), *with_hook, str(script)],
        env=pinned.env,
        cwd=pinned.outside,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=110,
    )
    text = log.read_text(errors="replace")
    begin, end = text.index("/mark-begin"), text.rindex("/mark-end")
    runs = 40 * (2 * len(places) + 5)
    assert runs >= 1000
    made = [
        line
        for line in text[begin:end].splitlines()
        if re.search(r"\b(clone3?|v?fork|execve)\(", line) and "CLONE_THREAD" not in line
    ]
    assert made == [], done.stderr
    assert text[begin:end].count(".azenv.toml") > runs


def test_a_program_that_gives_no_answer_is_asked_once(fish: Session, pinned: World) -> None:
    place = pinned.directory("new")
    pinned.write_pin(place, 'context = "dev"\n')
    nothing = pinned.top / "nothing.py"
    nothing.touch()
    fish.do(f"set -g __azenv_launcher {quote(nothing)}")  # a program that answers nothing
    for _ in range(3):
        fish.go(place)
        fish.prompt(2)
        fish.go(pinned.outside)
    assert [call[1] for call in fish.calls()] == ["pin", "overlay"]
    fish.go(place)
    assert fish.value("AZENV_CONTEXT_ID") == "none"


def test_a_program_that_is_gone_is_told_once(fish: Session, pinned: World) -> None:
    place = pinned.directory("new")
    pinned.write_pin(place, 'context = "dev"\n')
    fish.do("set -g __azenv_python /gone/python")
    for _ in range(3):
        fish.go(place)
        fish.prompt(2)
        fish.go(pinned.directory("other"))
    lines = fish.lines()
    assert len([line for line in lines if "program is gone" in line]) == 1
    assert fish.do("azenv list") == 127


# --- the function ---------------------------------------------------------------------------


def answering(world: World, body: str) -> str:
    """Return a statement that puts a program of ours in azenv's place."""
    program = world.top / "program"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o700)
    return f"set -g __azenv_python {quote(program)}"


US = "\\037"


@pytest.mark.parametrize(
    ("fields", "applied"),
    [
        (("$N", "choice", "@ID@", "", "follow", "", "."), True),
        (("0", "choice", "@ID@", "", "follow", "", "."), False),
        (("$N", "choice", "@ID@", "", "follow", ""), False),
        (("$N", "choice", "@ID@", "", "follow", "", ".", "."), False),
        (("$N", "choice", "../@ID@", "", "follow", "", "."), False),
        (("$N", "choice", "", "", "follow", "", "."), False),
        (("$N", "choice", "@ID@", "../x", "follow", "", "."), False),
        (("$N", "eval", "@ID@", "", "follow", "", "."), False),
    ],
)
def test_mail_is_applied_whole_or_not_at_all(
    fish: Session, pinned: World, fields: tuple[str, ...], *, applied: bool
) -> None:
    text = US.join(fields).replace("@ID@", pinned.id("prod"))
    body = f"""
        N=$__AZENV_NONCE
        mkdir -p "${{__AZENV_MAIL%/*}}"
        printf "{text}" >"$__AZENV_MAIL"
        exit 7
    """
    before = fish.env()
    fish.do(answering(pinned, body))
    assert fish.do("azenv anything") == 7
    if applied:
        assert fish.active() == pinned.delta("prod", "choice")
        assert fish.env()["__AZENV_PREVIOUS"] == "follow"
    else:
        assert fish.env() == before


def test_mail_that_is_a_link_is_not_read(fish: Session, pinned: World) -> None:
    target = pinned.top / "target"
    body = f"""
        T={shlex.quote(str(target))} N=$__AZENV_NONCE
        mkdir -p "${{__AZENV_MAIL%/*}}"
        printf "$N\\037choice\\037{pinned.id("prod")}\\037\\037follow\\037." >"$T"
        ln -s "$T" "$__AZENV_MAIL"
    """
    fish.do(answering(pinned, body))
    assert fish.do("azenv anything") == 0
    assert fish.active() == {}
    assert target.stat().st_size


def test_the_address_of_the_mail_is_never_exported(fish: Session, pinned: World) -> None:
    fish.azenv("list")
    assert not {"__AZENV_MAIL", "__AZENV_NONCE", "__AZENV_SHELL", "__azenv_busy"} & set(fish.env())


def test_completion_passes_straight_through(fish: Session, pinned: World) -> None:
    seen = pinned.top / "seen"
    fish.do(answering(pinned, f"env >{shlex.quote(str(seen))}"))
    fish.do("_AZENV_COMPLETE=fish_complete azenv list")
    assert "__AZENV_MAIL" not in seen.read_text()


def test_a_choice_never_stands_without_its_deadline(fish: Session, pinned: World) -> None:
    fish.azenv("use", "prod", "--for", "30m")
    assert fish.active() == pinned.delta("prod", "choice")
    for deadline in ("../../etc/passwd", "", ".", "gone"):
        fish.export("__AZENV_UNTIL", deadline)
        fish.prompt()
        assert fish.active() == pinned.blocked("the time is up", "choice"), deadline


def test_only_a_session_that_made_files_is_ended_by_the_program(pinned: World) -> None:
    with Session(pinned, FISH) as sh:
        sh.go(pinned.directory("a"))
        sh.calls()
        sh.finish()
        assert sh.calls() == []
    with Session(pinned, FISH) as sh:
        sh.azenv("use", "prod", "--for", "30m")
        pid = sh.process.pid
        assert (pinned.root / f"clock.{pid}").exists()
        sh.calls()
        sh.finish()
        assert sh.calls() == [["hook", "end", str(pinned.root), str(pid)]]
        assert not (pinned.root / f"clock.{pid}").exists()


@pytest.mark.parametrize("name", ["CI", "TF_BUILD", "GITHUB_ACTIONS"])
def test_in_ci_the_hook_is_inert_and_the_function_works(pinned: World, name: str) -> None:
    with Session(pinned, FISH, env={name: "true"}) as sh:
        sh.go(pinned.directory("a"))
        sh.prompt(2)
        assert sh.active() == {}
        assert sh.azenv("use", "prod").status == 0
        assert sh.active() == pinned.delta("prod", "choice")


def test_exec_fish_in_a_pinned_directory_still_leaves(pinned: World) -> None:
    with terminal(pinned, "set -q ARM_TENANT_ID; or set -gx ARM_TENANT_ID outer") as child:
        type_line(child, f"cd {quote(pinned.directory('a'))}")
        type_line(child, "exec fish")
        assert dump(child, pinned) == pinned.delta("dev")
        type_line(child, f"cd {quote(pinned.outside)}")
        assert dump(child, pinned) == {"ARM_TENANT_ID": "outer"}


def test_mise_and_azenv_live_together(pinned: World) -> None:
    require_tool("mise")
    a = pinned.directory("a")
    (a / "mise.toml").write_text("[env]\nFROM_MISE = 'yes'\n")
    with Session(pinned, FISH, load=False) as sh:
        sh.do(f"set -gx MISE_TRUSTED_CONFIG_PATHS {quote(a)}", "mise activate fish | source")
        sh.load()
        sh.prompt(2)
        for _ in range(2):
            sh.go(a)
            assert sh.active() == pinned.delta("dev")
            assert sh.value("FROM_MISE") == "yes"
            sh.go(pinned.directory("b"))
            assert sh.active() == pinned.delta("prod")
            assert sh.value("FROM_MISE") == "(none)"
        sh.go(pinned.outside)
        assert sh.active() == {}


def test_a_directory_that_is_gone_breaks_nothing(fish: Session, pinned: World) -> None:
    place = pinned.directory("a/gone")
    fish.go(place)
    shutil.rmtree(place)
    fish.prompt(2)
    assert fish.value("AZENV_CONTEXT") == "dev"
    assert len(fish.lines()) == 1
    assert Path(fish.value("PWD")) == place
    fish.go(pinned.outside)
    assert fish.active() == {}
