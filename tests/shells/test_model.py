"""Any sequence of events, in any shell: the environment is what the model says, never a mixture.

Outside every pin and without a choice it equals the start and the user's own changes; inside the
whole delta is there, or `none`. AZENV_EXAMPLES raises the number of traces.
"""

# ruff: noqa: RUF001  curly quotes are data under test

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from azenv.core import delta, variables
from tests.shells.harness import ROWS, SHELLS, Session, World
from tests.shells.model import Decision, ShellModel, StoreModel, Wanted

if TYPE_CHECKING:
    from tests.shells.harness import Shell

MANY = os.environ.get("AZENV_EXAMPLES")
SETTINGS = settings(
    max_examples=int(MANY or 12),
    stateful_step_count=22,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink) if MANY else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)

CONTEXTS = ("dev", "prod", "guest")
PLACES = ("out", "a", "a/in", "a/in/deep", "b", "b/deep")
PINNED = ("a", "a/in", "b")
# One that every context sets, two that it unsets (one a secret), the soft one, one for some.
TOUCHED = (
    *("ARM_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_EXTENSION_DIR"),
    *("AZURE_CONFIG_DIR", "KUBECONFIG", "AZENV_BLOCKED"),
)
VALUES = st.sampled_from(["mine", "", "it's; $(x)", "two\nlines", "x\x1fy", "‘q’"])


