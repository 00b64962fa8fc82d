from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenv.core import merge
from azenv.core.book import Book
from azenv.core.model import Account, Context, Subscription, Target, Tenant
from tests.core.strategies import TARGETS

_ids = count()


def new_id() -> str:
    return f"{next(_ids):016x}"


def item(name: str, subscription: str, home: str = "", user: str = "ada@x.example") -> Context:
    account = Account(user, home_id=home)
    return Context("", name, Target("C", account, Tenant("t"), Subscription(subscription, "n")))


ITEMS = st.builds(
    item,
    name=st.sampled_from(["", "a", "A", "b"]),
    subscription=st.sampled_from("12"),
    home=st.sampled_from(["", "h1"]),
)
INCOMING = st.lists(ITEMS, max_size=6)


@given(INCOMING, INCOMING, st.sampled_from(merge.POLICIES))
def test_a_merge_leaves_no_contradiction(
    first: list[Context], second: list[Context], policy: str
) -> None:
    book = Book()
    merge.merge(book, first, new_id, policy=policy)
    merge.merge(book, second, new_id, policy=policy)
    folded = [context.name.casefold() for context in book.contexts.values()]
    assert len(folded) == len(set(folded))
    # one user name, one home id: one account
    assert len({c.target.account.key for c in book.contexts.values()}) <= 1
    assert not book.known.keys() & {c.target.identity for c in book.contexts.values()}


@given(INCOMING, st.sampled_from([merge.SKIP, merge.RENAME]))
def test_what_is_there_is_never_lost_without_leave(items: list[Context], policy: str) -> None:
    book = Book()
    mine = book.add(item("", "3").target, new_id(), "a")
    merge.merge(book, items, new_id, policy=policy)
    now = book.contexts[mine.id]
    assert (now.name, now.target.subscription) == ("a", mine.target.subscription)


@given(INCOMING)
def test_a_second_time_brings_nothing_new(items: list[Context]) -> None:
    book = Book()
    merge.merge(book, items, new_id, policy=merge.RENAME)
    before = set(book.contexts)
    again = merge.merge(book, items, new_id, policy=merge.RENAME)
    assert again.added == []
    assert set(book.contexts) == before


@given(INCOMING, st.sampled_from(merge.POLICIES))
def test_every_item_is_accounted_for(items: list[Context], policy: str) -> None:
    done = merge.merge(Book(), items, new_id, policy=policy)
    there = len(done.added) + len(done.updated) + len(done.unchanged)
    assert there + len(done.skipped) == len(items)


@given(TARGETS, TARGETS)
def test_a_richer_target_forgets_nothing(old: Target, new: Target) -> None:
    found = merge.richer(old, new)
    assert found.tenant.domain == (new.tenant.domain or old.tenant.domain)
    assert found.account.home_id == (new.account.home_id or old.account.home_id)
    assert found.account.username == new.account.username
    assert merge.richer(found, found) == found


def test_a_home_id_reaches_the_accounts_known_by_name_only() -> None:
    book = Book()
    merge.merge(book, [item("a", "1"), item("b", "2")], new_id)
    context = book.find("b")
    book.remove(context)
    merge.merge(book, [item("", "1", home="h1")], new_id)
    assert book.find("a").target.account.home_id == "h1"
    assert [target.account.home_id for target in book.known.values()] == ["h1"]


def test_two_home_ids_of_one_name_are_not_mixed() -> None:
    book = Book()
    items = [item("a", "1", home="h1"), item("b", "2", home="h2"), item("c", "3")]
    merge.merge(book, items, new_id)
    assert {c.name: c.target.account.home_id for c in book.contexts.values()} == {
        "a": "h1",
        "b": "h2",
        "c": "",
    }


def test_another_kind_of_account_is_another_account() -> None:
    app = item("x", "1")
    app = replace(
        app, target=replace(app.target, account=Account("ada@x.example", "servicePrincipal"))
    )
    book = Book()
    merge.merge(book, [item("a", "1", home="h1"), app], new_id)
    assert book.find("x").target.account.home_id == ""


@pytest.mark.parametrize("name", ["a\nb", "", "x" * 500, "\u202e"])
def test_a_name_that_no_context_may_have_becomes_one(name: str) -> None:
    book = Book()
    (added,) = merge.merge(book, [item(name, "1")], new_id).added
    book.rename(added, added.name)


def test_replacing_hands_the_default_on() -> None:
    book = Book()
    book.default = book.add(item("", "1").target, new_id(), "a").id
    done = merge.merge(book, [item("A", "2")], new_id, policy=merge.REPLACE)
    assert book.default == done.added[0].id
    assert [context.name for context in done.replaced] == ["a"]
