"""Bring an existing overlay in step: learn what az did there, put back what it may not change."""

from __future__ import annotations

import os
import time

from azenv.core.errors import DamagedError
from azenv.interop import azcaches, azrows, foreign, layout
from azenv.interop.azlock import az_locked
from azenv.interop.aztokens import Directory
from azenv.interop.building import Report
from azenv.interop.stamp import Stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row
    from azenv.interop.aztokens import Tokens
    from azenv.interop.building import Means

SIGNED_OUT = ".signed-out"
_ATTEMPTS = 5
_PAUSE_S = 0.02


class Renewal:
    """One look at an overlay, and what follows from it."""

    def __init__(self, overlay: str, means: Means) -> None:
        self.report = Report()
        self.report.messages += means.damage
        self.taught: set[str] = set()
        self._overlay = overlay
        self._identity = means.identity
        self._means = means
        self._path = azrows.path(overlay)
        self._marker = os.path.join(overlay, SIGNED_OUT)
        self._seen = _signature(self._path)
        self._profile = _read_profile(self._path)
        self._stamp = Stamp.read(overlay)
        self._is_touched = self._seen[0] > self._stamp.time_ns
        self._here, was_broken = _tokens_in(overlay)
        if was_broken:  # what is missing now, nobody signed out
            self._stamp.is_seeded = False
        self._own = self._identity.tokens_in(self._here) if self._identity else None
        self._best: Tokens | None = None
        self._is_leaving = False

    def run(self, stamp_ns: int) -> bool:
        """Do it all; False where az changed the profile meanwhile: look again.

        `stamp_ns` is the time that the profile and the stamp get.
        """
        before: list[Row] | None = self._profile.get("subscriptions")
        found = before or []
        self._learn()
        means = self._means
        if self._identity:
            self._best = self._identity.best(means.tokens, means.learnt, means.stored)
        self.report.newcomers = self._identity.news(found) if self._identity else found
        if self.report.newcomers:
            self.report.home_ids = azcaches.home_ids_in(self._here.cache, self._means.base)
        rows = self._wanted(found, is_emptied=before == [])
        if not self._is_touched and rows == before:
            stamp_ns = max(stamp_ns, self._seen[0])
        elif not self._write_profile(rows, stamp_ns):
            return False
        if self._identity and means.seed:
            layout.renew_clouds(self._overlay, means.base, means.seed, self._identity.chosen)
        gone = [row["user"]["name"] for row in found if not self._is_ours(row)]
        if self._is_leaving and self._identity:
            gone.append(self._identity.username)  # az gets no further when it is offline
        self._settle(gone)
        is_seeded = bool(self._identity and self._identity.tokens_in(_tokens_in(self._overlay)[0]))
        Stamp.of(self._identity, is_seeded=is_seeded).write(self._overlay, stamp_ns)
        return True

    def _is_ours(self, row: Row) -> bool:
        return self._identity is not None and self._identity.is_same_account(row)

    def _wanted(self, found: list[Row], *, is_emptied: bool) -> list[Row]:
        """Return the rows that the profile shall have, and say what was put back."""
        if self._identity is None:
            if found:
                self.report.messages.append(
                    "nothing may be reached here, so what az signed in to was put away; "
                    "to work with it: azenv use"
                )
            return []
        if self._is_signed_out(found, is_emptied=is_emptied):
            self.report.signed_out = True
            return [row for row in found if self._identity.is_own(row)]
        default = next((row for row in found if row.get("isDefault") is True), None)
        if (
            self._is_touched
            and default
            and default["id"].casefold() != self._identity.chosen.casefold()
        ):
            command = "azenv set --subscription" if self._is_ours(default) else "azenv use"
            self.report.messages.append(
                "this context decides the subscription, so az's default was put back; "
                f"to change it: {command} {_quoted(default)}"
            )
        return self._identity.rows(found)

    def _write_profile(self, rows: list[Row], stamp_ns: int) -> bool:
        profile = {**self._profile, "subscriptions": rows}
        if not azrows.is_text(profile.get("installationId")):
            profile["installationId"] = layout.installation_id(self._overlay)
        data = azrows.dump(profile)
        if _signature(self._path) != self._seen:
            return False
        layout.replace(self._path, data, stamp_ns)
        return True

    def _is_signed_out(self, found: list[Row], *, is_emptied: bool) -> bool:
        """Tell whether az signed this account out here, as `az logout` and `account clear` do.

        It then stays so, until it signs in here again or newer tokens turn up elsewhere.
        """
        identity = self._identity
        assert identity  # noqa: S101  the blocked overlay has nobody to sign out
        since_ns = foreign.modified_ns(self._marker)
        if since_ns:
            is_back = any(map(identity.is_own, found)) and (self._own or not identity.has_tokens)
            is_newer = self._best is not None and self._best.time > since_ns / 1e9
            if not is_back and not is_newer:
                return True
            os.unlink(self._marker)
            return False
        is_token_gone = self._stamp.is_seeded and self._own is None
        if not is_token_gone and not (self._is_touched and is_emptied):
            return False
        since_ns = self._seen[0] if self._is_touched else time.time_ns()
        layout.replace(self._marker, b"", since_ns)
        self._is_leaving = True
        from azenv.core.names import display

        self.report.messages.append(
            f"{display(identity.username)} is signed out in this context only; "
            f"to sign in again here: {identity.sign_in_command()}"
        )
        return True

    def _learn(self) -> None:
        """Note what an `az login` here brought, and keep it where the base does not hold it."""
        identity, means = self._identity, self._means
        if identity and not identity.may_have_tokens:
            return
        known = means.stored.tokens(identity) if identity and means.stored else None
        for tokens in self._here.every():
            of_store = known if known and tokens.key == known.key else None
            of_base = means.tokens.like(tokens) if means.tokens else None
            sources = (of_store, of_base, means.learnt.like(tokens))
            if identity and identity.is_apart:
                sources = (of_store, None, None)
            if not all(map(tokens.is_newer_than, sources)):
                continue
            if identity and identity.is_private:
                # an account of the user's that az has renewed here is none of the session's
                if identity.is_apart or not any(sources):
                    self.report.taught.append(tokens)
                continue
            means.learnt.save(tokens)
            self.taught |= {tokens.username.casefold(), tokens.key}
            (self.report.renewed if of_base else self.report.taught).append(tokens)

    def _settle(self, gone: list[str]) -> None:
        """Leave nothing of those who are gone, and this identity's newest; under az's own lock."""
        tokens = os.path.join(self._overlay, azcaches.TOKENS_FILE)
        principals = os.path.join(self._overlay, azcaches.PRINCIPALS_FILE)
        seed = self._best if self._best and self._is_seed_wanted(self._best) else None
        if not gone and not seed:
            return
        with az_locked(tokens):
            cache = azcaches.read_tokens(self._overlay)
            settled = azcaches.merged(cache, seed.cache) if seed else cache
            for name in gone:
                settled = azcaches.without(settled, name)
            if settled != cache:
                layout.replace(tokens, azcaches.dump_tokens(settled))
        with az_locked(principals):
            entries = azcaches.read_principals(self._overlay)
            kept = [entry for entry in entries if entry["client_id"] not in gone]
            if seed and seed.principal:
                kept = [seed.principal]
            if kept != entries:
                layout.replace(principals, azcaches.dump_principals(kept))

    def _is_seed_wanted(self, best: Tokens) -> bool:
        if self._identity is None or not self._identity.wants_tokens or self.report.signed_out:
            return False
        return best.is_newer_than(self._own)


