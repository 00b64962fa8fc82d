"""Every test that asks for `shell` runs in each shell; `world` and `sh` are made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shells.harness import SHELLS, Session, Shell, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in every shell, unless it says `@only_in(…)`."""
    chosen = any(
        "shell" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    )
    if "shell" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("shell", SHELLS.values(), ids=list(SHELLS))


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hook work: in CI it is inert."""
    for name in ("CI", "TF_BUILD", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def sh(world: World, shell: Shell) -> Iterator[Session]:
    """Yield a shell with azenv loaded, in a directory that no pin governs."""
    with Session(world, shell) as session:
        yield session
