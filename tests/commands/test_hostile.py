"""Whatever is wrong with the machine: a clear error, a documented status, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.commands.processes import TOP, azenv, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.commands.conftest import Home

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def only(*names: str, **more: str) -> dict[str, str]:
    """Return an environment with these names of ours, and nothing else."""
    return {name: os.environ[name] for name in ("PATH", *names)} | more


def clear_error(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "a bug in azenv" not in done.stderr
    assert done.stderr.count("azenv: error: ") == 1
    return done.stderr


@pytest.mark.parametrize("words", [["list"], ["show"], ["import", "az"], ["doctor"], ["use", "x"]])
def test_without_home_it_says_what_to_set(home: Home, words: list[str]) -> None:
    done = azenv(*words, home=home, environ=only())
    assert "export HOME" in clear_error(done)


@pytest.mark.parametrize("value", ["relative", "~/x"])
def test_a_relative_azenv_home_is_refused(home: Home, value: str) -> None:
    done = azenv("list", home=home, environ=only("HOME", AZENV_HOME=value))
    assert "not an absolute path" in clear_error(done)


@needs_root
def test_another_users_azenv_home_is_refused(home: Home) -> None:
    os.chown(home.top, 12345, -1)
    assert "another user" in home.fail("list")


def test_a_deleted_directory_stops_only_what_needs_one(home: Home) -> None:
    gone = home.work / "gone"
    home.cd(gone)
    gone.rmdir()
    assert home.names() == ["bank", "dev", "prod"]
    assert home.ok("show", "-o", "json").data["name"] == "dev"
    assert "gone" in home.fail("pin", "dev")
    done = azenv("exec", "prod", "sh", "-c", "echo $ARM_SUBSCRIPTION_ID", home=home)
    assert (done.returncode, done.stderr.count("error: ")) == (0, 0), done


# Imports come first: the interpreter may lie where nobody else can read.
AS_NOBODY = """
import os, pkgutil, sys
from importlib import import_module
import azenv.commands
from azenv import cli
for found in pkgutil.iter_modules(azenv.commands.__path__):
    import_module(f"azenv.commands.{found.name}")