class Azenv(RuleBasedStateMachine):
    """The events of a working day, and the model beside the real shell."""

    shell: Shell

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp(prefix="azenv-model-"))
        self.world = World(self.top, ROWS[:4])
        self.world.change("prod", exports=("kube", "sdk"), group="rg")
        self.sh = Session(self.world, self.shell).__enter__()
        for place in PLACES:
            self.world.directory(place)
        self.store = StoreModel({name: self.world.id(name) for name in CONTEXTS})
        self.shells = [ShellModel(self.seen())]
        self.here = "out"
        self.counter = 0
        self.go("out")

    def teardown(self) -> None:
        self.sh.__exit__()
        shutil.rmtree(self.top, ignore_errors=True)

    # the model's side

    @property
    def model(self) -> ShellModel:
        return self.shells[-1]

    def wanted(self) -> Wanted | None:
        choice = self.model.env.get("__AZENV_CHOICE")
        if choice:
            if choice == "none":
                return self.blocked("chosen", "choice")
            if self.is_over():
                return self.blocked("the time is up", "choice")
            return self.context(choice, "choice")
        word, argument = self.store.governing(self.here)
        if word == "context":
            return self.context(argument, "pin")
        return self.blocked(argument, "pin") if word else None

    def is_over(self) -> bool:
        name = self.model.env.get("__AZENV_UNTIL")
        if not name:
            return False
        file = self.world.root / "until" / name
        return not file.exists() or file.stat().st_mtime < time.time()

    def context(self, context_id: str, source: str) -> Wanted:
        if context_id not in self.store.names.values():
            return self.blocked("the context is gone", source)
        text = (self.world.records / "contexts" / context_id).read_text()
        _, _, kinds, values = delta.parse_record(text)
        ours = [self.world.overlay(context_id), source, *values]
        slots: list[tuple[str, str | None]] = []
        for number, (name, kind) in enumerate(zip(variables.NAMES, kinds, strict=True)):
            if kind in "=?":
                slots.append((name, ours[number]))
            elif kind == "-":
                slots.append((name, None))
        return Wanted(context_id, tuple(slots))

    def blocked(self, reason: str, source: str) -> Wanted:
        """Return `none`; a reason is known by its beginning, the rest is the real shell's."""
        # the user may have changed the variable: then what was put there counts
        texts = (self.sh.table().get("AZENV_BLOCKED"), self.model.ours.get("AZENV_BLOCKED"))
        full = next((text for text in texts if text and text.startswith(reason)), reason)
        told = self.world.blocked(full, source)
        return Wanted("none", tuple((name, told.get(name)) for name in variables.NAMES))

    # the real side

    def seen(self) -> dict[str, str]:
        found = self.sh.table()
        return {name: value for name, value in found.items() if name != delta.UNDO}

    def check(self) -> None:
        self.sh.prompt()
        seen = self.seen()
        self.model.follow(self.wanted(), seen)
        assert {k: v for k, v in seen.items() if k[:2] != "__"} == {
            k: v for k, v in self.model.env.items() if k[:2] != "__"
        }
        for name in ("__AZENV_CHOICE", "__AZENV_UNTIL", "__AZENV_PREVIOUS"):
            assert seen.get(name) == self.model.env.get(name), name

    def go(self, place: str) -> None:
        self.here = place
        self.sh.cd(self.world.directory(place))
        self.check()

    # events

    @initialize(a=st.sampled_from(CONTEXTS), b=st.sampled_from(CONTEXTS))
    def start_with_two_pins(self, a: str, b: str) -> None:
        for place, name in (("a", a), ("b", b)):
            self.edit(place, f'context = "{name}"\n')
            self.allow(place)

    @rule(place=st.sampled_from(PLACES))
    def change_directory(self, place: str) -> None:
        self.go(place)

    @rule(place=st.sampled_from(PINNED), name=st.sampled_from([*CONTEXTS, "nobody"]))
    def edit_pin(self, place: str, name: str) -> None:
        self.edit(place, f'context = "{name}"\n')

    def edit(self, place: str, text: str) -> None:
        self.world.write_pin(self.world.directory(place), text)
        self.store.pins[place] = text
        self.check()

    @rule(place=st.sampled_from(PINNED))
    def allow(self, place: str) -> None:
        if place not in self.store.pins:
            return
        content = self.store.pins[place]
        name = content.split('"')[1]
        done = self.world.run("allow", str(self.world.directory(place)))
        assert (done.status == 0) == (name in self.store.names), done.err
        if done.status == 0:
            self.store.trust[place] = Decision("allow", content, self.store.names[name])
        self.check()

    @rule(place=st.sampled_from(PINNED))
    def deny(self, place: str) -> None:
        if place in self.store.pins:
            self.world.ensure("deny", str(self.world.directory(place)))
            self.store.trust[place] = Decision("deny", self.store.pins[place])
        self.check()

    @rule(place=st.sampled_from(PINNED))
    def unpin(self, place: str) -> None:
        if self.store.pins.pop(place, None) is not None:
            self.world.ensure("unpin", cwd=self.world.directory(place))
            self.store.trust.pop(place, None)
        self.check()

    @rule(name=st.sampled_from(TOUCHED), value=VALUES)
    def set_variable(self, name: str, value: str) -> None:
        if name not in self.model.read_only:
            self.sh.export(name, value)
            self.model.put(name, value)
            self.check()

    @rule(name=st.sampled_from(TOUCHED))
    def unset_variable(self, name: str) -> None:
        if name not in self.model.read_only:
            self.sh.unset(name)
            self.model.put(name, None)
            self.check()

    @precondition(lambda self: self.sh.current.is_posix)
    @rule(name=st.sampled_from(["ARM_TENANT_ID", "AZURE_CLIENT_ID"]), likely=st.integers(0, 3))
    def make_read_only(self, name: str, likely: int) -> None:
        if likely == 0:
            self.sh.do(f"readonly {name}")
            self.model.read_only.add(name)
            self.check()

    @rule(name=st.sampled_from(CONTEXTS), boxed=st.booleans())
    def use(self, name: str, boxed: bool) -> None:  # noqa: FBT001  hypothesis hands it by name
        if name not in self.store.names:
            return
        words = ["--for", "1h"] if boxed else []
        self.choose(self.store.names[name], "use", name, "--yes", *words)

    @rule()
    def use_none(self) -> None:
        self.choose("none", "use", "--none")

    def choose(self, choice: str, *words: str) -> None:
        now = self.model.env.get("__AZENV_CHOICE") or "follow"
        previous = now if now != choice else self.model.env.get("__AZENV_PREVIOUS", "follow")
        done = self.sh.azenv(*words)
        assert done.status == 0, done.err
        self.model.put("__AZENV_CHOICE", choice)
        self.model.put("__AZENV_PREVIOUS", previous)
        self.model.put("__AZENV_UNTIL", self.seen().get("__AZENV_UNTIL"))
        self.model.is_asked = True
        assert ("__AZENV_UNTIL" in self.model.env) == ("--for" in words)
        self.check()

    @rule()
    def follow(self) -> None:
        env = self.model.env
        previous = env.get("__AZENV_CHOICE") or env.get("__AZENV_PREVIOUS")
        assert self.sh.azenv("use", "--follow").status == 0
        self.model.put("__AZENV_CHOICE", None)
        self.model.put("__AZENV_UNTIL", None)
        self.model.put("__AZENV_PREVIOUS", previous)
        self.model.is_asked = True
        self.check()

    @precondition(lambda self: "__AZENV_UNTIL" in self.model.env)
    @rule()
    def let_the_time_pass(self) -> None:
        file = self.world.root / "until" / self.model.env["__AZENV_UNTIL"]
        os.utime(file, (time.time() - 5,) * 2)
        self.check()

    @rule(name=st.sampled_from(CONTEXTS))
    def rename(self, name: str) -> None:
        """Rename away and, the next time, back."""
        self.counter += 1
        new = f"{name} {self.counter}"
        if name in self.store.names:
            self.world.ensure("rename", name, new)
            self.store.names[new] = self.store.names.pop(name)
        else:
            old = next((n for n in self.store.names if n.startswith(f"{name} ")), None)
            if old:
                self.world.ensure("rename", old, name)
                self.store.names[name] = self.store.names.pop(old)
        self.store.protected &= self.store.names.keys()
        for known in self.store.names:
            if self.world.context(known).protected:
                self.store.protected.add(known)
        self.check()

    @rule(name=st.sampled_from(CONTEXTS), likely=st.integers(0, 2))
    def remove(self, name: str, likely: int) -> None:
        if likely == 0 and name in self.store.names and len(self.store.names) > 1:
            self.world.ensure("remove", name, "--force")
            del self.store.names[name]
            self.store.protected.discard(name)
            self.check()

    @rule(name=st.sampled_from(CONTEXTS))
    def protect(self, name: str) -> None:
        if name in self.store.names:
            self.world.change(name, protected=name not in self.store.protected)
            self.store.protected ^= {name}
            self.check()

    @precondition(lambda self: len(self.shells) < 3)
    @rule(kind=st.sampled_from(["bash", "zsh", "fish", "same"]))
    def start_a_shell_in_the_shell(self, kind: str) -> None:
        model = self.model
        if model.active and any(model.env.get(n) != v for n, v in model.ours.items()):
            return  # a new shell puts the whole delta in force again
        self.sh.nest(self.sh.current if kind == "same" else SHELLS[kind])
        self.shells.append(model.child())
        self.check()

    @precondition(lambda self: len(self.shells) > 1)
    @rule()
    def leave_the_inner_shell(self) -> None:
        self.sh.leave()
        self.shells.pop()
        self.go(self.here)


@pytest.mark.timeout(3600 if MANY else 120)
def test_any_day(shell: Shell) -> None:
    machine = type("Azenv", (Azenv,), {"shell": shell})
    run_state_machine_as_test(machine, settings=SETTINGS)
