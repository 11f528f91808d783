from __future__ import annotations

import pytest

from daw_bridge.clock import ManualSource
from daw_bridge.clock.tap import TapTempo


def taps(source: ManualSource, times: list[float]) -> None:
    for time in times:
        source.tap(time)


def test_two_taps_give_a_tempo_and_four_the_beat() -> None:
    source = ManualSource(120.0)
    taps(source, [1.0, 1.6])
    reading = source.read(1.6)
    assert (reading.tempo, reading.line) == (pytest.approx(100.0), None)
    taps(source, [2.2, 2.8])
    line = source.read(2.8).line
    assert line is not None
    assert line.beat_at(3.4) == pytest.approx(round(line.beat_at(3.4)))


def test_taps_are_averaged() -> None:
    source = ManualSource()
    taps(source, [0.0, 0.52, 0.98, 1.51, 2.0, 2.49, 3.01, 3.5])
    assert source.read(3.5).tempo == pytest.approx(120.0, rel=0.01)


def test_a_pause_begins_anew() -> None:
    source = ManualSource()
    taps(source, [0.0, 1.0, 5.0])
    assert source.read(5.0).tempo == 60.0
    source.tap(5.5)
    assert source.read(5.5).tempo == pytest.approx(120.0)


def test_a_tap_left_out_is_a_beat_and_a_bounce_is_none() -> None:
    tempo = TapTempo()
    for time in (0.0, 0.5, 1.0, 1.03, 1.5, 2.5, 3.0):
        bpm, _ = tempo.tap(time)
    assert bpm == pytest.approx(120.0, rel=0.01)


def test_taps_of_an_impossible_tempo_change_nothing() -> None:
    source = ManualSource(110.0)
    taps(source, [0.0, 0.12, 0.24])
    assert source.read(0.3).tempo == 110.0


def test_a_tempo_set_ends_the_tapping() -> None:
    source = ManualSource()
    taps(source, [0.0, 0.6, 1.2, 1.8])
    source.set_tempo(90.0)
    reading = source.read(2.0)
    assert (reading.tempo, reading.line) == (90.0, None)


@pytest.mark.parametrize("bpm", [0.0, -5.0, float("nan"), float("inf")])
def test_impossible_tempo_is_refused(bpm: float) -> None:
    with pytest.raises(ValueError, match="BPM"):
        ManualSource().set_tempo(bpm)
