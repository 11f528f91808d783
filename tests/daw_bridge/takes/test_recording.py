"""Takes recorded by a real player, with the fake model."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.decks.protocol import Result, When
from daw_bridge.errors import ClipError, TakeError
from daw_bridge.takes.export import export
from daw_bridge.takes.journal import JournalWriter, Record, encode_line
from daw_bridge.takes.library import TAKES
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from tests.daw_bridge.decks.stage import RATE, Stage, pitch
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.takes.scene import takes_of
from tests.daw_bridge.thread_engine import ThreadEngine

NOW = When()


def replayed(take: Take) -> bool:
    return replay(take, loader=LOADER, make_engine=ThreadEngine).identical


async def eventful(s: Stage) -> None:
    s.tempo(240.0)
    s.set("prompt", "400")
    first = s.start()
    await s.until(first.sample + RATE // 2)
    s.set("prompt", "500")
    await s.until(first.sample + RATE)
    s.set("prompt", "600", when="1M")
    s.tempo(200.0)
    s.player.command("/bridge/take/mark", None, ("chorus",), NOW)
    s.player.command("/bridge/take/name", None, ("first night",), NOW)
    s.start(deck=2, when="1M")
    await s.until(first.sample + 3 * RATE)
    s.stop()
    s.stop(deck=2)
    await asyncio.sleep(0.5)


def test_a_take_holds_what_was_done_what_sounded_and_what_to_play_it_again(tmp_path: Path) -> None:
    (take,) = takes_of(tmp_path, eventful, decks=2)
    assert take.ending == "all decks are silent"
    assert (take.name, take.tempo) == ("first night", 200.0)
    assert take.prompts == ["400", "500", "600"]
    assert (take.model["name"], take.model["weights"]) == ("fake", "f00d")
    texts = [event.text for event in take.events]
    for text in ("/bridge/deck/1/start", "/bridge/deck/1/prompts 500 1", "/bridge/tempo 200", "chorus"):
        assert text in texts
    assert "deck 2 playing" in texts
    assert [s.bpm for s in take.clock.tempi] == [240.0, 200.0]
    assert {voice.deck for voice in take.voices.values()} == {1, 2}
    assert replayed(take)


def test_the_sound_is_what_went_out_sample_by_sample_at_its_place(tmp_path: Path) -> None:
    (take,) = takes_of(tmp_path, eventful, decks=2)
    recorded, rate = soundfile.read(tmp_path / "played.wav", dtype="float32")
    kept, _ = soundfile.read(take.sound, dtype="float32")
    assert rate == take.sample_rate
    assert np.abs(kept - recorded[take.first_sample :][: take.samples]).max() < 1.5 / 2**23
    voice = next(iter(take.voices.values()))
    frame, conditions = take.conditions(voice)[1]
    place = take.sample_of(voice, frame) - take.first_sample
    assert conditions.prompts[0].text == "500"
    assert pitch(kept[place - 9600 : place - 2400, 0].astype(float)) == 400
    assert pitch(kept[place + 2400 : place + 9600, 0].astype(float)) == 500


def test_only_what_sounded_counts_as_sounded(tmp_path: Path) -> None:
    take = takes_of(tmp_path, eventful, decks=2)[0]
    for voice in take.voices.values():
        first, stop = take.sounded(voice)
        assert voice.stop is not None
        frames = (voice.stop - voice.start) * 50 / RATE
        assert abs(stop - first - frames) <= 2
        assert voice.tokens.end > stop


def test_each_start_out_of_silence_is_a_take(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        for _ in range(2):
            s.start()
            await asyncio.sleep(0.8)
            s.stop()
            await asyncio.sleep(0.4)
        assert s.player.status().take.state == "waiting"

    takes = takes_of(tmp_path, scene)
    assert len(takes) == 2
    assert all(
        take.clock.bar_beat(take.clock.beat_at(v.start))[0] == 1
        for take in takes
        for v in take.voices.values()
    )
    assert all(map(replayed, takes))


def test_a_new_take_in_the_middle_goes_on_without_a_gap_and_replays_by_itself(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE // 2)
        s.set("prompt", "500")
        await s.until(first.sample + RATE)
        s.player.command("/bridge/take/new", None, (), NOW)
        await s.until(first.sample + 3 * RATE // 2)
        s.set("prompt", "600")
        await s.until(first.sample + 2 * RATE)
        assert s.player.status().take.state == "recording"

    one, two = takes_of(tmp_path, scene)
    assert one.ending == "a new take was asked for"
    assert two.ending == "the daemon ended"
    assert one.first_sample + one.samples == two.first_sample
    voice = next(iter(two.voices.values()))
    assert [c.prompts[0].text for _, c in two.conditions(voice)] == ["400", "500", "600"]
    assert voice.tokens.first > 40
    assert replayed(one)
    assert replayed(two)


def test_a_worker_that_dies_leaves_a_take_that_replays(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE)
        s.player._host.current._engine.die()  # type: ignore[attr-defined]
        await s.until(first.sample + 5 * RATE)
        assert s.state() == "playing"

    (take,) = takes_of(tmp_path, scene)
    first, second = take.voices.values()
    assert (first.prompt, second.prompt is not None) == (None, True)
    assert second.start > first.start
    assert "deck 1 holding" in [event.text for event in take.events] or first.stop is not None
    assert replayed(take)


def test_a_replay_with_other_weights_or_on_other_hardware_says_so(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        first = s.start("now")
        await s.until(first.sample + RATE // 4)

    (take,) = takes_of(tmp_path, scene)
    assert replay(take, loader=LOADER, make_engine=ThreadEngine).warnings == ()
    take.header["model"]["hardware"] = "an abacus"
    take.header["model"]["weights"] = "cafe"
    weights, hardware = replay(take, loader=LOADER, make_engine=ThreadEngine).warnings
    assert "recorded with cafe, here f00d" in weights
    assert "recorded on an abacus, here a loop in Python" in hardware


def test_a_replay_says_where_it_first_differs(tmp_path: Path) -> None:
    take = takes_of(tmp_path, eventful, decks=2)[0]
    voice = take.voices[1]
    frame = 60
    voice.tokens.tokens[2, frame - voice.tokens.first] += 1
    result = replay(take, loader=LOADER, make_engine=ThreadEngine)
    assert not result.identical
    found = result.voices[0].difference
    assert found is not None
    assert (found.frame, found.codebook, found.recorded - found.replayed) == (frame, 2, 1)
    assert found.sample == voice.origin + frame * 960
    assert result.voices[1].difference is None


def test_bars_are_exported_as_an_exact_loop_and_the_whole_with_its_bars(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("key", "A minor")
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + 4 * RATE)

    (take,) = takes_of(tmp_path, scene)
    out = tmp_path / "loop.wav"
    export(take, out, (2, 3))
    facts = json.loads(out.with_suffix(".json").read_text())
    assert soundfile.info(out).frames == 2 * RATE
    assert (facts["tempo"], facts["beats"], facts["key"], facts["loop"]) == (240.0, 8, "A minor", True)
    with soundfile.SoundFile(out) as file:
        assert "smpl" in file.extra_info
    export(take, tmp_path / "whole.flac")
    whole, _ = soundfile.read(tmp_path / "whole.flac", dtype="float32")
    assert np.array_equal(whole, soundfile.read(take.sound, dtype="float32")[0])
    start = take.clock.sample_at(take.clock.beat_of_bar(2)) - take.first_sample
    looped, _ = soundfile.read(out, dtype="float32")
    assert np.abs(looped[:-600] - whole[start : start + 2 * RATE - 600]).max() < 1e-6
    with pytest.raises(TakeError, match=r"whole bars 1\.\.\d, not 2\.\.40"):
        export(take, out, (2, 40))
    export(take, tmp_path / "tokens.npz")
    with np.load(tmp_path / "tokens.npz") as tokens:
        assert (tokens["deck1_voice1"] == 400).all()


def test_the_last_bars_are_grabbed_without_a_take(tmp_path: Path) -> None:
    results: list[Result] = []

    async def scene(s: Stage) -> None:
        s.tempo(240.0)
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE // 2)
        with pytest.raises(ClipError, match="0 whole bars can be had: 2 have not sounded"):
            s.player.command("/bridge/deck/{deck}/grab", 1, (2,), NOW, results.append)
        await s.until(first.sample + 5 * RATE // 2)
        s.player.command("/bridge/deck/{deck}/grab", 1, (2,), NOW, results.append)
        await asyncio.sleep(0.5)

    assert takes_of(tmp_path, scene, takes=False) == []
    assert results[0].error == ""
    path = Path(str(results[0].values[0]))
    assert path.parent == tmp_path / "clips"
    assert path.name == "deck 1 bars 1-2 240bpm.wav"
    sound, rate = soundfile.read(path)
    assert (len(sound), rate) == (2 * RATE, RATE)
    assert pitch(sound[:9600]) == 400
    assert json.loads(path.with_suffix(".json").read_text())["tempo"] == 240.0


def test_commands_about_a_take_are_refused_where_there_is_none(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        for word, args in (("new", ()), ("mark", ("x",)), ("name", ("x",))):
            with pytest.raises(TakeError, match="no take is being recorded"):
                s.player.command(f"/bridge/take/{word}", None, args, NOW)

    takes_of(tmp_path, scene)


def test_on_a_full_disk_the_take_ends_with_a_word_and_the_music_goes_on(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
        try:
            await s.until(first.sample + 4 * RATE)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert s.player.status().take.state == "failed"
        assert s.state() == "playing"
        told = [notice.text for notice in s.notices if notice.kind == "error"]
        assert any("ended" in text and "the music goes on" in text for text in told), told

    (take,) = takes_of(tmp_path, scene, record=None)
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == (soft, hard)
    assert take.samples > 0
    assert replayed(take)


def test_a_take_that_follows_on_a_failed_one_replays_all_that_sounds_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = False

    def append(journal: JournalWriter, *records: Record) -> None:
        lines = b"".join(map(encode_line, records))
        os.write(journal._descriptor, lines[: len(lines) // 2] if full else lines)
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(JournalWriter, "append", append)

    async def failed(s: Stage) -> None:
        while s.player.status().take.state != "failed":
            await asyncio.sleep(0.02)

    async def scene(s: Stage) -> None:
        nonlocal full
        s.set("prompt", "400")
        first = s.start()
        await s.until(first.sample + RATE)
        full = True
        await failed(s)
        s.set("prompt", "500")
        s.set("prompt", "300", deck=2)
        second = s.start("now", deck=2)
        await s.until(second.sample + RATE)
        s.player.command("/bridge/take/new", None, (), NOW)
        assert s.player.status().take.state == "recording"
        await failed(s)
        s.set("prompt", "600")
        await s.until(second.sample + 2 * RATE)
        full = False
        shutil.rmtree(tmp_path / TAKES)
        s.player.command("/bridge/take/new", None, (), NOW)
        await s.until(second.sample + 3 * RATE)
        s.set("prompt", "700")
        await s.until(second.sample + 4 * RATE)

    (take,) = takes_of(tmp_path, scene, decks=2, record=None)
    told = {v.deck: [c.prompts[0].text for _, c in take.conditions(v)] for v in take.voices.values()}
    assert told == {1: ["400", "500", "600", "700"], 2: ["300"]}
    assert all(voice.tokens.end > voice.tokens.first > 0 for voice in take.voices.values())
    assert replayed(take)
