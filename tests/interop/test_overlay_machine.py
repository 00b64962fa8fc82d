"""Whatever az does in an overlay, in whatever order: after a refresh the promises hold."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from azenv.interop import overlay
from tests.interop import fabricated
from tests.interop.fabricated import ALICE, ALICE_ROWS, BANK, BOB, BOB_ROWS, DEV, PROD, Row

if TYPE_CHECKING:
    from azenv.interop.overlay import Report


class Overlay(RuleBasedStateMachine):
    """az at work in one overlay and in the base; a prompt after every command.

    `clock` runs ten seconds ahead at each command: tokens and sign-outs are compared by time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.clock = int(time.time())
        self.is_out = False
        self.refreshed: Report | None = None

    @initialize(locked=st.booleans(), is_none=st.booleans())
    def start(self, *, locked: bool, is_none: bool) -> None:
        self.base = fabricated.make_base(self.home / ".azure")
        (self.home / "run").mkdir(mode=0o700)
        self.seed = None if is_none else fabricated.seed(locked=locked)
        self.context = "none" if is_none else "dev"
        self.base_bytes = self.read_base()
        self.refresh()

    def read_base(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.base.iterdir() if path.is_file()}

    @property
    def there(self) -> Path:
        return Path(overlay.directory(str(self.home / "run"), self.context))

    def refresh(self) -> None:
        self.refreshed = overlay.refresh(
            str(self.home / "run"),
            self.context,
            base=str(self.base),
            seed=self.seed,
            rows=ALICE_ROWS if self.seed else [],
        )

    def prompt(self) -> None:
        """Refresh if a shell would: by the times that it compares."""
        stamp = (self.there / ".stamp").stat().st_mtime_ns
        caches = (self.there / "azureProfile.json", self.base / "msal_token_cache.json")
        if any(path.stat().st_mtime_ns > stamp for path in caches):
            self.refresh()

    def write(self, rows: list[Row], default: str = "") -> None:
        self.clock += 10
        fabricated.write_profile(self.there, [dict(row) for row in rows], default)
        os.utime(self.there / "azureProfile.json", (self.clock, self.clock))
        self.prompt()

    def tokens(self) -> Row:
        file = self.there / "msal_token_cache.json"
        return fabricated.read_tokens(self.there) if file.exists() else {}

    @rule(default=st.sampled_from([DEV, PROD, ""]))
    def account_set(self, default: str) -> None:
        self.write(fabricated.read_profile(self.there), default)

    @rule(users=st.sampled_from([(ALICE,), (BOB,), (ALICE, BOB)]))
    def login(self, users: tuple[str, ...]) -> None:
        self.clock += 10
        brought = fabricated.tokens(*users, written=self.clock)
        mine = self.tokens()
        merged = {kind: {**mine.get(kind, {}), **new} for kind, new in brought.items()}
        fabricated.write_tokens(self.there, merged)
        rows = [*(ALICE_ROWS if ALICE in users else []), *(BOB_ROWS if BOB in users else [])]
        kept = {row["id"]: row for row in [*fabricated.read_profile(self.there), *rows]}
        if ALICE in users:
            self.is_out = False
        self.write(list(kept.values()), rows[-1]["id"])
        assert self.refreshed is not None
        assert BOB not in users or BANK in {row["id"] for row in self.refreshed.newcomers}

    @rule()
    def clear(self) -> None:
        (self.there / "msal_token_cache.json").unlink(missing_ok=True)
        self.is_out = self.seed is not None
        self.write([])

    @rule(text=st.sampled_from(["", "\ufeff{}", '{"subscriptions": [']))
    def tear(self, text: str) -> None:
        (self.there / "azureProfile.json").write_text(text)
        self.prompt()

    @rule()
    def sign_in_the_base_again(self) -> None:
        self.clock += 10
        fabricated.write_tokens(self.base, fabricated.tokens(ALICE, written=self.clock))
        self.base_bytes = self.read_base()
        self.is_out = False
        self.prompt()

    @rule()
    def reboot(self) -> None:
        shutil.rmtree(self.home / "run" / "az")
        self.is_out = False
        self.refresh()

    @invariant()
    def promises_hold(self) -> None:
        rows = fabricated.read_profile(self.there)
        assert {row["user"]["name"] for row in rows} <= ({ALICE} if self.seed else set())
        tokens = self.tokens()
        users = {entry["username"] for entry in tokens.get("Account", {}).values()}
        if self.seed is None or self.is_out:
            assert (rows, users) == ([], set())
        else:
            assert [row["id"] for row in rows if row["isDefault"]] == [DEV]
            assert len(rows) == (1 if self.seed["locked"] else 2)
            assert users == {ALICE}
        assert self.read_base() == self.base_bytes
        stamp = (self.there / ".stamp").stat().st_mtime_ns
        assert (self.there / "azureProfile.json").stat().st_mtime_ns <= stamp
        self.refresh()
        assert self.refreshed is not None
        assert self.refreshed.messages == []
        assert not list(self.there.glob(".new.*"))

    def teardown(self) -> None:
        shutil.rmtree(self.home)


Overlay.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestOverlay = Overlay.TestCase
