"""The feeder's side of a run, against a worker that is played by the test."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.run import Run
from daw_bridge.decks.seam import SEAM_S
from daw_bridge.engine.protocol import Loaded, Produced
from daw_bridge.engine.ring import PcmRing

RATE, HOP, LOOKAHEAD, DELAY = 32000, 640, 2, 3
BAR, BEATS = 32000, 4
BLOCK = 256


class Script:
    """A worker by hand: the value of every frame is the version of the conditions it was made under."""

    def __init__(self, out_rate: int = RATE, start: int = 1000, first_place: int = 0) -> None:
        model = Loaded("script", RATE, HOP, 50.0, LOOKAHEAD, DELAY, 5.0, "cpu")
        self.ring = PcmRing.create(8 * RATE, f"test_{os.getpid()}_{secrets.token_hex(3)}")
        self.geometry = Geometry(model, out_rate)
        scale = out_rate / RATE
        self.run = Run(
            7,
            self.ring,
            self.geometry,
            start - first_place,
            start,
            lambda sample: (round(BAR * scale), BEATS),
        )
        self.changes: list[tuple[int, float]] = [(0, 1.0)]
        self.frame = 0
        self.pcm = 0
        self.epoch = 0

    def value(self, frame: int) -> float:
        return [version for first, version in self.changes if first <= frame][-1]

    def produce(self, frames: int) -> None:
        self.frame += frames
        end = max(self.pcm, self.frame - LOOKAHEAD)
        for frame in range(self.pcm, end):
            self.ring.write(frame * HOP, np.full(HOP, self.value(frame), np.float32))
        self.pcm = end
        tokens = np.zeros((4, frames), np.int16)
        self.run.produced(Produced(7, self.epoch, end * HOP, self.frame - frames, tokens))

    def change(self, sample: int, version: float) -> int:
        """From the first frame that can still change on; the ring is spoilt where it is to be rewritten."""
        frame = self.run.earliest_frame(sample)
        self.epoch = self.run.begin_change(frame)
        self.changes.append((frame, version))
        if frame < self.frame:
            self.frame = frame
            back = max(0, frame - LOOKAHEAD)
            if back < self.pcm:
                self.ring.write(back * HOP, np.full((self.pcm - back) * HOP, -99.0, np.float32))
                self.pcm = back
        return frame

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        block = self.run.read(start, count)
        return np.zeros(count, np.float32) if block is None else block[:, 0]


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.run.close()
    script.ring.close()


def test_frame_zero_sounds_at_the_start_sample_exactly(script: Script) -> None:
    script.produce(30)
    heard = np.concatenate([script.read(at, 300) for at in range(0, 3000, 300)])
    assert not heard[:1000].any()
    assert heard[1000] > 0
    assert np.allclose(heard[1040:], 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_stale_is_heard_however_reads_changes_and_generation_interleave(seed: int) -> None:
    random = np.random.default_rng(seed)
    script = Script()
    try:
        script.produce(12)
        at, heard, version = 1000, [], 1.0
        for _ in range(400):
            while script.run.lead(at) < 1500:
                script.produce(int(random.integers(1, 6)))
            if random.random() < 0.15:
                version += 1.0
                script.change(at + int(random.integers(0, 1200)), version)
                assert script.run.lead(at) >= 0
                continue
            count = int(random.integers(1, 513))
            heard.append(script.read(at, count))
            at += count
        played = np.concatenate(heard)
        assert script.run.underruns == 0
        expected = np.array([script.value(n // HOP) for n in range(len(played))], np.float32)
        fading = np.zeros(len(played), bool)
        for change in np.flatnonzero(np.diff(expected)):
            fading[change + 1 : change + 1 + round(SEAM_S * RATE)] = True
        settled = ~fading
        settled[:40] = False
        assert np.array_equal(played[settled], expected[settled])
        assert (played[40:] <= expected[40:] * 1.1).all()
        assert (played[fading] >= 1.0).all()
        assert version > 20
    finally:
        script.run.close()
        script.ring.close()


def test_a_change_below_the_claim_is_refused(script: Script) -> None:
    script.produce(30)
    script.read(1000, 5000)
    frame = script.run.earliest_frame(6000)
    with pytest.raises(ValueError, match="claimed"):
        script.run.begin_change(frame - 2)
    assert script.run.begin_change(frame) == 1


def test_events_of_an_earlier_epoch_do_not_raise_the_limit(script: Script) -> None:
    script.produce(30)
    script.read(1000, 500)
    frame = script.run.earliest_frame(2000)
    script.run.begin_change(frame)
    limit = script.run.limit
    assert limit == (frame - LOOKAHEAD) * HOP
    script.produce(20)
    assert script.run.limit == limit


def test_late_audio_loops_whole_bars_without_a_jump_and_comes_back(script: Script) -> None:
    script.produce(60)
    end = 1000 + 58 * HOP
    at, heard = 1000, []
    while at < end + 2 * BAR:
        heard.append(script.read(at, BLOCK))
        at += BLOCK
    assert script.run.holding
    assert script.run.underruns == 1
    held = np.concatenate(heard)
    assert held.min() > 0
    assert held.max() < 1.5
    assert np.abs(np.diff(held[40:])).max() < 0.05
    script.produce(300)
    script.read(at, BLOCK)
    assert not script.run.holding
    assert script.run.origin == 1000
    assert np.allclose(script.read(at + 2 * BLOCK, BLOCK), 1.0, atol=0.5)


def play_slowly(script: Script, at: int) -> int:
    """Read, generating at 0.6 times real time once it holds, until the origin has moved; where that was."""
    for block in range(2000):
        if script.run.holding and block % 4 == 0:
            script.produce(1)
        script.read(at, BLOCK)
        at += BLOCK
        if script.run.origin != 1000:
            break
    return at


def test_a_voice_that_never_catches_up_goes_on_a_bar_late_with_nothing_left_out(script: Script) -> None:
    script.changes = [(frame, float(frame + 1)) for frame in range(400)]
    script.produce(60)
    at = play_slowly(script, 1000)
    assert script.run.origin == 1000 + BAR
    assert script.run.take_moved() == BAR
    assert script.run.take_moved() == 0
    following = np.concatenate([script.read(at + n * BLOCK, BLOCK) for n in range(8)])
    place = (np.arange(at, at + 8 * BLOCK) - script.run.origin) // HOP
    assert np.array_equal(following, place + 1.0)


def test_a_hold_before_a_whole_bar_was_heard_still_moves_by_whole_bars(script: Script) -> None:
    script.produce(22)
    play_slowly(script, 1000)
    moved = script.run.take_moved()
    assert moved % BAR == 0
    assert moved > 0


@pytest.mark.parametrize(("frames", "parts"), [(4, 1), (5, 2), (6, 4), (10, 8)])
def test_late_audio_in_the_first_beat_repeats_half_a_beat_or_less_and_is_never_silent(
    script: Script, frames: int, parts: int
) -> None:
    script.produce(frames)
    heard = [script.read(1000 + n * BLOCK, BLOCK) for n in range(2 * BAR // BLOCK)]
    assert script.run.holding
    assert np.concatenate(heard)[40:].min() > 0.9
    assert script.run._place is not None
    assert (script.run._place - 1000) % (parts * BAR // BEATS // 16) == 0
    play_slowly(script, 1000 + len(heard) * BLOCK)
    moved = script.run.take_moved()
    assert moved % BAR == 0
    assert moved > 0


def test_a_change_right_after_the_start_leaves_enough_to_hold_with(script: Script) -> None:
    script.produce(30)
    script.read(1000, BLOCK)
    script.change(1000 + BLOCK, 2.0)
    heard = [script.read(1000 + n * BLOCK, BLOCK) for n in range(1, BAR // BLOCK)]
    assert script.run.holding
    assert np.concatenate(heard).min() > 0.9


def test_a_voice_begins_only_with_enough_to_hold_with(script: Script) -> None:
    script.produce(LOOKAHEAD + 1)
    assert not script.read(1000, BLOCK).any()
    script.produce(20)
    assert script.read(1000 + BLOCK, 2 * BLOCK)[-1] > 0.5
    assert script.run.underruns == 0


def test_late_beginnings_wait_in_silence_and_fade_in(script: Script) -> None:
    assert not script.read(900, 400).any()
    script.produce(40)
    heard = script.read(1300, 400)
    assert heard[0] < 0.1
    assert np.isclose(heard[-1], 1.0)
    assert script.run.underruns == 0


def test_a_slow_voice_without_a_beat_to_repeat_begins_anew_a_bar_late(script: Script) -> None:
    at, frames = 1000, 0
    while not script.read(at, BLOCK).any():
        if frames < (at - 1000) // (2 * HOP):
            script.produce(1)
            frames += 1
        at += BLOCK
        assert at < 1000 + 2 * BAR
    assert script.run.origin == 1000 + BAR
    assert at - script.run.origin < 2 * BLOCK


def test_a_stop_fades_and_ends(script: Script) -> None:
    script.produce(60)
    script.run.stop = 5000
    heard = np.concatenate([script.read(at, 250) for at in range(1000, 6000, 250)])
    assert np.allclose(heard[40:4000], 1.0)
    assert 0.0 < heard[4100] < 1.0
    assert not heard[4320:].any()
    assert script.run.ended(5320)


def test_a_run_that_goes_on_from_tokens_sounds_from_its_start_only() -> None:
    script = Script(start=10 * HOP + 1000, first_place=10 * HOP)
    try:
        assert script.run.sent == 10
        assert script.run.earliest_frame(0) == 10
        script.produce(30)
        assert script.run.read(1000, 500) is None
        heard = script.read(10 * HOP + 1000, 500)
        assert np.allclose(heard[40:], 1.0)
    finally:
        script.run.close()
        script.ring.close()


def test_a_closed_run_is_silent(script: Script) -> None:
    script.produce(30)
    script.run.close()
    assert script.run.read(1000, 100) is None


@pytest.mark.parametrize("out_rate", [48000, 44100])
def test_other_device_rates_keep_pitch_and_place(out_rate: int) -> None:
    script = Script(out_rate)
    try:
        tone = np.sin(2 * np.pi * 400 * np.arange(RATE) / RATE).astype(np.float32)
        script.ring.write(0, tone)
        script.run.produced(Produced(7, 0, RATE, 0, np.zeros((4, 52), np.int16)))
        heard = np.concatenate([script.read(1000 + n * 300, 300) for n in range(100)])
        expected = np.sin(2 * np.pi * 400 * np.arange(len(heard)) / out_rate)
        assert np.abs(heard[200:] - expected[200:]).max() < 1e-3
    finally:
        script.run.close()
        script.ring.close()
