"""Decks of sound effects: text alone, short, in a free pulse, on checkpoints of AudioGen's format."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.decks.protocol import Result
from daw_bridge.engine.models import load_genmodels
from daw_bridge.engine.protocol import DEFAULT_LOADER, SetConditions
from daw_bridge.presets import load
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.conditioning.harmony import ConstantChroma
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError
from tests.daw_bridge.decks.stage import RATE, Stage, stage
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape, write_model
from tests.genmodels.checkpoints.conftest import own_cache, t5_folder

__all__ = ["own_cache", "t5_folder"]

CODECS = {
    "16 kHz, 50 Hz": CodecShape(ratios=(8, 5, 4, 2), sample_rate=16000),
    "24 kHz, 75 Hz": CodecShape(ratios=(8, 5, 4, 2), sample_rate=24000),
    "32 kHz, 25 Hz": CodecShape(ratios=(8, 8, 5, 4), sample_rate=32000),
}


@pytest.fixture
def shape(t5_folder: Path) -> LmShape:
    return LmShape(t5=str(t5_folder), solver="audiogen", segment_duration=10)


async def play_an_effect(s: Stage, samples: list[int]) -> None:
    assert s.player.get("/bridge/deck/{deck}/length", 1) == (5.0,)
    assert s.player.get("/bridge/deck/{deck}/transport/enable", 1) == (False,)
    s.tempo(240.0)
    s.set("length", 0.75)
    s.set("prompt", "rain")
    first = s.start()
    for name, value in (("key", "A minor"), ("chords", "Am F"), ("chroma/enable", True)):
        with pytest.raises(ConditionError, match="no harmony"):
            s.set(name, value)
    with pytest.raises(ConditionError, match="pulse is free"):
        s.set("transport/enable", True)
    await s.until(first.sample + RATE // 4)
    assert s.state() == "playing"
    s.set("prompt", "drums")
    again = s.start("1M")
    assert again.sample == first.sample + RATE
    await s.until(again.sample + RATE + RATE // 4)
    assert s.state() == "stopped"
    assert [n for n in s.notices if n.kind == "error"] == []
    samples.extend((first.sample, again.sample))


@pytest.mark.parametrize("codec", CODECS)
def test_effects_start_on_the_bar_sound_for_their_length_and_end(
    tmp_path: Path, shape: LmShape, codec: str
) -> None:
    model = write_model(tmp_path / "model", shape, CODECS[codec])

    async def play() -> Path:
        samples.clear()
        async with stage(tmp_path, str(model), loader=DEFAULT_LOADER) as on_stage:
            await play_an_effect(on_stage, samples)
        return on_stage.recording

    samples: list[int] = []
    heard = np.abs(soundfile.read(asyncio.run(play()))[0])
    end = round(0.75 * RATE)
    for start in samples:
        assert heard[start + 500 : start + end].max() > 0.0
        assert not heard[start + end + 1000 : start + RATE - 500].any()
    assert not heard[: samples[0]].any()


def test_a_stereo_checkpoint_is_heard_in_stereo_and_rendered_so(tmp_path: Path, shape: LmShape) -> None:
    stereo = replace(shape, stereo=True, n_q=8)
    folder = write_model(tmp_path / "model", stereo, CodecShape(ratios=(8, 5, 4, 2), sample_rate=16000))
    model = folder / "state_dict.bin"

    async def play() -> Path:
        async with stage(tmp_path, str(model), loader=DEFAULT_LOADER) as s:
            results: list[Result] = []
            s.render(results.append, "rain", 1, 240.0, "effect")
            while not results:
                await asyncio.sleep(0.02)
            assert results[0].error == ""
            start = s.start()
            await s.until(start.sample + RATE // 2)
        return s.recording

    heard = soundfile.read(asyncio.run(play()))[0]
    assert np.abs(heard[:, 0] - heard[:, 1]).max() > 0.0
    clip = soundfile.read(tmp_path / "clips" / "effect.wav")[0]
    assert clip.shape == (16000, 2)
    assert np.abs(clip[:, 0] - clip[:, 1]).max() > 0.0


def test_the_window_moves_on_by_two_seconds_and_wrong_conditions_never_end_a_voice(
    tmp_path: Path, shape: LmShape
) -> None:
    folder = write_model(tmp_path / "model", shape, CODECS["16 kHz, 50 Hz"])
    model = load_genmodels(str(folder), "cpu")
    assert (model.kind, model.takes, model.sample_rate) == ("audiogen", frozenset({"text"}), 16000)
    assert model._model.stride_frames == 100  # type: ignore[attr-defined]
    prompts = (WeightedPrompt("rain"),)
    voice = model.open(Conditions(prompts), 1, None)
    voice.advance(30)
    harmony = Conditions(prompts, chroma=ConstantChroma((1.0,) * 12))
    for wrong in (harmony, Conditions(transport=Transport(120.0))):
        with pytest.raises(ConditionError):
            voice.set_conditions(wrong, 20)
    voice.advance(40)
    assert voice.frame == 40


def test_a_worker_plays_on_under_the_earlier_conditions_when_it_refuses_new_ones(tmp_path: Path) -> None:
    events: list[object] = []

    async def play() -> None:
        async with stage(tmp_path, "fake:effects") as s:
            s.set("prompt", "400")
            start = s.start()
            await s.until(start.sample + RATE // 4)
            run = s.player._parts.decks[0]._runs[0]  # type: ignore[union-attr]
            frame = run.earliest_frame(s.player._output.written + RATE // 2)
            epoch = run.begin_change(frame)
            wrong = Conditions(transport=Transport(120.0))
            s.player._host.send(SetConditions(run.number, epoch, frame, wrong))
            await s.until(start.sample + 2 * RATE)
            assert s.state() == "playing"
            events.extend(n.text for n in s.notices if n.kind == "error")

    asyncio.run(play())
    assert len(events) == 1
    assert "plays on as before" in str(events[0])


def test_the_preset_of_effects_is_short_and_free_of_harmony() -> None:
    setup = load("effects")
    values = {address.text: given for address, given in setup.values}
    assert values["/bridge/deck/1/length"] == (5.0,)
    assert not any("chroma" in key or "key" in key or "chords" in key for key in values)
    assert "audiogen" in str(setup.options["model"])
