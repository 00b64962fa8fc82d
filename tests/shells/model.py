"""What azenv promises of a shell's environment, in a few lines: the model of the state machine.

It knows nothing of records by position, undo texts or fast paths. A shell is its environment, and
what azenv changed of it: for each name our value, and what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from azenv.core import variables

CHANGED = "changed since you allowed it; review it, then: azenv allow"
NOT_TRUSTED = "not trusted; review it, then: azenv allow"

Slots = dict[str, str | None]


@dataclass(frozen=True)
class Wanted:
    """A context that should be in force: `slots` by name, None to unset."""

    id: str
    slots: tuple[tuple[str, str | None], ...]


@dataclass
class ShellModel:
    """One shell: its exported variables, and the change that is in force."""

    env: dict[str, str]
    active: Wanted | None = None
    ours: Slots = field(default_factory=dict)
    before: Slots = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)
    is_asked: bool = False  # the user asked for it by name: put in force whole, even a second time

    def child(self) -> ShellModel:
        """Return a shell started in this one: secrets and what cannot be framed are not owed."""
        before = {
            name: None if name in variables.SECRET or "\x1f" in (old or "") else old
            for name, old in self.before.items()
        }
        return ShellModel(dict(self.env), self.active, dict(self.ours), before)

    def follow(self, wanted: Wanted | None, seen: dict[str, str]) -> None:
        """Come to a prompt where `wanted` should be in force.

        A read-only name that would change stops all of it. One that the context governs, but
        whose value happens to stay, may stop it as well: `seen` then tells.
        """
        is_asked, self.is_asked = self.is_asked, False
        if wanted == self.active and not is_asked:
            return
        after = ShellModel(dict(self.env), self.active, dict(self.ours), dict(self.before))
        after._leave()
        if wanted:
            after._enter(wanted)
        governed = {name for name, _ in wanted.slots} if wanted else set()
        held = (governed | self.ours.keys()) & self.read_only
        if any(after.env.get(name) != self.env.get(name) for name in held):
            return
        if held and {k: v for k, v in seen.items() if k[:2] != "__"} == {
            k: v for k, v in self.env.items() if k[:2] != "__"
        }:
            return
        self.env, self.active = after.env, after.active
        self.ours, self.before = after.ours, after.before

    def _leave(self) -> None:
        for name, value in self.ours.items():
            if self.env.get(name) == value:  # else the user changed it: it stays
                self.put(name, self.before[name])
        self.active, self.ours, self.before = None, {}, {}

    def _enter(self, wanted: Wanted) -> None:
        self.active = wanted
        for name, value in wanted.slots:
            if name == variables.SOFT and value is not None and name in self.env:
                continue
            self.ours[name] = value
            self.before[name] = self.env.get(name)
            self.put(name, value)

    def put(self, name: str, value: str | None) -> None:
        if value is None:
            self.env.pop(name, None)
        else:
            self.env[name] = value


@dataclass
class Decision:
    """What the user decided about one content of a pin."""

    verdict: str
    content: str
    context_id: str = ""


@dataclass
class StoreModel:
    """What every shell shares: names and pins by directory, the outermost first."""

    names: dict[str, str]  # name -> id
    protected: set[str] = field(default_factory=set)
    pins: dict[str, str] = field(default_factory=dict)  # directory -> content
    trust: dict[str, Decision] = field(default_factory=dict)

    def verdict(self, directory: str) -> tuple[str, str]:
        """Return ("context", id), ("blocked", how its reason begins) or ("denied", "")."""
        content = self.pins[directory]
        decided = self.trust.get(directory)
        if decided is None or decided.content != content:
            was_allowed = decided is not None and decided.verdict == "allow"
            return "blocked", CHANGED if was_allowed else NOT_TRUSTED
        if decided.verdict == "deny":
            return "denied", ""
        name = content.partition('"')[2].partition('"')[0]
        if name not in self.names:
            return "blocked", "the context is gone"
        if self.names[name] != decided.context_id:
            return "blocked", "not trusted: it now means another context"
        if name in self.protected:
            return "blocked", "this directory wants"
        return "context", self.names[name]

    def governing(self, directory: str) -> tuple[str, str]:
        """Return the answer of the nearest pin at or above; ("", "") where none counts."""
        while directory:
            if directory in self.pins:
                answer = self.verdict(directory)
                if answer[0] != "denied":
                    return answer
            directory = directory.rpartition("/")[0]
        return "", ""
