"""The local Azure that tests speak to: one for a module, as new for each test."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.population import Population
from azenv.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


PATIENCE_S = 30.0


def wait_for_taken(sandbox: Sandbox) -> None:
    """Wait until every fault has met its request: a call is under way then, and waits."""
    until = time.monotonic() + PATIENCE_S
    while sandbox.cloud.faults.describe():
        assert time.monotonic() < until, "nobody asks"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@contextmanager
def as_new(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Give the sandbox as it begins, and have this process's clients trust it."""
    cloud = running.cloud
    cloud.population = Population.generate()
    cloud.device_interval_s = 1
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    yield running
    cloud.faults.clear()
    cloud.calls.clear()
    cloud.revoked.clear()
    cloud.auto_user = ""
    cloud.strict_rotation = False
    cloud.token_lifetime_s = 3600
    cloud.page_size = 100
    cloud.latency_ms = 0
    cloud.clock_off_s = 0.0
