"""A home that knows the local Azure, for what is told of sessions that sign in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.population import Population
from azenv.sandbox.server import Sandbox
from tests.shells.harness import SHELLS, Session, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.shells.harness import Shell

ADA = "ada@contoso.com"
LOGIN = ("login", "--no-browser", "--cloud", "local", "--subscription", "Contoso Dev")


class Article:
    """A home that knows the local Azure, and nobody signed in."""

    def __init__(self, top: Path, sandbox: Sandbox) -> None:
        self.world = World(top)
        self.environ = sandbox.environment({})
        self.ensure("clear", "--yes")
        self.ensure("cloud", "add", "local", "--arm-endpoint", sandbox.url)

    def ensure(self, *words: str) -> str:
        done = self.world.program(*words, env=self.environ)
        assert done.status == 0, done
        return done.out

    def session(self, shell: Shell = SHELLS["bash"]) -> Session:
        return Session(self.world, shell, env=self.environ)

    def names(self) -> set[str]:
        rows = self.ensure("list", "-o", "tsv").splitlines()
        return {row.split("\t")[0].partition(" (")[0] for row in rows}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(Population.generate(2, 3)) as sandbox:
        sandbox.cloud.auto_user = ADA
        sandbox.cloud.device_interval_s = 1
        yield sandbox


@pytest.fixture
def article(tmp_path: Path, running: Sandbox) -> Article:
    return Article(tmp_path, running)


def do(sh: Session, *words: str) -> str:
    done = sh.azenv(*words)
    assert done.status == 0, done
    return done.out + done.err
