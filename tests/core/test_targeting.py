from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core import targeting
from azenv.core.errors import AmbiguousError, NotFoundError
from azenv.core.model import Account, Subscription, Target, Tenant

ADA, BOB = Account("ada@x.example"), Account("bob@x.example")


def target(
    subscription: str, name: str = "", *, tenant: str = "t1", account: Account = ADA, **more: str
) -> Target:
    found = Subscription(subscription, name or subscription, **more) if subscription else None  # type: ignore[arg-type]
    return Target("AzureCloud", account, Tenant(tenant, f"{tenant}.example", tenant.upper()), found)


KNOWN = [
    target("s1", "Prod"),
    target("s2", "Test"),
    target("s3", "Test", tenant="t2"),
    target("", tenant="t3"),
    target("s5", tenant="t3"),
    target("s1", "Prod", account=BOB),
    target("s9", "Only Bob", account=BOB),
    target("s6", state="Disabled", tenant="t4"),
    target("s7", tenant="t4"),
]


@pytest.mark.parametrize(
    ("subscription", "tenant", "found"),
    [
        ("S1", "", "s1"),
        ("prod", "", "s1"),
        ("test", "T2.EXAMPLE", "s3"),
        ("test", "t1", "s2"),
        ("", "t3", ""),
        ("", "T4", "s7"),
    ],
)
def test_finds_what_the_account_sees(subscription: str, tenant: str, found: str) -> None:
    hit = targeting.find(KNOWN, subscription=subscription, tenant=tenant, of=KNOWN[0])
    assert (hit.subscription.id if hit.subscription else "") == found
    assert hit.account == ADA


def test_without_an_account_every_account_counts() -> None:
    assert targeting.find(KNOWN, subscription="s9").account == BOB
    with pytest.raises(AmbiguousError, match=r"ada@x\.example.*bob@x\.example"):
        targeting.find(KNOWN, subscription="s1")
    with pytest.raises(AmbiguousError, match="several tenants"):
        targeting.find(KNOWN, tenant="t1")


@pytest.mark.parametrize("wanted", ["tset", "nothing like it"])
def test_what_nobody_has_is_not_found(wanted: str) -> None:
    with pytest.raises(NotFoundError, match="no subscription"):
        targeting.find(KNOWN, subscription=wanted, of=KNOWN[0])


def test_nothing_known_at_all_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        targeting.find([], subscription="s1")


@given(st.lists(st.sampled_from(KNOWN), max_size=5), st.sampled_from(["s1", "test", "", "s7"]))
def test_the_answer_fits_or_there_is_none(known: list[Target], wanted: str) -> None:
    try:
        hit = targeting.find(known, subscription=wanted, of=KNOWN[0])
    except (NotFoundError, AmbiguousError):
        return
    assert hit in known
    assert hit.account == ADA
    if wanted:
        assert hit.subscription is not None
        assert wanted in {hit.subscription.id, hit.subscription.name.casefold()}
