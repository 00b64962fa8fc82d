"""The program's side of a prompt: one line at the most, an answer or none, nothing imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azenv.core import delta, variables
from azenv.store import records
from azenv.store.paths import locate

if TYPE_CHECKING:
    from tests.activation.conftest import Home

LAUNCHER = Path(__file__).resolve().parents[2] / "azenv" / "launcher.py"


def hook(*words: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", *flags, str(LAUNCHER), "hook", *words],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def record(pin: Path) -> tuple[str, str, str] | None:
    return records.read_pin(locate(os.environ), str(pin))


def test_an_untrusted_pin_costs_os_and_sys(home: Home) -> None:
    """No json, no toml, no store: most repositories are untrusted, and a person waits."""
    pin = home.work / ".azenv.toml"
    pin.write_text('context = "dev"\n')
    done = hook("pin", str(home.root), str(pin), "bash", flags=("-X", "importtime"))
    assert done.returncode == 0
    assert record(pin) == ("blocked", "not trusted; review it, then: azenv allow", pin.read_text())
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "azenv.hook" in imported
    heavy = {
        "json",
        "re",
        "typing",
        "enum",
        "dataclasses",
        "pathlib",
        "tomllib",
        "click",
        "hashlib",
    }
    assert imported & heavy == set()


def test_a_trusted_pin_behind_a_link_is_answered_once(home: Home) -> None:
    (home.work / "real").mkdir()
    home.cd(home.work / "real")
    home.ensure("pin", "dev")
    (home.work / "link").symlink_to("real")
    logical = home.work / "link" / ".azenv.toml"
    assert record(logical) is None
    assert hook("pin", str(home.root), str(logical), "bash").returncode == 0
    assert record(logical) == record(home.work / "real" / ".azenv.toml")
    home.ensure("deny")
    assert record(logical) is None  # to be asked again


def test_reverted_content_is_found_again(home: Home) -> None:
    home.ensure("pin", "dev")
    pin = home.work / ".azenv.toml"
    trusted = pin.read_text()
    pin.write_text("# other\n" + trusted)
    hook("pin", str(home.root), str(pin), "bash")
    found = record(pin)
    assert found is not None
    assert found[0] == "blocked"
    assert "changed" in found[1]
    pin.write_text(trusted)
    hook("pin", str(home.root), str(pin), "bash")
    assert record(pin) == ("context", home.id("dev"), trusted)


def test_a_foreign_pin_is_ignored_and_told(home: Home) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    pin = home.work / ".azenv.toml"
    pin.write_text('context = "dev"\n')
    os.chown(pin, 4242, 4242)
    done = hook("pin", str(home.root), str(pin), "bash")
    assert "another user's pin is ignored" in done.stderr
    found = record(pin)
    assert found is not None
    assert found[0] == "denied"


def test_bytes_that_are_no_utf8_are_blocked(home: Home) -> None:
    pin = home.work / ".azenv.toml"
    pin.write_bytes(b'context = "\xff"\n')
    hook("pin", str(home.root), str(pin), "bash")
    found = record(pin)
    assert found is not None
    assert (found[0], "UTF-8" in found[1]) == ("blocked", True)


def test_a_device_is_never_read(home: Home) -> None:
    pin = home.work / ".azenv.toml"
    pin.symlink_to("/proc/self/pagemap")
    done = hook("pin", str(home.root), str(pin), "bash")
    assert (done.returncode, record(pin)) == (1, None)
    assert len(done.stderr.splitlines()) == 1


def test_records_are_made_again_where_a_writer_was_killed(home: Home) -> None:
    home.ensure("pin", "dev")
    paths = locate(os.environ)
    records.write_context(paths, home.id("dev"), "half")
    records.mark_dirty(paths)
    other = home.work / "other"
    other.mkdir()
    (other / ".azenv.toml").write_text('context = "x"\n')
    hook("pin", str(home.root), str(other / ".azenv.toml"), "bash")
    text = records.read(paths, f"contexts/{home.id('dev')}")
    assert text is not None
    assert delta.parse_record(text)[0] == home.id("dev")
    assert not records.is_dirty(paths)


def test_a_torn_store_is_one_line_and_no_answer(home: Home) -> None:
    paths = locate(os.environ)
    pin = home.work / ".azenv.toml"
    pin.write_text('context = "dev"\n')
    records.mark_dirty(paths)
    Path(paths.store, "contexts.json").write_text('{"schema": 1, "cont')
    done = hook("pin", str(home.root), str(pin), "bash")
    assert (done.returncode, record(pin)) == (1, None)
    assert len(done.stderr.splitlines()) == 1
    assert "azenv doctor" in done.stderr


@pytest.mark.parametrize(
    "words", [("pin",), ("pin", "x"), ("nonsense", "x"), ("overlay", "a", "b")]
)
def test_a_hook_of_another_version_is_told(home: Home, words: tuple[str, ...]) -> None:
    done = hook(*words)
    assert done.returncode == 2
    assert "start a new shell" in done.stderr


def test_an_overlay_of_a_context_that_is_gone(home: Home) -> None:
    done = hook("overlay", str(home.root), "0123456789abcdef", "bash")
    assert (done.returncode, "is gone" in done.stderr) == (1, True)
    done = hook("overlay", str(home.root), "../../etc", "bash")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_a_foreign_undo_is_reversed_by_name(home: Home) -> None:
    layout = "0123456789ab"
    paths = locate(os.environ)
    table = Path(paths.state, layout, "table")
    table.parent.mkdir()
    names = ("AZURE_CONFIG_DIR", "AZENV_OLD", "ARM_CLIENT_ID")
    table.write_text(variables.SEPARATOR.join(("2", *names)))
    table.chmod(0o600)
    undo = (layout, "id", "==-", "/ours", "value", "3", "mine")
    home.setenv(delta.UNDO, variables.SEPARATOR.join((*undo, "")))
    home.setenv("AZURE_CONFIG_DIR", "/ours")
    home.setenv("AZENV_OLD", "changed by the user")
    done = hook("undo", str(home.root))
    fields = done.stdout.split(variables.SEPARATOR)
    assert fields == ["AZURE_CONFIG_DIR", "-", "", "ARM_CLIENT_ID", "x", "mine", "."]


@pytest.mark.parametrize("layout", ["", "../../etc", "0000deadbeef", "a/b"])
def test_an_undo_of_no_known_layout_yields_nothing(home: Home, layout: str) -> None:
    home.setenv(delta.UNDO, f"{layout}\x1fid\x1f=\x1f/x\x1f1\x1fPATH\x1f")
    done = hook("undo", str(home.root))
    assert (done.returncode, done.stdout) == (0, ".")


def test_the_runtime_directory_is_made_private(home: Home) -> None:
    done = hook("root", "bash")
    assert done.stdout == str(home.root)
    assert home.root.stat().st_mode & 0o777 == 0o700


def test_a_session_that_ends_takes_its_files_along(home: Home) -> None:
    home.root.mkdir(exist_ok=True)
    kept = ("mail/78.1", "until/770-aa")
    for name in (*kept, "mail/77.1", "until/77-aa", "sessions/77", "clock.77"):
        (home.root / name).parent.mkdir(exist_ok=True)
        (home.root / name).touch()
    hook("end", str(home.root), "77")
    left = sorted(str(p.relative_to(home.root)) for p in home.root.rglob("*") if p.is_file())
    assert left == list(kept)
