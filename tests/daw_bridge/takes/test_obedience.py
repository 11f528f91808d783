"""What a take's own sound says of what was asked for in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.takes.obedience import harmony, obedience
from daw_bridge.takes.take import Take
from tests.daw_bridge.decks.stage import RATE, Stage
from tests.daw_bridge.takes.scene import takes_of

A, E = "440", "660"


def bar_samples(take: Take, first: int, stop: int) -> tuple[int, int]:
    clock = take.clock
    return clock.sample_at(clock.beat_of_bar(first)), clock.sample_at(clock.beat_of_bar(stop))


async def two_notes(s: Stage) -> None:
    """A for a bar, then E for a bar, as the phrase says; then another phrase that nobody plays."""
    s.tempo(240.0)
    s.set("phrase", "8 A4@0+4 E5@4+4")
    s.set("prompt", A)
    first = s.start()
    s.set("prompt", E, when=2)
    s.set("prompt", A, when=3)
    s.set("phrase", "8 C4@0+4 G4@4+4", when=3)
    s.set("phrase", "", when=5)
    await s.until(first.sample + 6 * RATE)
    s.stop()
    await s.until(first.sample + 6 * RATE + RATE // 4)


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Take:
    return takes_of(tmp_path_factory.mktemp("take"), two_notes)[0]


def test_a_melody_that_is_played_is_told_from_other_orders_and_from_another_melody(take: Take) -> None:
    played = obedience(take, 1, *bar_samples(take, 1, 3)).melody
    another = obedience(take, 1, *bar_samples(take, 3, 5)).melody
    assert played is not None
    assert another is not None
    assert played.asked > 0.8
    assert played.reordered < played.asked - 0.2
    assert another.asked < 0.2


def test_where_no_phrase_was_asked_for_nothing_is_said_of_a_melody(take: Take) -> None:
    assert obedience(take, 1, *bar_samples(take, 5, 7)).melody is None
    assert obedience(take, 2, *bar_samples(take, 1, 3)).melody is None
    asked, heard = harmony(take, 1, *bar_samples(take, 4, 6))
    told = asked.max(axis=1) > 0
    assert told[: len(told) // 2 - 1].all()
    assert not told[len(told) // 2 + 1 :].any()
    assert heard[len(heard) // 4].argmax() == 9


def test_onsets_are_held_against_the_beats_of_a_clock_whose_tempo_changed(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(100.0)
        first = s.start()
        s.set("tempo", 150.0, deck=None, when=3)
        await s.until(first.sample + 11 * RATE)
        s.stop()
        await s.until(first.sample + 11 * RATE + RATE // 4)

    (take,) = takes_of(tmp_path, scene, decks=1)
    sound = 0.001 * np.random.default_rng(0).standard_normal((take.samples, 2))
    hit = np.random.default_rng(1).standard_normal((2400, 1)) * np.exp(-np.arange(2400) / 400)[:, None] / 2
    for beat in range(4, 24):
        at = take.clock.sample_at(take.clock.beat_of_bar(1) + beat - 4) - take.first_sample
        sound[at : at + len(hit)] += hit[: len(sound) - at]
    assert take.sound is not None
    soundfile.write(take.sound, sound, RATE, format="FLAC", subtype="PCM_24")
    figures = obedience(take, 1, *bar_samples(take, 1, 6))
    assert figures.beat is not None
    assert figures.beat.f_measure > 0.9
    assert abs(figures.beat.median_error) < 0.01
    assert figures.faster < 0.6
    assert figures.brightness > 0.5
