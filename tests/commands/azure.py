"""A home that knows the local Azure: what commands that reach a cloud are tested against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.population import Population
from azenv.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands.conftest import Home

CLOUD = "local"
ADA = "ada@contoso.com"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def azure(running: Sandbox, empty: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A local Azure as new, which the home has as the cloud `local`; Ada signs in by herself."""
    cloud = running.cloud
    cloud.population = Population.generate()
    cloud.device_interval_s = 1
    cloud.auto_user = ADA
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    empty.ok("cloud", "add", CLOUD, "--arm-endpoint", running.url)
    cloud.calls.clear()
    yield running
    cloud.faults.clear()
    cloud.revoked.clear()
    cloud.auto_user = ""
    cloud.strict_rotation = False
    cloud.token_lifetime_s = 3600
    cloud.page_size = 100
    cloud.latency_ms = 0
    cloud.clock_off_s = 0.0
