"""On a terminal: the user's status, traps, prompt and other tools are as they were."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import SHELLS, Shell, World, only_in, require_tool
from tests.shells.terminal import Terminal, evaluated, rc_file, sourced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


@pytest.fixture
def term(pinned: World, shell: Shell) -> Iterator[Terminal]:
    with Terminal(pinned, shell, sourced(pinned, shell)) as terminal:
        yield terminal


def no_context() -> str:
    return "no context (left the pinned directory)"


def test_one_line_for_each_change(pinned: World, term: Terminal) -> None:
    for place in ("a", "a/1", "b", "."):
        term.cd(pinned.directory(place))
        term.sync()
    assert term.messages() == [
        f"{pinned.label('dev')}  (pin ~/src/a/.azenv.toml)",
        f"{pinned.label('prod')}  (pin ~/src/b/.azenv.toml)",
        no_context(),
    ]
    assert term.variable("AZURE_CONFIG_DIR") == ""


def test_what_an_rc_file_evaluates(pinned: World, shell: Shell) -> None:
    with Terminal(pinned, shell, evaluated(shell)) as term:
        term.cd(pinned.directory("a"))
        assert term.variable("AZENV_CONTEXT") == "dev"
        term.say("azenv use prod", "prod  Contoso Prod")
        term.wait("READY> ")
        assert term.variable("AZENV_CONTEXT") == "prod"


def test_install_and_remove(pinned: World, shell: Shell) -> None:
    file = rc_file(pinned, shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    with Terminal(pinned, shell):
        pass
    before = file.read_text()
    pinned.ensure("init", shell.name, "--install", "--yes")
    pinned.ensure("init", shell.name, "--install", "--yes")
    with Terminal(pinned, shell, write_rc=False) as term:
        term.cd(pinned.directory("a"))
        assert term.variable("AZENV_CONTEXT") == "dev"
        assert len(term.messages()) == 1
    pinned.ensure("init", shell.name, "--remove", "--yes")
    assert file.read_text() == before


def test_nothing_is_printed_while_the_rc_file_runs(pinned: World, shell: Shell) -> None:
    """powerlevel10k's instant prompt complains about any output (p10k #702)."""
    rc = ("echo BEG''IN", sourced(pinned, shell), "echo EN''D")
    if shell.name == "powershell":
        rc = ("'BEG' + 'IN'", rc[1], "'EN' + 'D'")
    with Terminal(pinned, shell, *rc, cwd=pinned.directory("a")) as term:
        term.sync()
        between = term.text.split("BEGIN", 1)[1].split("END", 1)[0]
        assert between.strip() == ""
        assert term.messages() == [f"{pinned.label('dev')}  (pin ~/src/a/.azenv.toml)"]


def test_read_twice_runs_once(pinned: World, shell: Shell) -> None:
    line = sourced(pinned, shell)
    with Terminal(pinned, shell, line, line) as term:
        term.type(line)
        term.sync()
        term.cd(pinned.directory("a"))
        term.cd(pinned.outside)
        assert len(term.messages()) == 2
    hooks = {"bash": '"${PROMPT_COMMAND[*]}"', "zsh": '"$precmd_functions $chpwd_functions"'}
    if shell.name in hooks:
        with Terminal(pinned, shell, line, line) as term:
            found = term.say(f"echo hooks:{hooks[shell.name]}", r"hooks:[^\"$]*\r?\n")
            assert found.count("__azenv_hook") == {"bash": 1, "zsh": 2}[shell.name]


@only_in("bash", "zsh")
@pytest.mark.parametrize("place", [".", "a"])
def test_the_status_is_kept(pinned: World, term: Terminal, place: str) -> None:
    name = {"bash": "PIPESTATUS", "zsh": "pipestatus"}[term.shell.name]
    with_change = f"cd {term.shell.quote(pinned.directory(place))}; "
    for first in (with_change, ""):
        term.say(f"{first}(exit 5)", "READY> ")
        term.say("echo rc=$?", r"rc=5\r?\n")
        term.wait("READY> ")
        term.say(f"{first}true | false | (exit 3)", "READY> ")
        term.say(f'echo "ps=${{{name}[*]}}"', r"ps=0 1 3\r?\n")
        term.wait("READY> ")


