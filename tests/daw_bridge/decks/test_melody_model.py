"""Decks on a melody model: what steers their harmony is heard as a recording in front of the sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from daw_bridge.engine.models import load_genmodels
from daw_bridge.engine.protocol import DEFAULT_LOADER
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.sound import recording_of
from daw_bridge.melody.track import PhraseChroma
from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.conditioning.timing import Transport
from genmodels.generate.continuation import Continuation
from tests.daw_bridge.decks.stage import RATE, Stage, perform
from tests.daw_bridge.thread_engine import ThreadEngine
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape, write_model
from tests.genmodels.checkpoints.conftest import own_cache, t5_folder

__all__ = ["own_cache", "t5_folder"]

PHRASE = Phrase(tuple(Note(pitch, float(beat), 1.0) for beat, pitch in enumerate((60, 64, 67, 71))), 4.0)
PROMPTS = (WeightedPrompt("warm piano"),)


@pytest.fixture
def checkpoint(tmp_path: Path, t5_folder: Path) -> Path:
    shape = LmShape(t5=str(t5_folder), wav="chroma_stem", segment_duration=4)
    return write_model(tmp_path / "model", shape, CodecShape())


def tokens(voice: Any, frames: int) -> NDArray[np.int64]:
    voice.advance(frames)
    codes: NDArray[np.int64] = np.asarray(voice.codes)
    return codes


def test_a_phrase_is_heard_as_its_recording_and_a_change_of_it_at_its_frame(checkpoint: Path) -> None:
    model = load_genmodels(str(checkpoint), "cpu")
    assert model.takes == frozenset({"text", "chroma"})
    track = PhraseChroma(PHRASE, Transport(120.0))
    told = tokens(model.open(Conditions(PROMPTS, chroma=track), 3, None), 60)
    inside = model._model  # type: ignore[attr-defined]
    plain = Continuation(inside, Conditions(PROMPTS, recording=recording_of(PHRASE, 120.0)), 3)
    assert np.array_equal(told, tokens(plain, 60))
    voice = model.open(Conditions(PROMPTS), 3, None)
    without = tokens(voice, 60)
    assert not np.array_equal(told, without)
    voice.set_conditions(Conditions(PROMPTS, chroma=track), 30)
    later = tokens(voice, 60)
    assert np.array_equal(later[:, :25], without[:, :25])
    assert not np.array_equal(later[:, 30:], without[:, 30:])


def test_a_deck_follows_phrase_chords_and_notes_and_its_take_replays(
    checkpoint: Path, tmp_path: Path
) -> None:
    heard: list[tuple[float, ...]] = []

    async def scene(on: Stage) -> None:
        on.tempo(120.0)
        on.set("phrase", PHRASE.text())
        start = on.start("now")
        await on.until(start.sample + RATE // 4)
        heard.append(on.player.status().decks[0].heard)
        on.set("phrase", "")
        on.set("chords", "Am F")
        await on.until(start.sample + RATE)
        on.set("melody", *(1.0 if pitch == 4 else 0.0 for pitch in range(12)))
        on.tempo(100.0)
        await on.until(start.sample + 2 * RATE)
        on.stop()
        await on.until(start.sample + 3 * RATE)

    sound = perform(scene, tmp_path, model=str(checkpoint), loader=DEFAULT_LOADER, takes=True)
    assert np.abs(sound).max() > 0.0
    assert heard[0][0] == 1.0
    (take,) = (Take(path) for path in folders(tmp_path / TAKES))
    (voice,) = take.voices.values()
    assert len(voice.conditions) >= 3
    result = replay(take, loader=DEFAULT_LOADER, make_engine=ThreadEngine)
    assert result.identical, result
