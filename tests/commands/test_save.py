from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from tests.commands.processes import azenv
from tests.interop.fabricated import ALICE, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home


def test_what_is_saved_comes_back_as_it_was(home: Home, tmp_path: Path, nasty_name: str) -> None:
    home.ok("rename", "dev", nasty_name)
    home.ok("set", "--subscription", "prod", "--name", "twin", "--no-select", "--group", "rg")
    file = tmp_path / "saved.json"
    home.ok("save", str(file))
    ignored = {"id", "active", "default"}
    before = [{k: c[k] for k in c.keys() - ignored} for c in home.ok("list", "-o", "json").data]
    home.ok("clear", "--yes")
    home.ok("import", str(file))
    after = [{k: c[k] for k in c.keys() - ignored} for c in home.ok("list", "-o", "json").data]
    assert after == before


def test_saves_the_named_ones_and_the_default(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    home.ok("save", str(file), "bank", "dev", "DEV")
    saved = json.loads(file.read_text(encoding="utf-8-sig"))
    assert sorted(saved["Contexts"]) == ["bank", "dev"]
    assert saved["DefaultContextKey"] == "dev"
    home.ok("save", str(file), "bank", "--force")
    assert json.loads(file.read_text(encoding="utf-8-sig"))["DefaultContextKey"] is None


def test_an_existing_file_stays_without_force(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text("precious")
    assert "--force" in home.fail("save", str(file))
    assert file.read_text() == "precious"
    home.ok("save", str(file), "--force")
    assert file.read_text() != "precious"


def test_a_link_is_not_followed(home: Home, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    home.fail("save", str(link))
    assert not target.exists()
    target.write_text("precious")
    home.ok("save", str(link), "--force")
    assert target.read_text() == "precious"


def test_a_device_stays_a_device(home: Home, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # what /dev/null is to root: replaceable
    assert "not a plain file" in home.fail("save", str(pipe), "--force")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert "not a plain file" in home.fail("save", str(tmp_path), "--force")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_is_private_whatever_the_umask(home: Home, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        for words in ([], ["--force"]):
            home.ok("save", str(tmp_path / "saved.json"), *words)
            assert stat.S_IMODE((tmp_path / "saved.json").stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_a_relative_path_is_below_here(home: Home) -> None:
    home.ok("save", "saved.json")
    home.ok("save", "saved.json", "--force")
    assert (home.work / "saved.json").exists()


def test_holds_no_secret(home: Home, tmp_path: Path) -> None:
    cache = tokens(ALICE, mark="s3cr3t")
    (home.base / "msal_token_cache.json").write_text(json.dumps(cache))
    home.ok("import", "az")
    home.ok("save", str(tmp_path / "saved.json"))
    assert "s3cr3t" not in (tmp_path / "saved.json").read_text()


def test_of_nothing_or_of_an_unknown_one_is_an_error(empty: Home) -> None:
    assert "azenv import az" in empty.fail("save", "x.json")
    empty.fail("save", "x.json", "nobody")
    assert not (empty.work / "x.json").exists()


def test_where_nothing_can_be_written_is_an_error(home: Home, tmp_path: Path) -> None:
    home.fail("save", str(tmp_path / "missing" / "x.json"))
    home.fail("save", str(tmp_path), "--force")
    home.fail("save", code=2)


def test_to_a_pipe_and_from_it(home: Home) -> None:
    saved = azenv("save", "-", "dev", home=home)
    assert saved.returncode == 0
    assert json.loads(saved.stdout.lstrip("\ufeff"))["DefaultContextKey"] == "dev"
    assert "1 context written to stdout" in saved.stderr
    home.ok("remove", "dev", "--force")
    back = azenv("import", "-", home=home, typed=saved.stdout)
    assert back.returncode == 0, back.stderr
    assert "dev" in home.names()
    assert not (home.work / "-").exists()
