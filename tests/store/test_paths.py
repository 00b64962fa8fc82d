from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from azenv.core.errors import AzenvError
from azenv.store import paths

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform != "linux", reason="XDG")


def test_azenv_home_moves_everything(tmp_path: Path) -> None:
    found = paths.locate({"AZENV_HOME": str(tmp_path), "HOME": "/elsewhere"})
    for path in (found.base, found.store, found.state, found.records, found.lock, found.settings):
        assert path.startswith(str(tmp_path))
    assert paths.runtime_candidates(found, {"XDG_RUNTIME_DIR": "/r"}) == [str(tmp_path / "run")]


@linux
def test_without_it_the_design_says_where(tmp_path: Path) -> None:
    found = paths.locate({"HOME": str(tmp_path)})
    assert found.base == f"{tmp_path}/.azure"
    assert found.store == f"{tmp_path}/.azure/azenv"
    assert found.state == f"{tmp_path}/.local/state/azenv"
    assert paths.locate({"HOME": str(tmp_path), "XDG_STATE_HOME": "/s"}).state == "/s/azenv"
    candidates = paths.runtime_candidates(found, {"XDG_RUNTIME_DIR": "/r"})
    assert candidates[0] == "/r/azenv"
    assert candidates[-1] == f"{found.store}/run"
    assert paths.runtime_candidates(found, {"XDG_RUNTIME_DIR": "relative"})[0].startswith("/run")


@linux
def test_an_inherited_config_dir_is_never_the_base(tmp_path: Path) -> None:
    found = paths.locate({"HOME": str(tmp_path), "AZURE_CONFIG_DIR": "/overlay/.azure"})
    assert found.base == f"{tmp_path}/.azure"


@linux
def test_the_setting_is(tmp_path: Path) -> None:
    store = tmp_path / ".azure" / "azenv"
    store.mkdir(parents=True)
    (store / "config.toml").write_text('base_dir = "/data/azure"\n')
    assert paths.locate({"HOME": str(tmp_path)}).base == "/data/azure"


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "x"}, {"AZENV_HOME": "x"}])
def test_without_an_absolute_home_it_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(AzenvError):
        paths.locate(environ)


def test_a_root_is_ours_private_and_no_link(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = paths.locate({"AZENV_HOME": str(home)})
    assert paths.find_root(found, {}) is None
    root = paths.ensure_root(found, {})
    assert root == str(home / "run")
    assert os.stat(root).st_mode & 0o777 == 0o700  # noqa: PTH116
    shutil.rmtree(root)
    (home / "run").symlink_to(tmp_path)
    assert paths.find_root(found, {}) is None
    with pytest.raises(AzenvError):
        paths.ensure_root(found, {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_a_squatted_root_is_passed_over(tmp_path: Path) -> None:
    found = paths.locate({"HOME": str(tmp_path)})
    squatted = tmp_path / "rt" / "azenv"
    squatted.mkdir(parents=True)
    os.chown(squatted, 12345, -1)
    assert paths.find_root(found, {"XDG_RUNTIME_DIR": str(tmp_path / "rt")}) != str(squatted)
