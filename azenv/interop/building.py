"""Build a new overlay: whole, in a private place, then renamed to where shells look."""

from __future__ import annotations

import os

from azenv.core.errors import DamagedError
from azenv.interop import azcaches, azclouds, azrows, layout
from azenv.interop.aztokens import Directory, Learnt
from azenv.interop.identity import Identity
from azenv.interop.stamp import Stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row
    from azenv.interop.aztokens import Tokens
    from azenv.interop.stored import Stored


class Report:
    """What a refresh did: lines for the user, safe to print, and rows for the store.

    `home_ids` says whose the newcomers are, for `azprofile.targets`. `taught` are tokens that are
    new here: of an `az login` that was made here; `renewed` those that az has in the base, too.
    """

    __slots__ = ("built", "home_ids", "messages", "newcomers", "renewed", "signed_out", "taught")

    def __init__(self) -> None:
        self.built = False
        self.signed_out = False
        self.messages: list[str] = []
        self.newcomers: list[Row] = []
        self.taught: list[Tokens] = []
        self.renewed: list[Tokens] = []
        self.home_ids: dict[tuple[str, ...], str] = {}


class Means:
    """What an overlay is made of: whose it is, the base, and where his tokens may come from.

    `identity` is None for the blocked overlay, `tokens` where az encrypts the base's tokens, or
    they do not parse (`damage` says so).
    """

    __slots__ = ("base", "damage", "identity", "is_encrypted", "learnt", "seed", "stored", "tokens")

    def __init__(
        self, root: str, base: str, seed: Row | None, rows: list[Row], stored: Stored | None = None
    ) -> None:
        self.base = base
        self.seed = seed
        self.identity = Identity(seed, rows, base) if seed else None
        self.learnt = Learnt(root)
        self.stored = stored
        self.damage: list[str] = []
        self.is_encrypted = azclouds.encrypts_tokens(base)
        self.tokens: Directory | None = None
        if not self.is_encrypted:
            try:
                self.tokens = Directory(base)
            except DamagedError as error:
                self.damage.append(error.message)


def build(room: str, means: Means, stamp_ns: int) -> Report:
    """Make `<room>/.azure`; the caller holds the room's lock."""
    identity = means.identity
    new = os.path.join(room, f"{layout.UNFINISHED}{os.getpid()}")
    os.mkdir(new, 0o700)
    layout.furnish(new, means.base, means.seed, identity.chosen if identity else "")
    rows = identity.rows([]) if identity else []
    profile = {"installationId": layout.installation_id(means.base), "subscriptions": rows}
    layout.replace(azrows.path(new), azrows.dump(profile), stamp_ns)
    best = None
    if identity and identity.wants_tokens:
        best = identity.best(means.tokens, means.learnt, means.stored)
    if best and best.cache:
        layout.write_new(os.path.join(new, azcaches.TOKENS_FILE), azcaches.dump_tokens(best.cache))
    if best and best.principal:
        file = os.path.join(new, azcaches.PRINCIPALS_FILE)
        layout.write_new(file, azcaches.dump_principals([best.principal]))
    Stamp.of(identity, is_seeded=best is not None).write(new, stamp_ns)
    layout.move(new, os.path.join(room, ".azure"))
    report = Report()
    report.built = True
    report.messages += means.damage
    if identity and identity.wants_tokens and best is None:
        report.messages.append(_no_tokens(identity, is_encrypted=means.is_encrypted))
    return report


def _no_tokens(identity: Identity, *, is_encrypted: bool) -> str:
    from azenv.core.names import display

    why = "az keeps its tokens encrypted, so none" if is_encrypted else "az holds no tokens"
    link = " of them can serve " if is_encrypted else " of "
    return (
        f"{why}{link}{display(identity.username)} here; "
        f"to sign in once in this context: {identity.sign_in_command()}"
    )
