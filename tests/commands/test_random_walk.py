"""Commands at random, with words at random, against a cloud that answers badly at random.

Whatever is typed: an expected exit status, one error at most, no secret in what is said, nothing
half written, and a store that still opens. AZENV_WALKS and AZENV_STEPS make it a hunt.
"""

from __future__ import annotations

import os
import random
import re
import stat
from typing import TYPE_CHECKING

import pytest

from azenv.sandbox.faults import KINDS, Fault
from tests.commands.azure import ADA, CLOUD, azure, running
from tests.commands.test_carrying import PASSPHRASE, Move, move

if TYPE_CHECKING:
    from pathlib import Path

    from azenv.sandbox.server import Sandbox
    from tests.commands.conftest import Home, Ran

__all__ = ["azure", "move", "running"]  # fixtures

WALKS = int(os.environ.get("AZENV_WALKS", "6"))
STEPS = int(os.environ.get("AZENV_STEPS", "100"))
SLOW = ("server_error", "throttled", "dropped")  # they are waited for
ODD = (
    *("", " ", "x", "Contoso Dev", "contoso", "shop", "-", "--", "-x", "../x", "a" * 300, "none"),
    *("b'\"k", "\u00fcn\u00ef", "a\nb", "\x1b[31mred", "\udcff", "$(id)", "%F{red}", "\U0001f984"),
    *("00000000-0000-0000-0000-000000000000", "contoso.com", "fabrikam.com", ADA, "AzureCloud"),
    *(CLOUD, "p123", "30m", "-1", "99999999999999999999"),
)
# A word in capitals is replaced, one behind `?` is left out more often than not.
TEMPLATES = """
login --no-browser --cloud local ?--subscription=ODD ?--name=ODD ?--tenant=ODD SCOPE OUT
login --no-browser --cloud local ?--default ?--pending ?--dry-run ?--username=ODD SCOPE
login --client-id CLIENT --tenant TENANT --cloud local --secret-file SECRET SCOPE
logout PRINCIPAL ?--dry-run SCOPE OUT
logout --context ODD SCOPE
refresh ?=ODD
list ?--tenant=ODD ?=ODD OUT
show ?=ODD OUT
set ?--subscription=ODD ?--tenant=ODD ?--context=ODD ?--name=ODD ?--no-select ?--force SCOPE OUT
set ?--context=ODD ?--group=ODD ?--protected ?--also=ODD ?--exports=ODD ?--tag=ODD SCOPE
rename ODD ODD ?--force SCOPE
remove ODD --force SCOPE
clear --yes SCOPE
save FILE ?=ODD ?--force ?--with-clouds
save FILE --with-credentials PASSPHRASE ?=ODD
import FILE PASSPHRASE ?--on-conflict=POLICY ?--with-clouds ?--dry-run SCOPE OUT
import FILE PASSPHRASE SCOPE
import az SCOPE
import powershell SCOPE
token ?--context=ODD ?-r=ODD ?--tenant=ODD ?--claims-challenge=ODD OUT
tenants ?--refresh OUT
subscriptions ?--refresh ?--tenant=ODD OUT
cloud list OUT
cloud add ODD --arm-endpoint ADDRESS SCOPE
cloud set ODD ?--portal=ODD ?--arm-endpoint=ADDRESS SCOPE
cloud remove ODD ?--force SCOPE
autosave enable SCOPE
autosave disable ?--keep ?--purge SCOPE
autosave status OUT
use ODD ?--scope=user ?--for=ODD --yes
use --none
use --follow
use -
pin ?--portable ?=ODD
unpin
allow
deny
why
status OUT
env ODD --shell SHELL
doctor ?--repair ?--rotate-key OUT
"""


