from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.melody.chroma_phrase import sharpened
from daw_bridge.melody.live_chroma import SILENCE, ChromaFrame, Gate, LiveChroma
from genmodels.conditioning.harmony import chroma_of

RATE = 22050
A = (*[0.0] * 9, 1.0, 0.0, 0.0)


def sound(seconds: float = 1.5) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    wav = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * 523.25 * time * (time > 0.7))
    return wav.astype(np.float32)


@given(st.lists(st.integers(1, 6000), min_size=1, max_size=30))
@settings(max_examples=20, deadline=None)
def test_however_sound_comes_its_chroma_is_that_of_the_file(cuts: list[int]) -> None:
    wav = sound()
    places = [0, *[int(place) for place in np.cumsum(cuts) if place < len(wav)], len(wav)]
    live = LiveChroma(RATE, 50.0)
    heard = [frame for a, b in itertools.pairwise(places) for frame in live.push(wav[a:b])]
    assert len(heard) > 60
    offline = sharpened(chroma_of(wav, RATE, 50.0))
    assert np.allclose([frame.chroma for frame in heard], offline[: len(heard)], atol=1e-4)
    assert [frame.sample for frame in heard] == [round(n * RATE / 50.0) for n in range(len(heard))]


def test_the_level_is_that_of_the_sound() -> None:
    live = LiveChroma(RATE)
    loud = live.push(0.1 * np.ones(RATE, np.float32))[-1]
    assert loud.level_db == pytest.approx(-20.0, abs=0.1)
    assert LiveChroma(RATE).push(np.zeros(RATE, np.float32))[0].chroma == SILENCE


def test_the_gate_opens_at_its_level_and_closes_a_little_below() -> None:
    gate = Gate()
    levels = [-60.0, -49.0, -52.0, -55.0, -52.0]
    passed = [gate.pass_through(ChromaFrame(0.0, A, level), -50.0).chroma for level in levels]
    assert passed == [SILENCE, A, A, SILENCE, SILENCE]
