"""What comes out of the daemon: it sounds, follows, keeps the beat and stops."""

from __future__ import annotations

import time

import numpy as np
import pytest

from daw_bridge.audio import analysis
from tests.rig.conftest import Rig
from tests.rig.recorder import Recording

pytestmark = pytest.mark.rig

PROMPT = "drums only, straight rock beat"


def play(rig: Rig, prompt: str, tempo: float, seconds: float, when: str = "now") -> Recording:
    """Start deck 1 and return so many seconds from its first sounding sample on."""
    rig.client.ask("/bridge/tempo", tempo)
    rig.client.ask("/bridge/deck/1/prompt", prompt)
    rig.client.ask("/bridge/deck/1/start", when)
    first = rig.recorder.wait_for_sound(timeout=6.0)
    rig.recorder.record(seconds + 0.2)
    return rig.recorder.take(first, first + round(seconds * rig.recorder.rate))


def test_music_sounds_soon_after_start_and_without_a_gap(rig: Rig) -> None:
    rig.client.ask("/bridge/deck/1/prompt", PROMPT)
    sent = rig.recorder.frame_at(rig.client.send("/bridge/deck/1/start", "now"))
    first = rig.recorder.wait_for_sound(timeout=6.0)
    assert (first - sent) / rig.recorder.rate < 1.5
    rig.recorder.record(6.0)
    heard = rig.recorder.take(first, first + 6 * rig.recorder.rate)
    assert 0.005 < analysis.rms(heard.samples) < 0.5
    assert analysis.clipped(heard.samples) == 0
    assert analysis.longest_silence(heard.marked, heard.rate) < 0.05


def test_start_is_acknowledged_with_the_bar_line_at_which_it_sounds(rig: Rig) -> None:
    rig.client.ask("/bridge/tempo", 120.0)
    rig.client.ask("/bridge/deck/1/prompt", PROMPT)
    ack = rig.client.ask("/bridge/deck/1/start", "1M")
    assert ack.address == "/bridge/ack"
    promised = rig.recorder.frame_at(ack.at + float(ack.values[2]))
    assert float(ack.values[1]) % 4 == pytest.approx(0.0, abs=1e-3)
    first = rig.recorder.wait_for_sound(timeout=6.0)
    assert (first - promised) / rig.recorder.rate == pytest.approx(0.0, abs=0.1)


@pytest.mark.slow
def test_the_same_seed_plays_the_same_until_the_prompt_changes_and_the_change_is_heard(rig: Rig) -> None:
    rig.client.ask("/bridge/deck/1/seed", 7)
    unchanged = play(rig, PROMPT, 120.0, 4.0, when="1M")
    rig.stop_playing()
    rig.recorder.clear()
    rig.client.ask("/bridge/deck/1/start", "1M")
    first = rig.recorder.wait_for_sound(timeout=6.0)
    time.sleep(1.3)
    changed_at = rig.recorder.frame_at(rig.client.send("/bridge/deck/1/prompt", "solo piano ballad"))
    time.sleep(2.5)
    changed = rig.recorder.take(first, first + len(unchanged.samples))
    difference = analysis.first_difference(unchanged.marked, changed.marked)
    assert difference is not None, "the prompt change was not heard"
    delay = (first + difference - changed_at) / rig.recorder.rate
    assert 0.0 < delay < 1.0


def test_stop_is_silent(rig: Rig) -> None:
    play(rig, PROMPT, 120.0, 1.0)
    rig.client.ask("/bridge/deck/1/stop", "now")
    time.sleep(0.5)
    silence = rig.recorder.record(1.0)
    assert float(np.abs(silence.samples).max()) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("tempo", [84.0, 124.0])
def test_captured_beat_agrees_with_the_tempo_asked_for(rig: Rig, tempo: float) -> None:
    heard = play(rig, PROMPT, tempo, 16 * 60 / tempo + 1.0)
    envelope = analysis.onset_envelope(heard.mono, heard.rate)
    estimate = analysis.tempo_error(envelope, tempo)
    assert estimate.bpm == pytest.approx(tempo, rel=0.015)
    assert estimate.salience > 1.25
    beats = np.arange(0.0, 16 * 60 / tempo, 60 / tempo)
    agreement = analysis.beat_agreement(analysis.onset_times(envelope), beats)
    assert agreement.beats_hit > 0.6
    assert abs(agreement.median_error) < 0.03