class Walk:
    """A person who types whatever comes to mind."""

    def __init__(self, azure: Sandbox, home: Home, move: Move, top: Path, seed: int) -> None:
        self._azure, self._home, self._move = azure, home, move
        self._chance = random.Random(seed)  # noqa: S311  a test must be repeatable
        one = next(iter(azure.cloud.population.applications.values()))
        (top / "secret").write_text(one.secrets[0])
        (top / "wrong").write_text("nope")
        self._kinds: dict[str, tuple[str, ...]] = {
            "ODD": ODD,
            "CLIENT": (one.client_id, *ODD),
            "TENANT": (one.tenant, one.tenant, *ODD[:4]),
            "SECRET": (str(top / "secret"), str(top / "wrong"), str(top / "none")),
            "PRINCIPAL": (ADA, one.client_id, "--all", *ODD),
            "FILE": (*(str(top / f"file{n}") for n in range(3)), "/no/x", str(top)),
            "POLICY": ("skip", "rename", "replace", "x"),
            "ADDRESS": (azure.url, "http://127.0.0.1:9", *ODD),
            "SHELL": ("bash", "zsh", "fish", "powershell", *ODD[:3]),
        }
        self._pairs = {
            "SCOPE": ((), (), ("--scope", "process"), ("--scope", "user")),
            "OUT": ((), (), ("-o", "json"), ("-o", "tsv")),
        }
        self.secrets = (one.secrets[0], PASSPHRASE, "eyJ0")

    def words(self) -> list[str]:
        found: list[str] = []
        for part in self._chance.choice(TEMPLATES.strip().splitlines()).split():
            if part == "PASSPHRASE":
                texts = (PASSPHRASE, PASSPHRASE, "another one", "")
                found += self._move.by(self._chance.choice(texts))
            elif part in self._pairs:
                found += self._chance.choice(self._pairs[part])
            elif part.startswith("?"):
                name, _, kind = part[1:].partition("=")
                if self._chance.random() < 0.4:
                    found += [name] * bool(name) + ([self._value(kind)] if kind else [])
            else:
                found.append(self._value(part))
        return found

    def _value(self, kind: str) -> str:
        return self._chance.choice(self._kinds[kind]) if kind in self._kinds else kind

    def step(self) -> None:
        faults = self._azure.cloud.faults
        if self._chance.random() < 0.1:
            kind = self._chance.choice([kind for kind in KINDS if kind not in SLOW])
            faults.add(Fault(kind, times=self._chance.choice((1, 2))))
        elif self._chance.random() < 0.1:
            faults.clear()
        self._home.give_mailbox()
        words = self.words()
        ran = self._home.run(*words)
        self._obey()
        self._look(words, ran)

    def _obey(self) -> None:
        """Do what the mail says, as the shell would."""
        if not self._home.mail.exists():
            return
        _, verb, context_id, _, _, session, *_ = self._home.letter()
        if verb == "choice":
            self._home.setenv("__AZENV_CHOICE", context_id)
        elif verb == "follow":
            self._home.unsetenv("__AZENV_CHOICE")
        if session not in ("", "-"):
            self._home.setenv("AZENV_SESSION", session)

    def _look(self, words: list[str], ran: Ran) -> None:
        assert ran.code in (0, 1, 2, 4, 5), (words, ran)
        is_error = bool(ran.code) and words[0] != "doctor"  # its findings are data
        assert ran.err.count("azenv: error: ") == is_error, (words, ran)
        for secret in self.secrets:
            assert secret not in ran.err, words
            assert secret not in ran.out or words[0] == "token", words
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", ran.err), (words, ran)
        for path in self._home.store.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            assert not path.name.startswith("."), (words, path)  # of an unfinished write


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_walk(azure: Sandbox, empty: Home, move: Move, tmp_path: Path, seed: int) -> None:
    walk = Walk(azure, empty, move, tmp_path, seed)
    for _ in range(STEPS):
        walk.step()
    azure.cloud.faults.clear()
    for name in ("AZENV_SESSION", "__AZENV_CHOICE", "__AZENV_MAIL"):
        empty.unsetenv(name)
    empty.ok("list")
    assert empty.run("doctor").code in (0, 1)
    empty.ok("clear", "--yes", "--scope", "user")
    assert not [path for path in empty.store.iterdir() if path.suffix == ".bin"]
