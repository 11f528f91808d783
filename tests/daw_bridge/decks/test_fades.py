"""Gains and the crossfade on their way: exact to the sample, in beats that follow the tempo or in seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.decks.fades import Fade, beats_line, seconds_line
from daw_bridge.decks.mixer import Faded, Mixer
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.decks.test_mixer import Constant

SECONDS = seconds_line(RATE)


def course(fade: Fade, sizes: list[int]) -> NDArray[np.float64]:
    """The values of a fade, asked for in blocks of these sizes."""
    starts = np.cumsum([0, *sizes])
    return np.concatenate([fade.block(int(s), n)[:-1] for s, n in zip(starts, sizes, strict=False)])


@given(st.lists(st.integers(1, 600), min_size=1, max_size=40))
def test_a_fade_is_the_same_however_blocks_are_cut(sizes: list[int]) -> None:
    total = sum(sizes)
    whole = course(Fade(-20.0, 0.0, 0.1, SECONDS), [total])
    assert np.allclose(course(Fade(-20.0, 0.0, 0.1, SECONDS), sizes), whole, atol=1e-9)
    expected = np.minimum(0.0, -20.0 + 20.0 * np.arange(total) / (0.1 * RATE))
    assert np.allclose(whole, expected, atol=1e-9)


def test_a_fade_in_beats_bends_with_the_tempo_and_ends_on_its_beat() -> None:
    clock = TempoMap(RATE, 120.0)
    fade = Fade(0.0, 1.0, 4.0, beats_line(lambda: clock))
    begun = course(fade, [RATE])
    assert begun[-1] == pytest.approx(0.5, abs=1e-4)
    clock.set_tempo(240.0, RATE + 300)
    rest = np.concatenate([fade.block(RATE + n * 500, 500)[:-1] for n in range(120)])
    end = clock.sample_at(4.0) - RATE
    assert rest[end - 1] < 1.0
    assert rest[end] == pytest.approx(1.0, abs=1e-9)
    assert fade.over


def test_a_fade_goes_on_where_the_clock_begins_anew() -> None:
    clocks = [TempoMap(RATE, 120.0)]
    fade = Fade(0.0, 1.0, 8.0, beats_line(lambda: clocks[-1]))
    before = fade.block(96000, 4800)[-1]
    anew = TempoMap(RATE, 120.0)
    anew.place(100800, 0.0, 120.0, 4)
    clocks.append(anew)
    after = fade.block(100800, 4800)
    assert after[0] == pytest.approx(before)
    assert (np.diff(after) >= 0).all()


def test_gains_of_a_deck_and_of_the_whole_and_the_crossfade_fade_exactly() -> None:
    n = np.arange(4800)
    share = np.clip((n - 1000) / 2400, 0.0, 1.0)
    channels: tuple[Faded, ...] = (0, "master", "crossfade")
    for what in channels:
        mixer = Mixer([Constant(0.5)], RATE, 1)
        mixer.set_strip(0, group="A" if what == "crossfade" else "")
        mixer.set_crossfade(0.0)
        target = 1.0 if what == "crossfade" else -20.0
        mixer.plan(1000, partial(mixer.fade, what, target, 0.05, SECONDS))
        heard = np.concatenate([mixer.read(start, 240)[:, 0] for start in range(0, 4800, 240)])
        levels = np.cos(np.pi / 2 * share) if what == "crossfade" else 10.0 ** (-share)
        assert np.abs(heard - 0.5 * levels).max() < 1e-5, what


def test_a_value_that_is_set_ends_the_fade_and_a_second_fade_begins_where_the_first_is() -> None:
    mixer = Mixer([Constant(0.5)], RATE, 1)
    mixer.plan(0, lambda: mixer.fade(0, -20.0, 0.1, SECONDS))
    mixer.read(0, 2400)
    mixer.plan(2400, lambda: mixer.fade(0, 0.0, 0.1, SECONDS))
    heard = mixer.read(2400, 2400)[:, 0]
    assert heard[0] == pytest.approx(0.5 * 10**-0.5, abs=1e-4)
    assert heard[-1] == pytest.approx(0.5 * 10**-0.25, abs=1e-3)
    mixer.set_strip(0, gain_db=-60.0)
    assert np.abs(np.concatenate([mixer.read(4800 + 480 * k, 480) for k in range(20)])[-10:]).max() < 1e-4


@pytest.mark.parametrize("what", [0, "master", "crossfade"])
def test_a_value_that_is_set_in_a_fade_never_lets_a_block_head_for_the_fades_target(
    what: Faded, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixer = Mixer([Constant(0.5)], RATE, 1)
    mixer.set_strip(0, group="B")
    mixer.set_crossfade(1.0)
    mixer.plan(0, lambda: mixer.fade(what, 0.0 if what == "crossfade" else -60.0, 10.0, SECONDS))
    blocks = [mixer.read(0, 2400)]
    end = mixer._fades.end

    def ended(each: Faded) -> None:
        blocks.append(mixer.read(2400 * len(blocks), 2400))
        end(each)
        blocks.append(mixer.read(2400 * len(blocks), 2400))

    monkeypatch.setattr(mixer._fades, "end", ended)
    if what == "crossfade":
        mixer.set_crossfade(1.0)
    elif what == "master":
        mixer.set_master(0.0)
    else:
        mixer.set_strip(0, gain_db=0.0)
    assert len(blocks) == 3
    assert min(np.abs(block).min() for block in blocks) > 0.45


def test_fading_to_silence_ends_in_silence_without_a_step() -> None:
    mixer = Mixer([Constant(0.5)], RATE, 1)
    mixer.plan(0, lambda: mixer.fade("master", -60.0, 0.05, SECONDS))
    heard = np.concatenate([mixer.read(start, 240)[:, 0] for start in range(0, 9600, 240)])
    assert heard[-1] == pytest.approx(0.0, abs=1e-5)
    assert np.abs(np.diff(heard)).max() < 0.003


def test_a_planned_gain_fades_from_its_bar_on_and_follows_the_tempo(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompt", "400")
        s.set("gain/glide", 4.0, "beats")
        start = s.start()
        gain = s.set("gain", -20.0, when=2)
        await s.until(gain.sample + RATE // 2)
        faster = s.tempo(240.0)
        left = 4.0 - (faster.sample - gain.sample) / RATE * 2
        samples.extend((start.sample, gain.sample, faster.sample, round(faster.sample + left * RATE / 4)))
        await s.until(samples[-1] + RATE // 4)
        assert s.player.get("/bridge/deck/{deck}/gain", 1) == (-20.0,)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    _, first, bend, end = samples
    at = np.arange(len(heard))
    beats = np.interp(at, [first, bend, end], [0.0, (bend - first) / RATE * 2, 4.0])
    expected = 0.5 * np.sin(2 * np.pi * 400 * (at - first) / RATE) * 10.0 ** (-beats / 4.0)
    shown = slice(first - 2000, end + 6000)
    assert np.abs(heard[shown] - expected[shown]).max() < 3e-3


def test_what_plays_nowhere_is_set_at_once(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("gain/glide", 60.0, "seconds", deck=None)
        s.set("gain", -20.0, deck=None)
        s.set("prompt", "400")
        start = s.start()
        samples.append(start.sample)
        await s.until(start.sample + RATE // 2)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert np.abs(heard[samples[0] + 4800 : samples[0] + 20000]).max() == pytest.approx(0.05, abs=2e-3)
