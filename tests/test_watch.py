from __future__ import annotations

from typing import TYPE_CHECKING

from azenv.watch import candidates, logical_directory

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_candidates_go_up_to_the_root() -> None:
    assert candidates("/a/b c") == ["/a/b c/.azenv.toml", "/a/.azenv.toml", "/.azenv.toml"]
    assert candidates("/") == ["/.azenv.toml"]


def test_the_walk_takes_the_logical_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/inner")
    monkeypatch.chdir(tmp_path / "link")
    assert logical_directory({"PWD": f"{tmp_path}/link"}) == f"{tmp_path}/link"


def test_a_pwd_that_is_not_here_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    physical = str(tmp_path.resolve())
    for pwd in ("/", "relative", "", f"{tmp_path}/gone"):
        assert logical_directory({"PWD": pwd}) == physical
    assert logical_directory({}) == physical