@only_in("fish")
def test_the_status_is_kept_in_fish(pinned: World, term: Terminal) -> None:
    for place in (pinned.directory("a"), pinned.outside, pinned.outside):
        term.type(f"cd {term.shell.quote(place)}; sh -c 'exit 5'")
        term.say("echo rc=$status.", r"rc=5\.")
        term.sync()
        term.type("true | false | sh -c 'exit 3'")
        term.say('echo ps="$pipestatus".', r"ps=0 1 3\.")
        term.sync()


@only_in("powershell")
def test_the_status_is_kept_in_powershell(pinned: World, shell: Shell) -> None:
    prompt = 'function prompt { $ok = $?; "$ok/$LASTEXITCODE READY> " }'
    with Terminal(pinned, shell, prompt, sourced(pinned, shell)) as term:
        for place in (pinned.directory("a"), pinned.outside, pinned.outside):
            term.say(f"cd {shell.quote(place)}; sh -c 'exit 5'", r"False/5 READY> ")
            term.say('"rc=$LASTEXITCODE"', r"rc=5\r?\n")
            term.wait(r"True/5 READY> ")
        term.say("$error.Count + 100", r"\D100\r?\n")


@only_in("bash", "zsh")
def test_set_eu_does_not_end_the_shell(pinned: World, term: Terminal) -> None:
    term.type("set -eu")
    for place in ("a", "b", "."):
        term.cd(pinned.directory(place))
        term.type("! true")
        term.sync()
    assert len(term.messages()) == 3


@only_in("bash", "zsh")
def test_the_users_traps_are_kept(pinned: World, shell: Shell) -> None:
    rc = ("trap 'echo caught''-int' INT", "trap 'echo by''e' EXIT", sourced(pinned, shell))
    with Terminal(pinned, shell, *rc) as term:
        term.cd(pinned.directory("a"))
        term.say("azenv use prod --for 1h", "prod  Contoso")
        term.sync()
        pid = term.say("echo pid=$$.", r"pid=(\d+)\.").rpartition("=")[2][:-1]
        term.wait("READY> ")
        term.say("kill -INT $$", "caught-int")
        assert [path for path in pinned.root.rglob("*") if pid in path.name]
        term.type("exit")
        term.wait(r"\nbye\r?\n")
        gone(pinned, pid)


def gone(world: World, pid: str) -> None:
    """Wait for a session's files to go."""
    until = time.monotonic() + 10
    while [path for path in world.root.rglob("*") if pid in path.name]:
        assert time.monotonic() < until, "the session's files are still there"
        time.sleep(0.05)


@only_in("bash", "zsh")
def test_a_trap_that_was_set_later_is_kept(pinned: World, term: Terminal) -> None:
    term.say("azenv use prod --for 1h", "prod  Contoso")
    term.say("trap 'echo by''e' EXIT; exit", r"\nbye\r?\n")


def test_a_session_that_ends_takes_its_files_along(pinned: World, term: Terminal) -> None:
    term.say("azenv use prod --for 1h", "prod  Contoso")
    term.sync()
    pid = str(term.process.pid)
    assert [path for path in pinned.root.rglob("*") if pid in path.name]
    term.type("exit")
    gone(pinned, pid)


@only_in("zsh", "fish", "powershell")
def test_a_change_counts_within_the_line(pinned: World, term: Terminal) -> None:
    print_it = "sh -c 'echo \"is <$AZENV_CONTEXT>\"'"
    term.say(f"cd {term.shell.quote(pinned.directory('a'))}; {print_it}", r"is <dev>")
    term.sync()
    term.say(f"cd {term.shell.quote(pinned.outside)}; {print_it}", r"is <>")


@only_in("bash")
def test_the_optional_az_function_covers_bashs_gap(pinned: World, shell: Shell) -> None:
    tools = pinned.top / "bin"
    tools.mkdir()
    (tools / "az").write_text('#!/bin/sh\necho "az in <$AZENV_CONTEXT> $*"\n')
    (tools / "az").chmod(0o700)
    line = sourced(pinned, shell)
    there, back = shell.quote(pinned.directory("a")), shell.quote(pinned.outside)
    go = f"cd {there}; az account 'a b'; cd {back}"
    with Terminal(pinned, shell, "AZENV_AZ_FUNCTION=1", line, path_first=str(tools)) as term:
        term.say(go, "az in <dev> account a b")
    with Terminal(pinned, shell, line, path_first=str(tools)) as term:
        term.say(go, "az in <> account a b")


