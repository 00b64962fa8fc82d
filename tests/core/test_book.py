from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from azenv.core.book import Book
from azenv.core.errors import AzenvError
from azenv.core.model import Account, Context, Subscription, Target, Tenant
from tests.core.strategies import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator


def target(subscription: str = "s1", user: str = "ada@x.example", tenant: str = "t1") -> Target:
    return Target(
        "AzureCloud", Account(user), Tenant(tenant), Subscription(subscription, subscription)
    )


def test_the_same_identity_is_updated_and_keeps_its_name() -> None:
    book = Book()
    first = book.add(target(), "1", "mine")
    again = book.add(replace(target(), tenant=Tenant("T1", "x.example")), "2")
    assert (again.id, again.name, again.target.tenant.domain) == (first.id, "mine", "x.example")
    assert len(book.contexts) == 1


def test_a_name_of_its_own_adds_a_second_context() -> None:
    book = Book()
    book.add(target(), "1", "mine")
    book.add(target(), "2", "too")
    assert [context.name for context in book.of(target().identity)] == ["mine", "too"]


def test_another_identitys_name_is_refused() -> None:
    book = Book()
    book.add(target(), "1", "mine")
    with pytest.raises(AzenvError, match='"mine" exists'):
        book.add(target("s2"), "2", "MINE")


def test_generated_names_of_other_identities_do_not_clash() -> None:
    book = Book()
    one = book.add(target(), "1")
    two = book.add(target(tenant="t2"), "2")
    three = book.add(target(user="bob@x.example", tenant="t2"), "3")
    assert one.name == "s1 (s1)"
    assert two.name == "s1 (s1) - t2 - ada@x.example"
    assert three.name == "s1 (s1) - t2 - bob@x.example"


def test_removing_the_default_names_the_first_of_the_same_account() -> None:
    book = Book()
    default = book.add(target("s1"), "1", "m")
    book.add(target("s0", user="bob@x.example"), "2", "a")
    book.put(replace(book.add(target("s2"), "3", "b"), protected=True))
    heir = book.add(target("s3"), "4", "c")
    book.default = default.id
    assert book.remove(default) == heir
    assert book.default == heir.id
    assert default.target in book.targets()


def test_removing_another_changes_no_default() -> None:
    book = Book()
    default, other = book.add(target("s1"), "1"), book.add(target("s2"), "2")
    book.default = default.id
    assert book.remove(other) is None
    assert book.default == default.id


def test_a_copy_is_independent() -> None:
    book = Book()
    context = book.add(target(), "1", "mine")
    copy = book.copy()
    copy.rename(context, "yours")
    copy.remove(copy.find("yours"))
    assert book.find("mine") == context
    assert book.known == {}


NAMES = st.sampled_from(["a", "A", "b", "B", "c", "ß", "SS"])


class BookMachine(RuleBasedStateMachine):
    """Whatever happens, the index says what a look at every context would."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.next_id = iter(range(10**6))

    def contexts(self) -> Iterator[Context]:
        return iter(self.book.contexts.values())

    @rule(subscription=st.sampled_from("123"), name=st.none() | NAMES)
    def add(self, subscription: str, name: str | None) -> None:
        number = f"{next(self.next_id):x}"
        taken = name and self.book.named(name)
        try:
            self.book.add(target(subscription), number, name)
        except AzenvError:
            assert taken
            assert taken.target.identity != target(subscription).identity

    @rule(position=st.integers(0, 5), name=NAMES, force=st.booleans())
    def rename(self, position: int, name: str, force: bool) -> None:  # noqa: FBT001
        for context in list(self.contexts())[position : position + 1]:
            taken = self.book.named(name)
            try:
                self.book.rename(context, name, force=force)
            except AzenvError:
                assert taken
                assert not force
                assert taken.id != context.id

    @rule(position=st.integers(0, 5))
    def remove(self, position: int) -> None:
        for context in list(self.contexts())[position : position + 1]:
            self.book.remove(context)

    @rule(position=st.integers(0, 5))
    def select(self, position: int) -> None:
        for context in list(self.contexts())[position : position + 1]:
            self.book.default = context.id

    @rule(position=st.integers(0, 5), subscription=st.sampled_from("123"))
    def retarget(self, position: int, subscription: str) -> None:
        for context in list(self.contexts())[position : position + 1]:
            self.book.put(replace(context, target=target(subscription)))

    @invariant()
    def names_are_unique_and_found(self) -> None:
        folded = [context.name.casefold() for context in self.contexts()]
        assert len(folded) == len(set(folded))
        for context in self.contexts():
            assert self.book.named(context.name) is context
            assert context in self.book.of(context.target.identity)
            assert self.book.find(context.id) is context

    @invariant()
    def identities_hold_no_others(self) -> None:
        for subscription in "123":
            identity = target(subscription).identity
            wanted = {c.id for c in self.contexts() if c.target.identity == identity}
            assert {context.id for context in self.book.of(identity)} == wanted

    @invariant()
    def the_default_exists(self) -> None:
        assert not self.book.default or self.book.default in self.book.contexts


TestBook = BookMachine.TestCase


@given(TARGETS, TARGETS)
def test_identity_ignores_case_and_nothing_else(one: Target, two: Target) -> None:
    loud = replace(
        one, cloud=one.cloud.upper(), tenant=replace(one.tenant, id=one.tenant.id.upper())
    )
    assert loud.identity == one.identity
    if one.tenant.id != two.tenant.id:
        assert one.identity != two.identity
