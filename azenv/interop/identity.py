"""Whose overlay it is: which rows are his, which tokens, which of them are the best."""

from __future__ import annotations

from azenv.core.errors import AzenvError
from azenv.interop import azclouds, azrows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azenv.interop.azrows import Row
    from azenv.interop.aztokens import Directory, Learnt, Tokens
    from azenv.interop.stored import Stored


class Identity:
    """One context's account in one tenant, as its seed says, with all rows known of it."""

    def __init__(self, seed: Row, rows: list[Row], base: str) -> None:
        self.cloud: str = seed["cloud"]
        self.kind: str = seed["kind"]
        self.username: str = seed["username"]
        self.home_id: str = seed["home_id"]
        self.tenant: str = seed["tenant"]
        # az files a tenant without a subscription as a row whose id is the tenant's
        self.chosen: str = seed["subscription"] or seed["tenant"]
        self.may_have_tokens: bool = seed["tokens"]
        # a session's own context: what az does there stays in that session
        self.is_private: bool = seed.get("private") is True
        # and where the session has signed the account in, its tokens come from nowhere else
        self.is_apart: bool = seed.get("apart") is True
        self._is_locked: bool = seed["locked"]
        self._also: list[str] = seed["also"]
        self._known = rows
        options = seed.get("endpoints")
        if not options and self.cloud not in azclouds.BUILT_IN:
            options = azclouds.custom(base).get(self.cloud)
        self._hosts = azclouds.hosts(self.cloud, options)

    @property
    def is_cloud_shell(self) -> bool:
        """Tell whether Azure Cloud Shell itself hands out the tokens."""
        return self.home_id.startswith("cloudShell:")

    @property
    def has_tokens(self) -> bool:
        """Tell whether az keeps tokens or a secret for this kind of account."""
        return self.kind != "managedIdentity" and not self.is_cloud_shell

    @property
    def wants_tokens(self) -> bool:
        """Tell whether azenv is to give az this account's tokens."""
        return self.has_tokens and self.may_have_tokens

    def _account(self) -> tuple[str, str, str]:
        if self.is_cloud_shell:
            kind, name = "cloudshell", self.username
        elif self.kind == "user":
            kind, name = "user", self.username
        else:
            kind = "serviceprincipal"
            name = self.home_id if self.kind == "managedIdentity" else self.username
        return (self.cloud.casefold(), kind, name.casefold())

    def is_same_account(self, row: Row) -> bool:
        """Tell whether a row belongs to this account, in whatever tenant."""
        return azrows.account(row) == self._account()

    def is_own(self, row: Row) -> bool:
        """Tell whether a row belongs to this account in this tenant."""
        return self.is_same_account(row) and row["tenantId"].casefold() == self.tenant.casefold()

    def rows(self, found: list[Row]) -> list[Row]:
        """Return the profile's rows: the known ones, az's newer words for them, newcomers.

        Exactly one is the default. Raises AzenvError where nobody knows the context's own.
        """
        mine = {row["id"].casefold(): row for row in self._known}
        mine |= {row["id"].casefold(): row for row in found if self.is_own(row)}
        chosen = self.chosen.casefold()
        if chosen not in mine:
            if chosen != self.tenant.casefold():
                raise AzenvError(
                    f"azenv has lost the subscription {self.chosen!a} of this context",
                    hint="azenv import az",
                )
            mine[chosen] = azrows.tenant_level(self.cloud, self.tenant, self._user())
        shown = {chosen, *(item.casefold() for item in self._also)} if self._is_locked else mine
        return [{**row, "isDefault": key == chosen} for key, row in mine.items() if key in shown]

    def _user(self) -> Row:
        known = next((row["user"] for row in self._known), None)
        if known:
            return dict(known)
        user: Row = {
            "name": self.username,
            "type": "user" if self.kind == "user" else "servicePrincipal",
        }
        if self.kind == "managedIdentity":
            user["assignedIdentityInfo"] = self.home_id
        return user

    def news(self, found: list[Row]) -> list[Row]:
        """Return the rows that azenv does not know yet, or knows by another name or state."""
        known = {azrows.key(row): row for row in self._known}
        return [row for row in found if _is_news(row, known.get(azrows.key(row)))]

    def tokens_in(self, directory: Directory) -> Tokens | None:
        """Return this account's tokens in one of az's directories."""
        if not self.has_tokens:
            return None
        if self.kind == "user":
            return directory.user(self.home_id, self.username, self.tenant, self._hosts)
        return directory.service(self.username, self.tenant)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts under which this account's tokens are filed."""
        return self._hosts

    def best(
        self, base: Directory | None, learnt: Learnt, stored: Stored | None = None
    ) -> Tokens | None:
        """Return this account's newest tokens; None where there are none to be had.

        `stored` is what azenv itself has of the account, which a sign-out removes; what az has of
        before that is over.
        """
        if not self.has_tokens:
            return None
        if self.is_apart:
            return stored.tokens(self) if stored else None
        ours = self.tokens_in(base) if base else None
        if self.kind == "user":
            home_id = self.home_id or (ours.home_id if ours else "")
            theirs = learnt.user(home_id, self.username, self._hosts)
        else:
            theirs = learnt.service(self.username, self.tenant)
        found = [item for item in (ours, theirs) if item]
        if stored:
            found = [item for item in found if not stored.is_over(item)]
            found += filter(None, [stored.tokens(self)])
        return max(found, key=lambda item: item.time, default=None)

    def sign_in_command(self) -> str:
        """Return what to type in the context to sign in there, in display form."""
        from azenv.core.names import display

        tenant = display(self.tenant)
        if self.kind == "user":
            return f"az login --tenant {tenant}"
        return f"az login --service-principal --username {display(self.username)} --tenant {tenant}"


def _is_news(row: Row, known: Row | None) -> bool:
    return known is None or any(row.get(key) != known.get(key) for key in ("name", "state"))
