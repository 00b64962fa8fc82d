"""One of many processes that sign in and renew tokens at once, each command killed now and then.

Called as `signer.py SEED CLIENT_ID TENANT CLOUD CONTEXT ROUNDS`; AZENV_HOME says where, and the
secrets `CLIENT_ID-0` … are all good. A command runs in a child of its own, so that it can be killed
at any instruction. After each one the vault is read: what was acknowledged must be there; of what
was killed, the state before or after. CONTEXT is of an account that all of these processes share.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import time
from typing import NamedTuple

from azenv import cli
from azenv.activation.place import Place
from azenv.azure import desk, signin
from azenv.commands import login, survey, token
from azenv.store import contexts
from azenv.store.vault import UserVault, holder_key, user_vault

# Imported before the children are made, which would each pay for it.
HEAVY = (desk, signin, login, survey, token)


class Worker(NamedTuple):
    """Who signs in, and what all share."""

    chance: random.Random
    client_id: str
    tenant: str
    cloud: str
    context: str

    def run(self, words: list[str], typed: str = "") -> str | None:
        """Run one command, or kill it; return what it printed, None where nobody knows its end."""
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            os.dup2(write, 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            sys.stdin = io.StringIO(typed)
            os._exit(cli.main(words))
        os.close(write)
        if self.chance.random() < 0.4:
            time.sleep(self.chance.random() * 0.7)
            os.kill(child, signal.SIGKILL)
        with os.fdopen(read) as opened:
            said = opened.read()
        _, status = os.waitpid(child, 0)
        if not os.WIFEXITED(status):
            print("killed", flush=True)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            sys.exit(f"status {os.WEXITSTATUS(status)} of {words}")
        return said if os.WIFEXITED(status) else None

    def secret(self) -> str:
        """Return the secret that the vault has for this application."""
        holder = (self.cloud.casefold(), f"{self.client_id}.{self.tenant}".casefold())
        found = vault().secret(holder_key(holder)) or {}
        return found.get("secret", "")

    def sign_in(self, number: int) -> None:
        """Sign in with a secret that is new, by standard input."""
        before, after = self.secret(), f"{self.client_id}-{number}"
        who = ["--client-id", self.client_id, "--tenant", self.tenant, "--cloud", self.cloud]
        said = self.run(["login", *who, "--secret-file", "-"], after)
        found = self.secret()
        if found != after and (said is not None or found != before):
            sys.exit(f"sign-in {number} left another secret, acknowledged: {said is not None}")
        book = contexts.load(Place(os.environ).paths.store)
        usernames = {context.target.account.username for context in book.contexts.values()}
        if said is not None and self.client_id not in usernames:
            sys.exit(f"sign-in {number} left no context")

    def renew(self, number: int) -> None:
        """Ask for a token that nobody has yet, of the account that all share."""
        resource = f"https://{self.client_id}-{number}.test"
        said = self.run(["token", "--context", self.context, "--resource", resource])
        cache = json.loads(vault().cache())
        kept = {entry["secret"] for entry in cache["AccessToken"].values()}
        if said is not None and said.strip() not in kept:
            sys.exit(f"token {number} was printed and is not kept")


def vault() -> UserVault:
    return user_vault(Place(os.environ).paths)


def main() -> None:
    seed, client_id, tenant, cloud, context, rounds = sys.argv[1:]
    chance = random.Random(seed)  # noqa: S311  a test must be repeatable
    worker = Worker(chance, client_id, tenant, cloud, context)
    for number in range(int(rounds)):
        (worker.sign_in if chance.random() < 0.5 else worker.renew)(number)


if __name__ == "__main__":
    main()
