from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.takes.coding import encode_tokens
from daw_bridge.takes.voice_track import TokenTrack, carried_over, voice_tracks

Record = dict[str, Any]


def opened(number: int = 1) -> Record:
    return {"type": "open", "voice": number, "deck": 1, "seed": 3, "origin": 0, "start": 0,
            "conditions": [[0, "first"]], "prompt": None}  # fmt: skip


def told(epoch: int, frame: int, conditions: str) -> Record:
    return {"type": "conditions", "voice": 1, "epoch": epoch, "frame": frame, "conditions": conditions}


def tokens(epoch: int, first: int, *values: int) -> Record:
    block = np.array([values, values], np.int16).reshape(2, -1)
    return {"type": "tokens", "voice": 1, "epoch": epoch, "first": first, **encode_tokens(block)}


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=30))
def test_the_last_tokens_given_for_a_frame_count(blocks: list[tuple[int, int]]) -> None:
    track = TokenTrack()
    known: dict[int, int] = {}
    for number, (first, count) in enumerate(blocks):
        if known and not min(known) <= first <= max(known) + 1:
            known.clear()
        known = {frame: value for frame, value in known.items() if frame < first}
        known.update({first + n: 100 * number + n for n in range(count)})
        track.replace(first, np.array([[100 * number + n for n in range(count)]], np.int16).reshape(1, -1))
    assert track.tokens.reshape(-1).tolist() == list(known.values())
    if known:
        assert (track.first, track.end) == (min(known), max(known) + 1)


def test_a_rollback_drops_what_was_generated_ahead() -> None:
    voice = voice_tracks(
        [opened(), tokens(0, 0, 1, 2, 3, 4, 5), told(1, 3, "second"), tokens(1, 3), tokens(1, 3, 7)]
    )[1]
    assert voice.tokens.tokens[0].tolist() == [1, 2, 3, 7]
    assert voice.conditions == [(0, "first"), (3, "second")]


def test_a_change_that_came_too_late_for_its_frame_counts_from_where_the_voice_could_go_back_to() -> None:
    records = [opened(), tokens(0, 0, *range(9)), told(1, 2, "second"), tokens(1, 6), tokens(1, 6, 1)]
    assert voice_tracks(records)[1].conditions == [(0, "first"), (6, "second")]


def test_a_change_ahead_of_the_voice_counts_from_its_own_frame() -> None:
    records = [opened(), tokens(0, 0, 1, 2), told(1, 9, "second"), tokens(1, 2), tokens(1, 2, 3)]
    assert voice_tracks(records)[1].conditions == [(0, "first"), (9, "second")]


def test_tokens_of_before_a_change_may_come_after_it() -> None:
    records = [
        opened(),
        tokens(0, 0, 1, 2),
        told(1, 1, "second"),
        tokens(0, 2, 3),
        tokens(1, 1),
        tokens(1, 1, 8),
    ]
    voice = voice_tracks(records)[1]
    assert voice.tokens.tokens[0].tolist() == [1, 8]
    assert voice.conditions == [(0, "first"), (1, "second")]


def test_a_change_that_was_never_answered_has_no_part_in_the_tokens() -> None:
    records = [opened(), tokens(0, 0, 1, 2, 3), told(1, 1, "second"), tokens(0, 3, 4)]
    voice = voice_tracks(records)[1]
    assert voice.conditions == [(0, "first")]
    assert voice.tokens.tokens[0].tolist() == [1, 2, 3, 4]


def test_a_later_change_at_an_earlier_frame_replaces_those_after_it() -> None:
    records = [
        opened(),
        told(1, 5, "b"),
        tokens(1, 0),
        told(2, 8, "c"),
        tokens(2, 0),
        told(3, 4, "d"),
        tokens(3, 0),
    ]
    assert voice_tracks(records)[1].conditions == [(0, "first"), (4, "d")]


def test_what_is_carried_over_tells_the_same_as_the_whole() -> None:
    before = [
        {"type": "array", "name": "used", "dtype": "<i2", "shape": [1], "data": ""},
        {"type": "array", "name": "unused", "dtype": "<i2", "shape": [1], "data": ""},
        {**opened(), "prompt": {"array": "used"}},
        {**opened(2)},
        {"type": "close", "voice": 2},
        told(1, 5, "b"), tokens(1, 0), tokens(1, 0, 1, 2, 3, 4, 5, 6, 7), told(2, 6, "c"),
        {"type": "place", "voice": 1, "origin": 10, "start": 20, "stop": 30},
    ]  # fmt: skip
    after = [tokens(2, 6), tokens(2, 6, 9, 9)]
    carried = carried_over(before)
    whole, parted = voice_tracks([*before, *after]), voice_tracks([*carried, *after])
    assert [r["name"] for r in carried if r["type"] == "array"] == ["used"]
    assert list(parted) == [1]
    assert parted[1].conditions == whole[1].conditions
    assert (parted[1].origin, parted[1].start, parted[1].stop) == (10, 20, 30)
    assert parted[1].prompt == {"array": "used"}
    assert (parted[1].tokens.first, parted[1].tokens.tokens[0].tolist()) == (6, [9, 9])
