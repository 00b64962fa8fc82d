from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from azenv.core.resolve import Link, Source, resolve

LINKS = st.lists(
    st.builds(Link, st.sampled_from(list(Source)[1:]), st.sampled_from(["", "none", "a", "b"])),
    unique_by=lambda link: link.source,
)


@given(LINKS)
def test_the_highest_rank_with_an_answer_wins(links: list[Link]) -> None:
    found = resolve(tuple(links))
    answers = [link for link in links if link.context_id]
    if answers:
        assert found.link == max(answers, key=lambda link: link.source)
    else:
        assert found.link == Link(Source.NOTHING)
    assert sorted(found.chain, key=lambda link: -link.source) == list(found.chain)
    assert set(found.chain) == set(links)


def test_a_block_is_an_answer_and_nothing_lower_slips_in() -> None:
    found = resolve((Link(Source.DEFAULT, "a"), Link(Source.PIN, "none", "/p", "not trusted")))
    assert found.link.is_blocked
    assert found.link.source.word == "pin"


def test_ranks_are_flag_choice_pin_default() -> None:
    assert Source.FLAG > Source.CHOICE > Source.PIN > Source.DEFAULT > Source.NOTHING
