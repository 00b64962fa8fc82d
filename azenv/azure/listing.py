"""Tenants and subscriptions of one account, over all its tenants at once.

What one tenant refuses never costs the others: a refusal that a person can settle is `pending`,
anything else a warning, and what came before it stays.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

from azenv.azure.arm import Arm
from azenv.azure.transport import THREADS
from azenv.core.errors import AzenvError, SignInNeededError
from azenv.core.model import Pending, Target, Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from azenv.azure.arm import GetToken
    from azenv.azure.endpoints import Endpoints
    from azenv.azure.transport import Transport
    from azenv.core.model import Account, Subscription

    # how many tenants are done, of how many
    Progress = Callable[[int, int], None]

# The tenant of every personal account; it has no ARM, so any of the account's own must do.
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
_MOST_NAMED = 5


@dataclass(slots=True)
class Listing:
    """What an account can see. Everything is sorted by tenant, then by subscription.

    `targets` has each subscription once, through its home tenant where the account is in it;
    `delegated` has the other ways to it. `complete` are the ids of the tenants whose every
    subscription is here.
    """

    cloud: str
    account: Account
    tenants: list[Tenant] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    delegated: list[Target] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Heard:
    """What one tenant said: subscriptions, and what stopped it."""

    tenant: Tenant
    subscriptions: list[Subscription] = field(default_factory=list)
    error: Exception | None = None


def list_all(  # noqa: PLR0913  each is a fact of its own
    cloud: Endpoints,
    account: Account,
    get_token: GetToken,
    transport: Transport,
    *,
    tenant: str = "",
    known: Iterable[Tenant] = (),
    progress: Progress | None = None,
) -> Listing:
    """Return the tenants and subscriptions of `account`, or of its `tenant` (an id) alone.

    `known` tenants are asked where the list of tenants cannot be had. Raises AzenvError where
    not even those are there; whatever is no AzenvError goes through.
    """
    arm = Arm(cloud, transport, get_token)
    listing = Listing(cloud.name, account)
    listing.tenants = _tenants(arm, listing, tenant, known)
    heard = []
    for number, one in enumerate(_all_at_once(arm, listing.tenants), start=1):
        heard.append(one)
        if progress:
            progress(number, len(listing.tenants))
    _sort_out(listing, heard)
    if clock := transport.clock_trouble():
        listing.warnings.append(f"{clock}: sign-ins and tokens may fail")
    return listing


def _tenants(arm: Arm, listing: Listing, wanted: str, known: Iterable[Tenant]) -> list[Tenant]:
    home = listing.account.home_tenant
    asked = wanted or ("organizations" if home in ("", _PERSONAL) else home)
    found: dict[str, Tenant] = {}
    try:
        for one in arm.tenants(asked):
            found.setdefault(one.id, one)
    except AzenvError as error:
        found = {one.id.lower(): one for one in known} | found
        if not found and not wanted:
            raise
        here = found.get(asked, Tenant(asked))
        if wanted:
            found[wanted] = here  # asked again below, where it says for itself what is wrong
        else:
            listing.warnings.append(f"the list of tenants is not complete: {error.message}")
    if wanted:
        found = {wanted: found.get(wanted, Tenant(wanted))}
    return sorted(found.values(), key=_place)


def _place(tenant: Tenant) -> tuple[str, str]:
    return (tenant.name or tenant.domain or tenant.id).casefold(), tenant.id


def _all_at_once(arm: Arm, tenants: Sequence[Tenant]) -> Iterator[_Heard]:
    """Yield what each tenant says, as it comes. The threads do not outlive an interrupt."""
    waiting: SimpleQueue[Tenant | None] = SimpleQueue()
    answers: SimpleQueue[_Heard] = SimpleQueue()
    count = min(THREADS, len(tenants))
    for one in (*tenants, *(None,) * count):
        waiting.put(one)

    def work() -> None:
        while (tenant := waiting.get()) is not None:
            answers.put(_ask(arm, tenant))

    for _ in range(count):
        threading.Thread(target=work, name="listing", daemon=True).start()
    for _ in tenants:
        heard = answers.get()
        if heard.error and not isinstance(heard.error, AzenvError):
            raise heard.error
        yield heard


def _ask(arm: Arm, tenant: Tenant) -> _Heard:
    heard = _Heard(tenant)
    try:
        for one in arm.subscriptions(tenant.id):
            heard.subscriptions.append(one)
    except Exception as error:  # noqa: BLE001  the thread's end; the caller raises what is a bug
        heard.error = error
    return heard


def _sort_out(listing: Listing, heard: list[_Heard]) -> None:
    heard.sort(key=lambda one: _place(one.tenant))
    refusals: dict[str, list[str]] = {}
    for one in heard:
        if one.error is None:
            listing.complete.add(one.tenant.id)
        elif isinstance(one.error, SignInNeededError):
            listing.pending.append(_pending(listing, one.tenant, one.error))
        elif isinstance(one.error, AzenvError):
            name = one.tenant.domain or one.tenant.id
            refusals.setdefault(one.error.message, []).append(name)
    for message, names in refusals.items():
        listing.warnings.append(f"{_enumerated(names)} not listed to the end: {message}")
    _choose_ways(listing, heard)


def _pending(listing: Listing, tenant: Tenant, error: SignInNeededError) -> Pending:
    asked = getattr(error, "claims", "")
    # the token's own error knows the tenant by its id
    reason = error.message.replace(tenant.id, tenant.domain or tenant.id)
    return Pending(listing.cloud, listing.account, tenant, reason, str(asked))


def _enumerated(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more} {'is' if len(names) == 1 else 'are'}"


def _choose_ways(listing: Listing, heard: list[_Heard]) -> None:
    """Put each subscription's best way into `targets`, the others into `delegated`."""
    ways: dict[str, list[Target]] = {}
    for one in heard:
        for subscription in sorted(one.subscriptions, key=lambda s: (s.name.casefold(), s.id)):
            target = Target(listing.cloud, listing.account, one.tenant, subscription)
            ways.setdefault(subscription.id, []).append(target)
    for targets in ways.values():
        by_tenant: dict[str, Target] = {}
        for target in targets:
            by_tenant.setdefault(target.tenant.id, target)  # a row that came twice is one way
        best = min(by_tenant.values(), key=_distance)
        listing.targets.append(best)
        listing.delegated += [way for way in by_tenant.values() if way is not best]
    for found in (listing.targets, listing.delegated):
        found.sort(key=_order)


def _order(target: Target) -> tuple[tuple[str, str], str, str]:
    subscription = target.subscription
    name, one_id = (subscription.name, subscription.id) if subscription else ("", "")
    return _place(target.tenant), name.casefold(), one_id


def _distance(target: Target) -> int:
    """Return how far this way is from the best one: through the subscription's own tenant."""
    home = target.subscription.home_tenant if target.subscription else ""
    if target.tenant.id == home:
        return 0
    return 1 if target.tenant.id == target.account.home_tenant else 2
