from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from azenv.core.errors import AzenvError, UsageError
from azenv.store import liveness, session

if TYPE_CHECKING:
    from pathlib import Path


def mailbox(root: Path) -> session.Mailbox:
    return session.mailbox({"__AZENV_MAIL": str(root / "mail" / "7.abc"), "__AZENV_NONCE": "n"})


def test_mail_is_private_new_and_framed(tmp_path: Path) -> None:
    box = mailbox(tmp_path)
    assert (box.root, box.pid) == (str(tmp_path), "7")
    box.send("choice", "id", deadline="7-x", previous="follow")
    mail = tmp_path / "mail" / "7.abc"
    assert mail.read_text() == "n\x1fchoice\x1fid\x1f7-x\x1ffollow\x1f\x1f."
    assert mail.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AzenvError, match="cannot reach this shell"):
        box.send("choice", "id")


def test_mail_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir(mode=0o700)
    (tmp_path / "mail" / "7.abc").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AzenvError):
        mailbox(tmp_path).send("choice", "id")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "environ", [{}, {"__AZENV_MAIL": "/x/mail/1.a"}, {"__AZENV_MAIL": "x", "__AZENV_NONCE": "n"}]
)
def test_without_a_shell_function_there_is_no_mailbox(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no azenv integration"):
        session.mailbox(environ)


def test_a_time_box_ends_when_it_says(tmp_path: Path) -> None:
    name = session.make_deadline(str(tmp_path), "7", 3600)
    end = (tmp_path / "until" / name).stat().st_mtime
    assert time.time() + 3598 < end <= time.time() + 3600
    assert not session.is_over(str(tmp_path), name)
    os.utime(tmp_path / "until" / name, (1, 1))
    assert session.is_over(str(tmp_path), name)
    assert session.is_over(str(tmp_path), "7-missing")
    assert session.is_over(None, name)
    assert not session.is_over(str(tmp_path), "")


@pytest.mark.parametrize("seconds", [0, -1, 32 * 86400])
def test_an_absurd_time_box_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(UsageError):
        session.make_deadline(str(tmp_path), "7", seconds)


def test_only_what_is_gone_is_swept(tmp_path: Path) -> None:
    root = str(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        gone, mine = str(child.pid), str(os.getpid())
        names = {pid: session.make_deadline(root, pid, 60) for pid in (gone, mine)}
        assert session.stale(root) == []
        child.kill()
    (tmp_path / "mail").mkdir(mode=0o700)
    (tmp_path / "mail" / f"{mine}.read").touch()
    (tmp_path / "mail" / f"{mine}.unread").write_text("x")
    (tmp_path / "mail" / f"{gone}.unread").write_text("x")
    (tmp_path / f"clock.{gone}").touch()
    assert session.stale(root) == [gone]
    session.sweep(root)
    assert {path.name for path in (tmp_path / "until").iterdir()} == {names[mine]}
    assert {path.name for path in (tmp_path / "mail").iterdir()} == {f"{mine}.unread"}
    assert not (tmp_path / f"clock.{gone}").exists()
    assert session.stale(root) == []


def test_another_machine_or_namespace_is_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / "sessions"
    directory.mkdir()
    machine, boot, namespace = liveness.machine()
    (directory / "4194301").write_text(f"other\n{boot}\n{namespace}\n1")
    (directory / "4194302").write_text(f"{machine}\n{boot}\npid:[1]\n1")
    (directory / "4194303").write_text("torn")
    (directory / "4194304").write_bytes(b"\xff")
    assert session.stale(str(tmp_path)) == []
    (directory / "4194305").write_text(f"{machine}\nearlier\n{namespace}\n1")
    assert session.stale(str(tmp_path)) == ["4194305"]


@pytest.mark.parametrize("pid", ["", "..", "1/../2", "x"])
def test_a_pid_that_is_none_removes_nothing(tmp_path: Path, pid: str) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / f"{pid.replace('/', '')}.x").touch()
    session.remove(str(tmp_path), pid)
    assert len(list((tmp_path / "mail").iterdir())) == 1