import tomlkit, fnmatch, difflib
os.setegid(65534); os.seteuid(65534)
sys.exit(cli.main(sys.argv[1:]))
"""


def _as_nobody(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Run azenv as another user, to whom this home does not belong."""
    return subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        env=dict(os.environ) | {"HOME": str(home.top), "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.fixture
def read_only(home: Home) -> Iterator[Home]:
    """Yield a home on a file system that takes no writes."""
    for flags in (["--bind"], ["-o", "remount,ro,bind"]):
        done = subprocess.run(
            ["mount", *flags, str(home.top), str(home.top)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield home
    subprocess.run(["umount", str(home.top)], check=True)


@needs_root
def test_a_read_only_home_can_be_read(read_only: Home) -> None:
    assert read_only.names() == ["bank", "dev", "prod"]
    assert read_only.ok("show", "-o", "json").data["name"] == "dev"
    for words in (["rename", "dev", "x"], ["import", "az"], ["clear", "--yes"], ["remove", "prod"]):
        assert "read-only" in read_only.fail(*words).lower()
    assert read_only.run("doctor").code == 0


@needs_root
def test_a_read_only_home_without_an_index_can_be_read(home: Home) -> None:
    (records,) = (home.top / "state").iterdir()
    (records / "index").unlink()
    done = subprocess.run(["mount", "--bind", str(home.top), str(home.top)], check=False)
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(home.top)], check=True)
    try:
        assert len(home.ok("list", "-o", "tsv").out.splitlines()) == 3
    finally:
        subprocess.run(["umount", str(home.top)], check=True)


@pytest.fixture
def full(home: Home, tmp_path: Path) -> Iterator[Home]:
    """Yield a home on a disk that is full to the last byte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "azenv-test", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted: {done.stderr.strip()}")
    shutil.copytree(home.top, disk / "home", symlinks=True)
    home.setenv("AZENV_HOME", str(disk / "home"))
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    yield home
    subprocess.run(["umount", str(disk)], check=True)


@needs_root
def test_a_full_disk_loses_nothing(full: Home, tmp_path: Path) -> None:
    before = full.names()
    for words in (["rename", "dev", "x"], ["set", "--context", "prod", "--group", "g" * 80]):
        assert "no space left" in full.fail(*words).lower()
    assert full.names() == before
    (tmp_path / "disk" / "filler").unlink()
    full.ok("rename", "dev", "x")
    assert full.names() == ["bank", "prod", "x"]
    assert "fail" not in full.ok("doctor").out


@needs_root
@pytest.mark.parametrize("words", [["list"], ["rename", "dev", "x"], ["import", "az"], ["doctor"]])
def test_a_home_of_somebody_else_is_left_alone(home: Home, words: list[str]) -> None:
    for path in (*home.top.parents, home.top, *home.top.rglob("*")):
        if path.is_relative_to(home.top.parent):
            path.chmod(0o777 if path.is_dir() else 0o666)
    before = (home.store / "contexts.json").read_bytes()
    clear_error(_as_nobody(home, *words))
    home.unsetenv("AZENV_HOME")
    done = _as_nobody(home, *words)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert (home.store / "contexts.json").read_bytes() == before


@pytest.mark.parametrize("name", ["contexts.json", "trust.json"])
def test_a_fifo_in_the_store_does_not_hang(home: Home, name: str) -> None:
    path = home.store / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert "not a plain file" in home.fail("rename", "dev", "x")


def test_a_linked_store_is_refused(home: Home, tmp_path: Path) -> None:
    home.store.rename(tmp_path / "moved")
    home.store.symlink_to(tmp_path / "moved")
    before = (tmp_path / "moved" / "contexts.json").read_bytes()
    assert "a link" in home.fail("rename", "dev", "x")
    assert (tmp_path / "moved" / "contexts.json").read_bytes() == before


def test_a_store_that_others_may_write_is_refused(home: Home) -> None:
    home.store.chmod(0o777)
    assert "others may write" in home.fail("rename", "dev", "x")


def test_a_file_for_a_directory_is_an_error(empty: Home) -> None:
    empty.sign_in()
    empty.store.write_text("")
    assert "not a directory" in empty.fail("import", "az").lower()
    assert empty.store.read_text() == ""


def test_unknown_settings_are_named(home: Home, tmp_path: Path) -> None:
    user = tmp_path / "user"
    (user / ".azure" / "azenv").mkdir(parents=True, mode=0o700)
    settings = user / ".azure" / "azenv" / "config.toml"
    settings.write_text('base_directory = "/x"\n')
    done = azenv("list", home=home, environ=only(HOME=str(user)))
    assert "base_directory" in clear_error(done)
    settings.write_text("base_dir = \n")
    assert "config.toml" in clear_error(azenv("list", home=home, environ=only(HOME=str(user))))


def test_without_azenv_home_everything_lies_where_the_design_says(
    home: Home, tmp_path: Path
) -> None:
    user = tmp_path / "user"
    shutil.copytree(home.base, user / ".azure", ignore=shutil.ignore_patterns("azenv"))
    environ = only(
        HOME=str(user), XDG_STATE_HOME=str(user / "st"), XDG_RUNTIME_DIR=str(user / "rt")
    )
    (user / "rt" / "azenv").mkdir(parents=True, mode=0o700)
    assert azenv("import", "az", home=home, environ=environ).returncode == 0
    assert (user / ".azure" / "azenv" / "contexts.json").exists()
    assert list((user / "st" / "azenv").iterdir())
    done = azenv("list", "-o", "json", home=home, environ=environ)
    assert len(json.loads(done.stdout)["data"]) == 3
    name = json.loads(done.stdout)["data"][0]["name"]
    assert azenv("exec", name, "true", home=home, environ=environ).returncode == 0
    assert (user / "rt" / "azenv" / "az").is_dir(), "the first candidate that exists"


@pytest.mark.parametrize(
    "words", [["lst"], ["nonsense"], ["list", "--nope"], ["list", "a", "b"], ["show", "-o", "xml"]]
)
def test_usage_errors_are_status_two_with_a_hint(home: Home, words: list[str]) -> None:
    assert "azenv: hint: " in home.fail(*words, code=2)


def test_a_verb_misspelt_is_told_the_nearest(home: Home) -> None:
    assert "did you mean list" in home.fail("lst", code=2)


def test_no_words_at_all_is_help_on_stderr(home: Home) -> None:
    ran = home.run()
    assert (ran.code, ran.out) == (2, "")
    assert "Usage" in ran.err


def test_bytes_that_are_no_text_are_no_bug(home: Home) -> None:
    for words in (
        ["rename", "dev", b"\xff"],
        ["show", b"\xff"],
        ["set", "--group", b"\xff"],
        ["set", "--tag", b"\xff=1"],
        ["list", b"\xff"],
        ["import", b"\xff"],
        ["save", b"\xff/x"],
        ["exec", "dev", b"\xff"],
        [b"\xff"],
    ):
        done = subprocess.run(
            [*command(), *words], env=dict(os.environ), capture_output=True, check=False
        )
        assert b"Traceback" not in done.stderr, words
        assert b"a bug in" not in done.stderr, (words, done.stderr)
        assert done.returncode in {0, 1, 2, 127}, (words, done)
    assert home.names() == ["bank", "dev", "prod"]
