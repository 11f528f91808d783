from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.control.pattern import Pattern, is_pattern
from daw_bridge.parameters import AddressTable

ADDRESSES = [address.text for address in AddressTable(8)]


@pytest.mark.parametrize(
    ("pattern", "address", "fits"),
    [
        ("/bridge/deck/*/gain", "/bridge/deck/2/gain", True),
        ("/bridge/*/gain", "/bridge/deck/2/gain", False),
        ("/bridge/deck/?/gain", "/bridge/deck/2/gain", True),
        ("/bridge/deck/[1-3]/gain", "/bridge/deck/2/gain", True),
        ("/bridge/deck/[13]/gain", "/bridge/deck/2/gain", False),
        ("/bridge/deck/[!13]/gain", "/bridge/deck/2/gain", True),
        ("/bridge/deck/{1,2}/{gain,seed}", "/bridge/deck/2/seed", True),
        ("/bridge/deck/{1,12}/gain", "/bridge/deck/2/gain", False),
        ("//gain", "/bridge/deck/2/gain", True),
        ("/bridge//gain", "/bridge/deck/2/gain", True),
        ("/bridge//gain", "/bridge/gain", True),
        ("/bridge//deck", "/bridge/deck/2/gain", False),
        ("/bridge/t*o", "/bridge/tempo", True),
        ("/bridge/deck/1/top_*", "/bridge/deck/1/top_k", True),
        ("/bridge/deck/1/chroma*", "/bridge/deck/1/chroma/enable", False),
        ("/bridge/[a-]empo", "/bridge/tempo", False),
    ],
)
def test_wildcards_match_as_osc_says(pattern: str, address: str, fits: bool) -> None:
    assert is_pattern(pattern)
    assert Pattern.parse(pattern).matches(address) is fits


@given(st.text("*?[]{}!,-/abcde", max_size=60))
def test_any_pattern_matches_or_is_refused(text: str) -> None:
    try:
        pattern = Pattern.parse(text)
    except ValueError:
        return
    for address in ADDRESSES[:5]:
        pattern.matches(address)


@given(st.sampled_from(ADDRESSES))
def test_an_address_matches_itself_and_is_no_pattern(address: str) -> None:
    assert Pattern.parse(address).matches(address)
    assert not is_pattern(address)


@pytest.mark.parametrize("text", ["/a[b", "/a{b", "/a]b", "/a}", "/a[]", "/" + "*a" * 200])
def test_broken_and_overlong_patterns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern.parse(text)


def test_a_hostile_pattern_is_quick() -> None:
    pattern = Pattern.parse("/" + "*?" * 120)
    started = time.perf_counter()
    for address in ADDRESSES:
        pattern.matches(address)
    assert time.perf_counter() - started < 1.0
