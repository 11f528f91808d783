"""Where a command cuts what was generated already: the old sound fades out under the new one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daw_bridge.decks.seam import SEAM_S, Seam, joined
from daw_bridge.engine.ring import PcmRing

RATE = 32000
LENGTH = round(SEAM_S * RATE)
Sound = NDArray[np.float32]


def tone(pitch: float, phase: float = 0.0, count: int = 6400) -> Sound:
    sound = 0.5 * np.sin(2 * np.pi * pitch * np.arange(count) / RATE + phase)
    return sound.astype(np.float32)[:, None]


@pytest.fixture
def ring() -> Iterator[PcmRing]:
    ring = PcmRing.create(RATE, f"test_{os.getpid()}_{secrets.token_hex(3)}")
    yield ring
    ring.close()


def cut(ring: PcmRing, old: Sound, new: Sound, at: int, reach: int = 0, chunk: int = 640) -> Sound:
    """What is heard when a worker that had made ``old`` makes ``new`` from ``at`` on, chunk by chunk."""
    ring.write(0, old)
    seam = Seam(ring, reach, RATE)
    seam.keep(at, len(old))
    ring.write(at, np.full_like(old[at:], 9.0))
    heard, read = [ring.read(0, at)], at
    for start in range(at, len(new), chunk):
        ring.write(start, new[start : start + chunk])
        limit = seam.join(min(start + chunk, len(new)))
        assert limit >= read
        heard.append(ring.read(read, limit - read))
        read = limit
    return np.concatenate(heard)


def test_a_step_between_old_and_new_is_faded_within_twenty_milliseconds(ring: PcmRing) -> None:
    old, new = tone(440.0), tone(660.0, 2.0)
    heard = cut(ring, old, new, 3200)
    assert SEAM_S <= 0.020
    assert np.abs(new[3200] - old[3199]) > 0.3
    steepest = np.abs(np.diff(np.concatenate([old, new[3200:]])[4000:], axis=0)).max()
    assert np.abs(np.diff(heard, axis=0)).max() < 1.3 * steepest
    assert np.array_equal(heard[:3200], old[:3200])
    assert np.array_equal(heard[3200 + LENGTH :], new[3200 + LENGTH :])


def test_what_stays_the_same_passes_unchanged_and_at_once(ring: PcmRing) -> None:
    old = tone(440.0)
    assert np.array_equal(cut(ring, old, old, 3200, reach=1280, chunk=100), old)


def test_the_fade_begins_where_the_sound_first_differs(ring: PcmRing) -> None:
    old = tone(440.0)
    new = old.copy()
    new[4000:] = tone(600.0, 1.0)[4000:]
    heard = cut(ring, old, new, 3200, reach=1280)
    assert np.array_equal(heard[:4000], old[:4000])
    assert np.abs(np.diff(heard[3990:4010], axis=0)).max() < 0.07
    assert np.array_equal(heard[4000 + LENGTH :], new[4000 + LENGTH :])


def test_a_second_cut_before_anything_new_came_still_fades_from_what_was_heard(ring: PcmRing) -> None:
    old, new = tone(440.0), tone(660.0, 2.0)
    ring.write(0, old)
    seam = Seam(ring, 0, RATE)
    seam.keep(3200, 6400)
    assert seam.join(3200) == 3200
    ring.write(3200, np.full_like(old[3200:], 9.0))
    seam.keep(3200, 3200)
    ring.write(3200, new[3200:])
    assert seam.join(6400) == 6400
    assert np.abs(np.diff(ring.read(0, 6400), axis=0)).max() < 0.09


def test_a_cut_before_an_unfinished_one_takes_its_place(ring: PcmRing) -> None:
    old, new = tone(440.0), tone(660.0, 2.0)
    ring.write(0, old)
    seam = Seam(ring, 0, RATE)
    seam.keep(3200, 6400)
    seam.keep(2560, 3200)
    ring.write(2560, new[2560:])
    assert seam.join(6400) == 6400
    heard = ring.read(0, 6400)
    assert np.abs(np.diff(heard, axis=0)).max() < 0.09
    assert np.array_equal(heard[2560 + LENGTH :], new[2560 + LENGTH :])


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_the_level_is_even_however_alike_old_and_new_are(seed: int, alike: float) -> None:
    random = np.random.default_rng(seed)
    old = random.standard_normal((32768, 1)).astype(np.float32)
    new = (alike * old + np.sqrt(1 - alike**2) * random.standard_normal((32768, 1))).astype(np.float32)
    parts = np.split(joined(old, new), 8)
    levels = [20 * np.log10(np.sqrt(np.mean(part**2))) for part in parts]
    assert max(map(abs, levels)) < 1.0