def _signature(path: str) -> tuple[int, int, int]:
    """Return (time in nanoseconds, size, inode): equal for a file that nobody wrote meanwhile."""
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _read_profile(path: str) -> Row:
    """Return the profile; an empty one where az left a half or an emptied file."""
    for attempt in range(_ATTEMPTS):
        try:
            data = foreign.read(path)
            return azrows.parse(data, path) if data is not None else {}
        except DamagedError:
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE_S)
    return {}


def _tokens_in(overlay: str) -> tuple[Directory, bool]:
    """Return the overlay's tokens; a cache that stays broken under az's lock is removed (True).

    The overlay itself stays in its place: an az may be at work in there.
    """
    try:
        return Directory(overlay), False
    except DamagedError:
        pass
    was_broken = False
    readers = {
        azcaches.TOKENS_FILE: azcaches.read_tokens,
        azcaches.PRINCIPALS_FILE: azcaches.read_principals,
    }
    for name, read in readers.items():
        path = os.path.join(overlay, name)
        with az_locked(path):
            try:
                read(overlay)
            except DamagedError:
                os.unlink(path)
                was_broken = True
    return Directory(overlay), was_broken


def _quoted(row: Row) -> str:
    """Return what names a row on a command line: its name where that is harmless, else its id."""
    from azenv.core.names import display

    for text in (row["name"], row["id"]):
        if display(text) == text:
            return f'"{text}"'
    return "SUBSCRIPTION"
