"""One of many processes that change the store at once, each command killed now and then.

Called as `worker.py SEED SUBSCRIPTION ROUNDS`; AZENV_HOME says where. A command runs in a child of
its own, so that it can be killed at any instruction. After each one the store is read: what was
acknowledged (exit status 0) must be there; of what was killed, the state before or after.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import NamedTuple

from azenv import cli
from azenv.activation.place import Place
from azenv.store import contexts


class State(NamedTuple):
    """What this worker knows of its only context."""

    name: str
    group: str


def run(chance: random.Random, *words: str) -> bool:
    """Run one command, or kill it; return whether it was acknowledged."""
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(cli.main(words))
    if chance.random() < 0.4:
        time.sleep(chance.random() * 0.3)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(f"status {os.WEXITSTATUS(status)} of {words}")
    return os.WIFEXITED(status)


def stored(subscription: str) -> State | None:
    """Return what the store says of this worker's context."""
    book = contexts.load(Place(os.environ).paths.store)
    found = [
        State(context.name, context.group)
        for context in book.contexts.values()
        if context.target.subscription and context.target.subscription.id == subscription
    ]
    if len(found) > 1:
        sys.exit(f"two contexts of {subscription}")
    return found[0] if found else None


def step(chance: random.Random, subscription: str, now: State | None) -> None:
    """Change something; leave where the store then holds what it must not."""
    fresh = f"{subscription}-{chance.random()}"
    if now is None:
        after: State | None = State(fresh, "")
        words = ["set", "--subscription", subscription, "--name", fresh, "--no-select"]
    elif chance.random() < 0.2:
        after, words = None, ["remove", now.name, "--force"]
    elif chance.random() < 0.5:
        after, words = State(fresh, now.group), ["rename", now.name, fresh]
    else:
        after, words = State(now.name, fresh), ["set", "--context", now.name, "--group", fresh]
    acknowledged = run(chance, *words)
    found = stored(subscription)
    if found != after and (acknowledged or found != now):
        sys.exit(f"{words} left {found}, acknowledged: {acknowledged}; before: {now}")


def main() -> None:
    seed, subscription, rounds = sys.argv[1:]
    chance = random.Random(seed)  # noqa: S311  a test must be repeatable
    for _ in range(int(rounds)):
        step(chance, subscription, stored(subscription))


if __name__ == "__main__":
    main()
