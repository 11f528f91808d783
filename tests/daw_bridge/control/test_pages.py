from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control.packet import Message, decode, encode
from daw_bridge.control.pages import MAX_BYTES, PAGE, datagrams

ADDRESS = "/bridge/deck/1/prompts"
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(0, 150))
arguments = st.lists(
    st.one_of(long_texts, texts, st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False)),
    max_size=40,
)


def joined(pages: list[Message]) -> tuple[object, tuple[object, ...]]:
    """A message put together from its pages, as the manual says; its address and its arguments."""
    pages = sorted(pages, key=lambda page: page.args[1])  # type: ignore[arg-type, return-value]
    found: list[object] = []
    for page in pages:
        _, _, _, first, *part = page.args
        if first == len(found) - 1:
            found[-1] = f"{found[-1]}{part.pop(0)}"
        assert len(part) == 0 or first in (len(found), len(found) - 1)
        found += part
    return pages[0].args[0], tuple(found)


@given(arguments)
def test_pages_are_short_enough_and_put_together_are_the_message(args: list[float | int | str]) -> None:
    sent = datagrams(ADDRESS, args)
    assert all(len(datagram) <= MAX_BYTES for datagram in sent)
    messages = [decode(datagram)[0] for datagram in sent]
    if len(encode(ADDRESS, args)) <= MAX_BYTES:
        assert messages == [Message(ADDRESS, tuple(args))]
        return
    assert {message.address for message in messages} == {PAGE}
    assert [message.args[:3] for message in messages] == [
        (ADDRESS, index, len(sent)) for index in range(len(sent))
    ]
    assert joined(messages) == (ADDRESS, tuple(args))


@pytest.mark.parametrize("spare", range(-6, 7))
def test_what_just_fits_is_not_paged(spare: int) -> None:
    text = "x" * (MAX_BYTES - len(encode(ADDRESS, [""])) - spare)
    assert len(datagrams(ADDRESS, [text])) == (1 if len(encode(ADDRESS, [text])) <= MAX_BYTES else 2)


def test_pages_are_well_filled() -> None:
    assert len(datagrams(ADDRESS, ["é" * 1000, 1.0] * 4)) <= 7
    assert len(datagrams(ADDRESS, [0.5] * 1000)) == 4


def test_text_that_is_no_unicode_can_be_paged() -> None:
    assert len(datagrams("/bridge/notice", ["info", "\udcff" * 3000])) == 3
