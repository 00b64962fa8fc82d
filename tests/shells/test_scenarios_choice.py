"""The shell's own choice: `azenv use`, the mailbox behind it, and its time box."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.shells.harness import NASTY, REPOSITORY, Session, World, only_in

UP = "the time is up"


@pytest.fixture
def pinned(world: World) -> World:
    world.pin(world.directory("a"), "dev")
    world.pin(world.directory("b"), "prod")
    return world


def move(directory: Path, seconds: float) -> None:
    """Let the one deadline file in `directory` end so many seconds from now."""
    (file,) = directory.iterdir()
    end = int(time.time() + seconds)
    os.utime(file, (end, end))


def test_use_goes_before_a_pin_and_leaves_the_store_alone(pinned: World, sh: Session) -> None:
    store = Path(pinned.paths.store, "contexts.json")
    before = store.read_bytes()
    sh.go(pinned.directory("a"))
    done = sh.azenv("use", "guest")
    assert done.status == 0
    for place in (pinned.outside, pinned.directory("b"), pinned.directory("a")):
        sh.go(place)
        assert sh.active() == pinned.delta("guest", "choice")
    assert sh.table()["__AZENV_CHOICE"] == pinned.id("guest")
    assert store.read_bytes() == before


def test_use_by_every_name_of_a_context(world: World, sh: Session) -> None:
    row = next(row for row in world.rows if row.context == "prod")
    for name in (NASTY, "dev", "PROD", row.id, "dev", row.subscription, "gue", world.id("dev")):
        sh.azenv("use", name)
        context = world.context(name)
        assert sh.active() == world.delta(context.name, "choice")


def test_an_unknown_name_changes_nothing(world: World, sh: Session) -> None:
    sh.azenv("use", "dev")
    inside = sh.env()
    done = sh.azenv("use", "pord")
    assert done.status == 1
    assert 'did you mean "prod"?' in done.err
    assert sh.env() == inside


def test_follow_drops_the_choice(pinned: World, sh: Session) -> None:
    start = sh.env()
    sh.azenv("use", "guest")
    sh.go(pinned.directory("a"))
    sh.azenv("use", "--follow")
    assert sh.active() == pinned.delta("dev")
    sh.go(pinned.outside)
    end = sh.env()
    end.pop("__AZENV_PREVIOUS", None)
    assert end == start


def test_dash_is_the_choice_before(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.azenv("use", "prod")
    sh.azenv("use", "guest")
    sh.azenv("use", "-")
    assert sh.active() == pinned.delta("prod", "choice")
    sh.azenv("use", "-")
    assert sh.active() == pinned.delta("guest", "choice")
    sh.azenv("use", "--follow")
    sh.azenv("use", "-")
    assert sh.active() == pinned.delta("guest", "choice")
    sh.azenv("use", "-")  # following the directory is a choice before, too
    assert sh.active() == pinned.delta("dev")
    sh.azenv("use", "--none")
    sh.azenv("use", "prod")
    sh.azenv("use", "-")
    assert sh.active() == pinned.blocked("chosen", "choice")


def test_dash_at_first_has_nothing_before(world: World, sh: Session) -> None:
    start = sh.env()
    done = sh.azenv("use", "-")
    assert done.status == 1
    assert "no choice before" in done.err
    assert sh.env() == start


def test_none_blocks_everything(pinned: World, sh: Session) -> None:
    sh.export("AZURE_CLIENT_SECRET", "hush")
    done = sh.azenv("use", "--none")
    assert done.status == 0
    for place in (pinned.outside, pinned.directory("a")):
        sh.go(place)
        assert sh.active() == pinned.blocked("chosen", "choice")
    sh.azenv("use", "--follow")
    sh.go(pinned.outside)
    assert sh.active() == {"AZURE_CLIENT_SECRET": "hush"}


def test_a_choice_that_masks_a_pin_is_told_on_entering(pinned: World, sh: Session) -> None:
    sh.azenv("use", "prod")
    sh.lines()
    sh.go(pinned.directory("a/1"))
    sh.prompt(2)
    sh.go(pinned.directory("a"))
    masked = "this directory is pinned (~/src/a/.azenv.toml), but your choice prod is in force"
    assert sh.lines() == [f"{masked}; azenv use --follow"]
    sh.go(pinned.directory("b"))  # the pin wants what was chosen
    assert sh.lines() == []
    sh.go(pinned.directory("a"))
    assert len(sh.lines()) == 1


def test_a_time_box_ends_in_a_block(pinned: World, sh: Session) -> None:
    sh.azenv("use", "prod", "--for", "30m")
    assert sh.active() == pinned.delta("prod", "choice")
    until = pinned.root / "until"
    (file,) = until.iterdir()
    assert 1795 < file.stat().st_mtime - time.time() < 1801
    sh.prompt(2)
    assert sh.active() == pinned.delta("prod", "choice")
    sh.lines()
    move(until, -2)
    sh.prompt(3)
    assert sh.active() == pinned.blocked(UP, "choice")
    assert sh.lines() == [f"blocked: {UP}  (chosen)"]
    sh.go(pinned.directory("a"))
    assert sh.active() == pinned.blocked(UP, "choice")
    sh.azenv("use", "--follow")
    assert sh.active() == pinned.delta("dev")


def test_a_missing_deadline_is_an_expired_one(world: World, sh: Session) -> None:
    sh.azenv("use", "prod", "--for", "1h")
    (file,) = (world.root / "until").iterdir()
    file.unlink()
    sh.prompt()
    assert sh.active() == world.blocked(UP, "choice")
    for hostile in ("../../../etc/passwd", ".", "..", "/etc/passwd", "x y"):
        sh.export("__AZENV_UNTIL", hostile)
        sh.prompt()
        assert sh.active() == world.blocked(UP, "choice")


def test_a_new_time_box_replaces_the_old_one(world: World, sh: Session) -> None:
    sh.azenv("use", "prod", "--for", "1s")
    sh.azenv("use", "dev")
    sh.prompt()
    assert "__AZENV_UNTIL" not in sh.table()
    assert sh.active() == world.delta("dev", "choice")


def test_a_protected_context_needs_a_yes(pinned: World, sh: Session) -> None:
    pinned.change("prod", protected=True)
    sh.go(pinned.directory("b"))
    assert "which is protected" in sh.active()["AZENV_BLOCKED"]
    done = sh.azenv("use", "prod")
    assert done.status == 2  # nobody can be asked here
    assert "add --yes" in done.err
    assert "which is protected" in sh.active()["AZENV_BLOCKED"]
    done = sh.azenv("use", "prod", "--yes", "--for", "1h")
    assert done.status == 0
    assert sh.active() == pinned.delta("prod", "choice")
    assert sh.active()["AZENV_PROTECTED"] == "1"


@pytest.mark.parametrize(
    ("words", "status"),
    [(("list",), 0), (("show", "nowhere"), 1), (("frobnicate",), 2), (("use", "a", "--none"), 2)],
)
def test_the_status_is_the_programs(
    world: World, sh: Session, words: tuple[str, ...], status: int
) -> None:
    start = sh.env()
    done = sh.azenv(*words)
    assert done.status == status
    assert (not done.out) == (status != 0)
    assert sh.env() == start


def test_data_goes_to_stdout_and_talk_to_stderr(world: World, sh: Session) -> None:
    done = sh.azenv("list", "--output", "tsv")
    assert "Contoso Prod" in done.out
    assert done.err == ""
    done = sh.azenv("use", "dev")
    assert done.out == ""


def test_arguments_reach_the_program_as_they_stand(world: World, sh: Session) -> None:
    for words in (("use", NASTY), ("rename", NASTY, "a *  $HOME"), ("use", "a *  $HOME")):
        assert sh.azenv(*words).status == 0
    assert sh.active() == world.delta("a *  $HOME", "choice")


def test_use_from_a_script_is_refused_and_names_the_ways(world: World, sh: Session) -> None:
    sh.azenv("use", "dev")
    before = sh.env()
    ours = {name: value for name, value in before.items() if name[:2] == "__"}
    done = world.program("use", "prod", env=ours)
    assert done.status == 2
    assert "azenv exec" in done.err
    assert "azenv env" in done.err
    sh.do(
        sh.current.command(world.interpreter, "-I", REPOSITORY / "azenv/launcher.py", "use", "prod")
    )
    sh.prompt()
    assert sh.env() == before


def test_mail_variables_are_never_exported(world: World, sh: Session) -> None:
    sh.azenv("use", "dev")
    leaked = {"__AZENV_MAIL", "__AZENV_NONCE", "__AZENV_SHELL"} & sh.env().keys()
    assert not leaked


@only_in("bash", "zsh")
def test_a_subshell_says_that_the_parent_is_unchanged(world: World, sh: Session) -> None:
    start = sh.env()
    sh.do("(azenv use dev)")
    assert "this subshell changed; the parent shell is unchanged" in sh.err()
    sh.prompt()
    assert sh.env() == start


@only_in("bash", "zsh")
def test_a_directory_change_in_a_subshell_is_silent(pinned: World, sh: Session) -> None:
    sh.go(pinned.directory("a"))
    sh.go(pinned.directory("b"))
    sh.lines()
    sh.do(f"(cd {sh.current.quote(pinned.directory('a'))}; :)")
    assert sh.lines() == []


def test_two_shells_have_two_choices(world: World, sh: Session) -> None:
    with Session(world, sh.shell) as other:
        sh.azenv("use", "dev")
        other.azenv("use", "prod")
        sh.prompt()
        assert sh.active() == world.delta("dev", "choice")
        assert other.active() == world.delta("prod", "choice")


def test_the_session_ends_without_a_trace(world: World, sh: Session) -> None:
    sh.azenv("use", "prod", "--for", "1h")
    sh.prompt()
    pid = str(sh.process.pid)
    made = [path.name for path in world.root.rglob("*") if pid in path.name]
    assert made
    sh.finish()
    left = [path.name for path in world.root.rglob("*") if pid in path.name]
    assert left == []


def test_a_killed_session_is_swept_by_the_next_one(world: World, sh: Session) -> None:
    with Session(world, sh.shell) as doomed:
        doomed.azenv("use", "prod", "--for", "1h")
        pid = str(doomed.process.pid)
        doomed.process.kill()
        doomed.process.wait()
    assert [path for path in world.root.rglob("*") if pid in path.name]
    sh.azenv("use", "prod", "--for", "1h")
    assert not [path for path in world.root.rglob("*") if pid in path.name]
    assert sh.active() == world.delta("prod", "choice")
