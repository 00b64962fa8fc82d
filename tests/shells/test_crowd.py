"""Twenty processes change the store and are killed at random, while shells switch."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from azenv.activation.change import changing
from azenv.activation.place import Place
from azenv.core import variables
from azenv.core.model import Subscription, Target, Tenant
from azenv.store import contexts
from tests.shells.harness import REPOSITORY, SHELLS, World, sessions

if TYPE_CHECKING:
    from azenv.core.model import Account
    from tests.shells.harness import Session

WORKERS, ROUNDS = 20, 8


def target(account: Account, number: int) -> Target:
    return Target(
        "AzureCloud",
        account,
        Tenant(f"tenant-{number}"),
        Subscription(f"s{number}", f"sub {number}"),
    )


def ensure_one_context(sh: Session, subscriptions: dict[str, str]) -> str:
    """Check that all that a shell exports is of one context, `none` or nothing; return its id."""
    found = sh.active()
    context_id = found.get("AZENV_CONTEXT_ID", "")
    if not context_id:
        assert not found
    elif context_id == variables.NONE_ID:
        assert found == sh.world.blocked(found["AZENV_BLOCKED"], found["AZENV_SOURCE"])
    else:
        ours = {found[name] for name in ("AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID")}
        assert ours == {subscriptions[context_id]}
        assert found["AZURE_CONFIG_DIR"] == sh.world.overlay(context_id)
        if (own := subscriptions[context_id])[:1] == "s":
            number = own[1:]
            assert found["AZENV_SUBSCRIPTION_NAME"] == f"sub {number}"
            assert found["ARM_TENANT_ID"] == f"tenant-{number}"
    return context_id


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_shell_ever_holds_a_mixture(world: World) -> None:
    account = world.context("dev").target.account  # the default's: `set` looks there
    with changing(Place(world.env)) as change:
        for number in range(WORKERS):
            change.book.add(target(account, number), contexts.new_id())
    for directory, name in (("a", "dev"), ("b", "guest")):
        world.pin(world.directory(directory), name)
    subscriptions: dict[str, str] = {}

    def learn() -> list[str]:
        """Note which subscription each id stands for: an id never means another."""
        crowd = []
        for context in contexts.load(world.paths.store).contexts.values():
            assert context.target.subscription
            own = context.target.subscription.id
            assert subscriptions.setdefault(context.id, own) == own
            if own.startswith("s") and own[1:].isdecimal():
                crowd.append(context.id)
        return crowd

    seen = set()
    with sessions(world, *SHELLS.values()) as shells:
        workers = [
            subprocess.Popen(
                [sys.executable, "tests/store/worker.py", str(n), f"s{n}", str(ROUNDS)],
                cwd=REPOSITORY,
                env={**world.env, "PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
                stderr=subprocess.PIPE,
                text=True,
            )
            for n in range(WORKERS)
        ]
        turn = 0
        while any(worker.poll() is None for worker in workers):
            for sh in shells:
                crowd = learn()
                if crowd:
                    sh.export("__AZENV_CHOICE", crowd[turn % len(crowd)])
                    sh.prompt()
                    seen.add(ensure_one_context(sh, subscriptions))
                    sh.unset("__AZENV_CHOICE")
                sh.go(world.directory("ab"[turn % 2]))
                seen.add(ensure_one_context(sh, subscriptions))
                turn += 1
        for sh in shells:
            sh.go(world.outside)
            assert sh.active() == {}
    said = [worker.communicate()[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, said
    assert len(seen) > len(shells)  # they did switch
