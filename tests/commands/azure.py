"""A home that knows the local Azure: what commands that reach a cloud are tested against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_azure import as_new, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["ADA", "CLOUD", "azure", "running"]

CLOUD = "local"
ADA = "ada@contoso.com"


@pytest.fixture
def azure(running: Sandbox, empty: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A local Azure as new, which the home has as the cloud `local`; Ada signs in by herself."""
    with as_new(running, monkeypatch) as sandbox:
        sandbox.cloud.auto_user = ADA
        empty.ok("cloud", "add", CLOUD, "--arm-endpoint", sandbox.url)
        sandbox.cloud.calls.clear()
        yield sandbox
