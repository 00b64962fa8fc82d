"""No secret outside the encrypted files: a walk through the commands, then a look at everything."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING

from azenv.store import paths
from azenv.store.session_store import SessionStore
from azenv.store.vault import user_vault
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.processes import command
from tests.shells.harness import require_tool

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home

__all__ = ["azure", "running"]  # fixtures

SEALED = ("tokens.bin", "sp.bin", "store.bin")


def secrets_in(cache: str) -> set[str]:
    """Return the tokens of MSAL's cache."""
    found = json.loads(cache or "{}")
    kinds = ("AccessToken", "RefreshToken", "IdToken")
    return {entry["secret"] for kind in kinds for entry in found.get(kind, {}).values()}


class Walk:
    """Commands under strace: all that they say, and all that they start with."""

    def __init__(self, home: Home, log: Path) -> None:
        self.home, self.log = home, log
        self.said = ""
        self.strace = require_tool("strace")

    def __call__(self, *words: str, typed: str = "") -> str:
        trace = ("-f", "-qq", "-e", "trace=execve", "-s", "65536", "-A", "-o", str(self.log))
        done = subprocess.run(
            [self.strace, *trace, *command(*words)],
            env=os.environ | {"AZENV_HOME": str(self.home.top), "AZENV_DEBUG": ""},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1, 4), done
        if words[0] != "token":
            self.said += done.stdout
        self.said += done.stderr
        return done.stdout


def test_secrets_are_in_the_sealed_files_alone(azure: Sandbox, empty: Home, tmp_path: Path) -> None:
    walk = Walk(empty, tmp_path / "strace.log")
    one = next(iter(azure.cloud.population.applications.values()))
    who = ("--client-id", one.client_id, "--tenant", one.tenant, "--cloud", CLOUD)
    walk("login", "--no-browser", "--cloud", CLOUD)
    walk("login", "--service-principal", *who, "--secret-file", "-", typed=one.secrets[0])
    walk("login", "--service-principal", *who, "--secret-file", "-", typed="a wrong secret")
    token = walk("token", "--context", "Fabrikam Dev").strip()
    for words in (
        ("list", "-o", "json"),
        ("show", "Fabrikam Dev", "-o", "json"),
        ("subscriptions", "--refresh", "-o", "json"),
        ("env", "Fabrikam Dev", "--shell", "bash"),
        ("refresh", "Fabrikam Dev"),
        ("status", "-o", "json"),
        ("doctor", "--rotate-key"),
        ("save", str(tmp_path / "saved.json")),
        ("exec", "Fabrikam Dev", "true"),
    ):
        walk(*words)
    # and a session of its own
    empty.give_mailbox()
    walk("login", "--no-browser", "--cloud", CLOUD, "--scope", "process")
    session = empty.mail.read_text().split("\x1f")[5]
    empty.mail.write_text("")
    found = paths.locate({"AZENV_HOME": str(empty.top)})
    store = SessionStore.open(str(empty.root), session)
    assert store
    ours = secrets_in(user_vault(found).cache())
    apart = secrets_in(store.cache())
    assert len(ours) > 4
    assert len(apart) > 4
    assert not ours & apart
    key = session.partition(".")[2]
    secrets = {*ours, *apart, key, token, one.secrets[0], "a wrong secret"}

    log = (tmp_path / "strace.log").read_text(errors="replace")
    assert "execve" in log
    for secret in secrets:
        assert secret not in walk.said
        # an environment may hold a session's key, words may not
        assert not re.search(rf"execve\([^,]+, \[[^\]]*{re.escape(secret)}", log)
    overlays = empty.root / "az"
    for path in (*empty.top.rglob("*"), tmp_path / "saved.json"):
        if path.is_symlink() or not path.is_file():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == 0o600, path
        data = path.read_bytes()
        if path.name not in SEALED and overlays not in path.parents:
            assert not [s for s in secrets if s.encode() in data], path
        # what belongs to the session is in the overlays of its own contexts, and nowhere else
        if overlays not in path.parents or not path.relative_to(overlays).parts[0].startswith("p"):
            assert not [s for s in {*apart, key} if s.encode() in data], path
    for path in (empty.store, empty.root, empty.top / "state" / "keys"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert ADA in walk.said