@only_in("bash")
def test_vs_code_keeps_its_first_entry(pinned: World, shell: Shell) -> None:
    """VS Code wraps entry 0 only: nothing may be moved out of it (oh-my-posh #7029)."""
    rc = ("PROMPT_COMMAND='PS1=\"th''eme READY> \"'", sourced(pinned, shell))
    with Terminal(pinned, shell, *rc, env={"TERM_PROGRAM": "vscode"}) as term:
        term.say('echo "n=${#PROMPT_COMMAND[@]} ${PROMPT_COMMAND[0]}"', r"n=1 __azenv_hook;PS1=")
        term.cd(pinned.directory("a"))
        assert len(term.messages()) == 1
        assert "theme READY> " in term.text


@only_in("bash")
@pytest.mark.parametrize(
    "before",
    ["", "PROMPT_COMMAND='user;'", "PROMPT_COMMAND=' user ; '", "PROMPT_COMMAND=(user)"],
)
def test_the_users_prompt_command_still_runs(pinned: World, shell: Shell, before: str) -> None:
    rc = ('user() { echo "status $? in <$AZENV_CONTEXT>"; }', before, sourced(pinned, shell))
    with Terminal(pinned, shell, *rc) as term:
        term.cd(pinned.directory("a"))
        if before:
            term.say("(exit 7)", "status 7 in <dev>")
        assert "syntax error" not in term.text
        assert len(term.messages()) == 1


def test_a_prompt_theme_shows_the_context(pinned: World, shell: Shell) -> None:
    line = sourced(pinned, shell)
    rc = {
        "bash": (line, 'theme() { PS1="<$AZENV_CONTEXT> READY> "; }', "PROMPT_COMMAND+=(theme)"),
        "zsh": (line, 'theme() { PS1="<$AZENV_CONTEXT> READY> " }', "precmd_functions+=(theme)"),
        "fish": (line, "function fish_prompt; printf '<%s> READY> ' \"$AZENV_CONTEXT\"; end"),
        "powershell": ('function prompt { "<$env:AZENV_CONTEXT> READY> " }', line),
    }[shell.name]
    with Terminal(pinned, shell, *rc) as term:
        term.type(shell.cd.format(shell.quote(pinned.directory("a"))))
        term.wait("<dev> READY> ")
        term.type(shell.cd.format(shell.quote(pinned.directory("b"))))
        term.wait("<prod> READY> ")
        term.type(shell.cd.format(shell.quote(pinned.outside)))
        term.wait("<> READY> ")


@only_in("bash", "zsh")
def test_a_hostile_name_is_never_expanded_by_the_prompt(world: World, shell: Shell) -> None:
    """A theme in PROMPT_COMMAND or with promptsubst executes `$(…)`: the display form has none."""
    world.ensure("rename", "dev", "$(touch pwned)`touch pwned`%F{red}\\u")
    world.pin(world.directory("a"), "$(touch pwned)`touch pwned`%F{red}\\u")
    theme = 'theme() { PS1="<$AZENV_CONTEXT|$AZENV_SUBSCRIPTION_NAME> READY> "; }'
    add = {
        "bash": "PROMPT_COMMAND+=(theme)",
        "zsh": "setopt promptsubst; precmd_functions+=(theme)",
    }
    with Terminal(world, shell, sourced(world, shell), theme, add[shell.name]) as term:
        term.type(f"cd {shell.quote(world.directory('a'))}")
        term.wait(r"<_\(touch pwned\)_touch pwned__F_red__u\|Contoso Dev> READY> ")
        term.sync()
    assert not list(world.top.rglob("pwned"))


