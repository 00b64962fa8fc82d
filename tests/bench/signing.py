"""What is measured against a local Azure: signing in to everything at once, and a cached token."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from azenv.sandbox.population import Population
from azenv.sandbox.server import Sandbox
from tests.bench.rows import Beside, Job, Row
from tests.bench.shells import SHELLS
from tests.bench.world import USER, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LOGIN = ("azenv", "login", "--no-browser", "--cloud", "Sandbox")
AZ_LOGIN = ("az", "login", "--use-device-code")
LATENCY_MS = 50


@dataclass(frozen=True)
class Signed(World):
    """A home whose az and azenv know a local Azure."""

    sandbox: Sandbox

    @cached_property
    def env(self) -> dict[str, str]:
        return (
            super().env | {"AZURE_CORE_LOGIN_EXPERIENCE_V2": "off"} | self.sandbox.environment({})
        )

    def register(self) -> Self:
        if shutil.which("az"):
            url = self.sandbox.url
            self.run("az", "cloud", "register", "-n", "Sandbox", "--endpoint-resource-manager", url)
            self.run("az", "cloud", "set", "-n", "Sandbox")
        else:
            self.run("azenv", "cloud", "add", "Sandbox", "--arm-endpoint", self.sandbox.url)
        return self


@dataclass(frozen=True, eq=False)
class FirstCall(Job):
    """A command line in a home that is new each time, run once: no second run would be the same."""

    argv: Sequence[str] = ()

    def time(self, number: int) -> float:
        assert isinstance(self.world, Signed)
        top = self.world.top / f"{self.argv[0]}-{number}"
        home = Signed(top, 1, 1, self.world.sandbox).register()
        began = time.perf_counter()
        home.run(*self.argv)
        return (time.perf_counter() - began) * 1e6


class SigningRows:
    """The rows; the clouds stop when the block ends."""

    def __init__(self, top: Path, bare_python: Job) -> None:
        self._top = top
        self._bare_python = bare_python
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def _world(self, name: str, tenants: int, subscriptions: int) -> Signed:
        sandbox = self._open.enter_context(Sandbox(Population.generate(tenants, subscriptions)))
        sandbox.cloud.auto_user = USER
        sandbox.cloud.device_interval_s = 1
        return Signed(self._top / name, tenants, subscriptions, sandbox)

    def __iter__(self) -> Iterator[Row]:
        yield self.token()
        yield self.sign_in()

    def token(self) -> Row:
        bash, world = SHELLS[0], self._world("token", 2, 3).register()
        world.run(*LOGIN, "--subscription", "Contoso Dev")
        setup = f"{bash.init('azenv init bash')}\nazenv use 'Contoso Dev'"
        ours = Job(world, bash, setup, "found=$(azenv token)", 10, sees=("found", "ey.+"))
        beside = [Beside("bare Python", self._bare_python, "≤ 2.5")]
        if shutil.which("az"):
            world.run(*AZ_LOGIN)
            ask = "found=$(az account get-access-token --query accessToken -o tsv)"
            az = Job(world, bash, "", ask, 1, sees=("found", "ey.+"))
            beside.append(Beside("az account get-access-token", az, "≤ 0.1"))
        return Row("azenv token, cached", ours, tuple(beside))

    def sign_in(self) -> Row:
        bash, world = SHELLS[0], self._world("sign-in", 50, 200)
        world.sandbox.cloud.latency_ms = LATENCY_MS
        ours = FirstCall(world, bash, "", "", 1, argv=LOGIN)
        az = FirstCall(world, bash, "", "", 1, argv=AZ_LOGIN, rounds=1)
        beside = (Beside("az login", az, "≤ 1"),) if shutil.which("az") else ()
        return Row("sign-in, 50 x 200", ours, beside, wanted="(≤ 5 s)")