@pytest.mark.parametrize("order", ["azenv first", "azenv last"])
def test_with_direnv_and_mise(tmp_path: Path, shell: Shell, order: str) -> None:
    """The three live in one shell, whichever comes first in the rc file."""
    if shell.name == "powershell":
        pytest.skip("Debian's direnv speaks no PowerShell")
    direnv, mise = require_tool("direnv"), require_tool("mise")
    # direnv 2.32 executes `$(…)` out of a directory's name
    pinned = World(tmp_path, home="plain home")
    inner = pinned.directory("a")
    pinned.pin(inner, "dev")
    (inner / ".envrc").write_text("export FROM_DIRENV=yes ARM_SUBSCRIPTION_ID=theirs\n")
    (inner / "mise.toml").write_text('[env]\nFROM_MISE = "yes"\n')
    env = {"MISE_YES": "1", "XDG_STATE_HOME": str(pinned.top / "xdg-state")}
    for command in ([direnv, "allow", "."], [mise, "trust", "mise.toml"]):
        subprocess.run(command, cwd=inner, env=pinned.env | env, check=True, capture_output=True)
    others = {
        "bash": (f'eval "$({direnv} hook bash)"', f'eval "$({mise} activate bash)"'),
        "zsh": (f'eval "$({direnv} hook zsh)"', f'eval "$({mise} activate zsh)"'),
        "fish": (f"{direnv} hook fish | source", f"{mise} activate fish | source"),
    }[shell.name]
    ours = sourced(pinned, shell)
    rc = (ours, *others) if order == "azenv first" else (*others, ours)
    with Terminal(pinned, shell, *rc, env=env) as term:
        for _ in range(2):
            term.cd(inner)
            assert term.variable("AZENV_CONTEXT") == "dev"
            assert term.variable("FROM_DIRENV") == "yes"
            assert term.variable("FROM_MISE") == "yes"
            if order == "azenv last":  # a context goes before what a .envrc says
                assert term.variable("ARM_SUBSCRIPTION_ID") != "theirs"
            term.cd(pinned.outside)
            assert term.variable("AZENV_CONTEXT") == ""
            assert term.variable("FROM_DIRENV") == ""
            assert term.variable("FROM_MISE") == ""
            if order == "azenv last":
                assert term.variable("ARM_SUBSCRIPTION_ID") == ""
        assert len(term.messages()) == 4


def test_a_new_tmux_window_outside_restores(pinned: World, tmp_path: Path) -> None:
    tmux = require_tool("tmux")
    shell = SHELLS["bash"]
    rc = rc_file(pinned, shell)
    rc.write_text(f"PS1='READY> '\n{sourced(pinned, shell)}\n")
    with Terminal(pinned, shell, sourced(pinned, shell), cwd=pinned.directory("a")) as term:
        assert term.variable("AZENV_CONTEXT") == "dev"
        environ = pinned.env | {
            name: term.variable(name)
            for name in ("AZENV_CONTEXT", "AZURE_CONFIG_DIR", "AZURE_SUBSCRIPTION_ID")
        }
        out = tmp_path / "out"
        command = f"{tmux} -f /dev/null -S {tmp_path}/socket"
        start = f"{command} new-session -d -x 200 -y 50 'bash --rcfile {shell.quote(rc)[1:-1]} -i'"
        del environ, start
        term.type(f"export OUT={shell.quote(out)}")
        term.type(
            f"{command} new-session -d -x 200 -y 50 -c {shell.quote(pinned.outside)} "
            f"bash --noprofile --rcfile {shell.quote(rc)} -i"
        )
        term.sync()
        keys = 'sh -c "env >$OUT.tmp; mv $OUT.tmp $OUT"'
        term.type(f"{command} send-keys {shell.quote(keys)} Enter")
        until = time.monotonic() + 20
        while not out.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        term.type(f"{command} kill-server")
        term.sync()
    inside = out.read_text()
    assert "AZENV_CONTEXT" not in inside
    assert "ARM_SUBSCRIPTION_ID" not in inside
    assert "OUT=" in inside


def test_a_kill_is_swept(pinned: World, term: Terminal, shell: Shell) -> None:
    term.say("azenv use prod --for 1h", "prod  Contoso")
    term.sync()
    pid = str(term.process.pid)
    os.kill(int(pid), 9)
    term.process.wait()
    assert [path for path in pinned.root.rglob("*") if pid in path.name]
    with Terminal(pinned, shell, sourced(pinned, shell)) as other:
        other.say("azenv use dev", "dev  Contoso")
        other.sync()
    gone(pinned, pid)
