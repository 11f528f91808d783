"""Look-ahead choices with the fake model, judged by what the player gave out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.decks.protocol import Ack, ChoicesStatus, When
from daw_bridge.engine.base import OnEvent
from daw_bridge.errors import EngineError, ParameterError, ScheduleError
from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from tests.daw_bridge.decks.stage import RATE, Stage, pitch, stage
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.thread_engine import ThreadEngine

DECK = "/bridge/deck/{deck}/"
Heard = NDArray[np.float64]


def ask(s: Stage, word: str, *args: int, when: str | int = "1M", deck: int = 1) -> Ack:
    asked = When(NOW, when) if isinstance(when, int) else When(Quantum.parse(when))
    return s.player.command(DECK + word, deck, args, asked)


def choices(s: Stage, deck: int = 1) -> ChoicesStatus:
    return s.player.status().decks[deck - 1].choices


async def ready(s: Stage, deck: int = 1) -> None:
    while choices(s, deck).state != "ready":
        await asyncio.sleep(0.01)


def heard_of(folder: Path, scene: Callable[[Stage], Awaitable[None]], **options: object) -> Heard:
    """All that a scene gave out, [samples, channels]."""

    async def play() -> Heard:
        async with stage(folder, **{"channels": 4, "model": "fake:bars", **options}) as s:  # type: ignore[arg-type]
            await scene(s)
            return s.heard().astype(np.float64)

    return asyncio.run(play())


async def playing(s: Stage, bpm: float = 240.0, beats: float = 2.0) -> Ack:
    """Deck 1 has played for some beats."""
    s.tempo(bpm)
    s.set("prompt", "400")
    start = s.start()
    await s.until(start.sample + round(beats * 60 / bpm * RATE))
    return start


def beats_of(heard: Heard, bar: int, channel: int, count: int = 4) -> list[float]:
    """Hz in the middle of the beats of a bar of a second that begins at output sample ``bar``."""
    beat = RATE // 4
    return [pitch(heard[bar + n * beat + 3000 : bar + (n + 1) * beat - 3000, channel]) for n in range(count)]


def in_time(base: float) -> list[float]:
    return [base + 1000 * n for n in range(4)]


def test_choices_are_heard_on_the_cue_alone_and_in_time_and_one_goes_on_as_cued(tmp_path: Path) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        start = await playing(s)
        assert choices(s) == ChoicesStatus()
        ask(s, "choices", 3, 2)
        assert choices(s).state == "preparing"
        await ready(s)
        assert choices(s) == ChoicesStatus("ready", 3, 3, 2)
        ask(s, "cue", 2)
        assert choices(s).cued == 2
        loops = 1 + (s.player._output.written - start.sample) // (2 * RATE)
        line = start.sample + 2 * RATE * loops
        await s.until(line + 2 * RATE)
        ack = ask(s, "commit", 2)
        assert (ack.sample - start.sample) % RATE == 0
        assert 0.0 < ack.seconds <= 1.2
        assert (choices(s).committed, choices(s).bar) == (2, ack.bar)
        assert s.player.status().decks[0].following.name == "commit"  # type: ignore[union-attr]
        await s.until(ack.sample + 5 * RATE // 2)
        assert choices(s) == ChoicesStatus()
        at.extend((start.sample, line, ack.sample))

    heard = heard_of(tmp_path, scene)
    start, line, commit = at
    main, cue = heard[:, 0], heard[:, 2]
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert np.array_equal(heard[:, 2], heard[:, 3])
    assert beats_of(heard, line, 0) == in_time(400)
    assert beats_of(heard, line, 2) == in_time(500)
    assert beats_of(heard, commit - RATE, 0) == in_time(400)
    assert beats_of(heard, commit, 0) == in_time(500)
    # beyond what was prepared it goes on
    assert beats_of(heard, commit + 2 * RATE, 0, 1) == [500]
    sounding = slice(commit + 500, commit + 2 * RATE - 2000)
    assert np.array_equal(main[sounding], cue[line + 500 : line + 2 * RATE - 2000])
    assert not cue[: start + RATE // 2].any()
    assert not cue[commit + RATE // 4 :].any()
    levels = [np.abs(main[n : n + 480]).max() for n in range(start + 480, len(main) - 24000, 480)]
    assert min(levels) > 0.3
    # no step in the cue is larger than those of its sine
    steps = np.abs(np.diff(cue[line : line + 2 * RATE]))
    assert steps.max() < 1.2 * 0.5 * 2 * np.pi * 3500 / RATE


def test_recordings_and_takes_lack_the_cue_even_where_it_shares_the_channels(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        s.set("cue/outputs", 1, 2, deck=None)
        s.set("cue/gain", -6.0, deck=None)
        s.set("gain", -60.0, deck=None)
        ask(s, "choices", 1, 1)
        await ready(s)
        ask(s, "cue", 1)
        await s.until(s.player._output.written + RATE)

    heard = heard_of(tmp_path, scene, channels=2, takes=True)
    recorded, _ = soundfile.read(tmp_path / "played.wav")
    (take,) = [Take(path) for path in folders(tmp_path / TAKES)]
    kept, _ = soundfile.read(take.sound)
    last = slice(-RATE // 2, -RATE // 4)
    assert np.abs(heard[last]).max() == pytest.approx(0.25, abs=0.01)
    assert np.abs(recorded[last]).max() < 1e-4
    assert np.abs(kept[last]).max() < 1e-4
    assert np.abs(recorded[RATE // 2 : RATE]).max() > 0.4


def test_what_cannot_be_had_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        with pytest.raises(ParameterError, match="none: there are no choices, see /bridge/deck/1/choices"):
            ask(s, "commit", 1)
        with pytest.raises(ParameterError, match=r"cue/outputs: \(5, 2\) is refused.*within 1\.\.4"):
            s.set("cue/outputs", 5, 2, deck=None)
        assert s.player.get("/bridge/cue/outputs", None) == (3, 2)
        s.tempo(40.0)
        with pytest.raises(ParameterError, match=r"choices: 4 is refused: allowed is 1\.\.3 bars at 40 BPM"):
            ask(s, "choices", 2, 4)
        await playing(s)
        ask(s, "choices", 4, 8)
        with pytest.raises(ScheduleError, match="choice 4 of deck 1 is not there yet: 0 of 4 are ready"):
            ask(s, "commit", 4)
        await ready(s)
        with pytest.raises(ScheduleError, match="bar 1 cannot be reached"):
            ask(s, "commit", 1, when=1)
        ask(s, "choices", 2, 1)
        with pytest.raises(ParameterError, match=r"1\.\.2, see"):
            ask(s, "cue", 3)
        s.set("cue/outputs", 0, 2, deck=None)
        with pytest.raises(ParameterError, match="0 while the cue has no outputs: set /bridge/cue/outputs"):
            ask(s, "cue", 1)
        await ready(s)
        assert choices(s) == ChoicesStatus("ready", 2, 2, 1)
        ask(s, "choices", 0, 4)
        assert choices(s) == ChoicesStatus()
        assert s.state() == "playing"

    heard = heard_of(tmp_path, scene, model="fake:ms=1")
    assert not heard[:, 2:].any()


def test_on_a_stereo_output_the_cue_has_no_outputs_at_first(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        assert s.player.get("/bridge/cue/outputs", None) == (0, 2)
        with pytest.raises(ParameterError, match=r"within 1\.\.2"):
            s.set("cue/outputs", 3, 2, deck=None)
        await s.until(RATE // 10)

    heard_of(tmp_path, scene, channels=2)


@pytest.mark.parametrize("change", ["tempo", "prompt"])
def test_choices_are_prepared_anew_when_what_they_speak_of_changes(tmp_path: Path, change: str) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        await playing(s, bpm=200.0)
        ask(s, "choices", 2, 1)
        await ready(s)
        ask(s, "cue", 1)
        ack = s.tempo(240.0) if change == "tempo" else s.set("prompt", "700")
        while choices(s).state != "changed":
            await asyncio.sleep(0.01)
        assert (choices(s).ready, choices(s).cued) == (0, 1)
        await s.until(ack.sample)
        await ready(s)
        s.tempo(240.0)
        await s.until(s.player._output.written + RATE // 2)
        await ready(s)
        await s.until(s.player._output.written + RATE)
        commit = ask(s, "commit", 1)
        at.append(commit.sample)
        await s.until(commit.sample + 3 * RATE // 2)

    heard = heard_of(tmp_path, scene)
    base = 400 if change == "tempo" else 700
    assert beats_of(heard, at[0] - RATE, 2) == in_time(base + 50)
    assert beats_of(heard, at[0], 0) == in_time(base + 50)


def test_a_tempo_change_after_the_commit_moves_the_choice_and_plays_it_in_time(tmp_path: Path) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        start = await playing(s, bpm=200.0)
        ask(s, "choices", 2, 2)
        await ready(s)
        bar = 3 + s.player.status().bar
        ask(s, "commit", 2, when=bar)
        s.tempo(240.0)
        await s.until(start.sample + RATE)
        while choices(s).committed:
            await asyncio.sleep(0.01)
        run = s.player._parts.decks[0]._runs[-1]  # type: ignore[union-attr]
        assert run.begins_by == "commit"
        assert s.player._parts.clock.moment(run.start).bar == bar  # type: ignore[union-attr]
        at.append(run.start)
        await s.until(run.start + 5 * RATE // 2)

    heard = heard_of(tmp_path, scene)
    assert beats_of(heard, at[0], 0) == in_time(500)
    assert beats_of(heard, at[0] + RATE, 0) == in_time(500)
    main = heard[:, 0]
    assert min(np.abs(main[n : n + 480]).max() for n in range(at[0] - RATE, at[0] + RATE, 480)) > 0.3


def test_a_commit_can_be_cancelled_replaced_and_overtaken_by_a_stop(tmp_path: Path) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 3, 1)
        await ready(s)
        bar = s.player.status().bar
        ask(s, "commit", 1, when=bar + 2)
        s.cancel("commit")
        await asyncio.sleep(0.05)
        assert choices(s) == ChoicesStatus("ready", 3, 3, 1)
        ask(s, "commit", 1, when=bar + 4)
        first = ask(s, "commit", 3, when=bar + 3)
        assert (choices(s).committed, choices(s).bar) == (3, bar + 3)
        s.stop("now")
        await asyncio.sleep(0.05)
        assert (s.state(), choices(s).committed) == ("stopped", 0)
        await ready(s)
        await s.until(first.sample + RATE // 2)
        # a deck that stands still goes on with what it might have gone on with
        again = ask(s, "commit", 3)
        at.extend((first.sample, again.sample))
        await s.until(again.sample + RATE)

    heard = heard_of(tmp_path, scene)
    first, again = at
    assert not heard[first + 1000 : first + RATE // 4, 0].any()
    assert beats_of(heard, again, 0) == in_time(550)


def test_what_is_committed_comes_though_the_choices_are_let_go_unless_it_is_cancelled(tmp_path: Path) -> None:
    at: list[int] = []

    async def scene(s: Stage) -> None:
        await playing(s)
        for word in ("cancel", "choices"):
            ask(s, "choices", 1, 1)
            await ready(s)
            ack = ask(s, "commit", 1, when=s.player.status().bar + 2)
            ask(s, "choices", 0, 1)
            if word == "cancel":
                s.cancel("commit")
            at.append(ack.sample)
            await s.until(ack.sample + RATE // 2)
        open_now = len(s.player._host.current.voices)
        assert open_now == 1

    heard = heard_of(tmp_path, scene)
    assert beats_of(heard, at[0], 0, 1) == [400]
    assert beats_of(heard, at[1], 0, 1) == [400 + 50 * 5]


def test_a_worker_that_is_lost_takes_no_choice_with_it_nor_what_was_committed(tmp_path: Path) -> None:
    at: list[int] = []
    engines: list[ThreadEngine] = []

    def make(on_event: OnEvent, threads: int) -> ThreadEngine:
        engines.append(ThreadEngine(on_event, threads))
        return engines[-1]

    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 3, 2)
        await ready(s)
        ask(s, "commit", 2, when=s.player.status().bar + 3)
        engines[0].die()
        await asyncio.sleep(0.02)
        if s.player.status().engine == "restarting":
            with pytest.raises(EngineError, match="restarted"):
                ask(s, "commit", 1)
        while s.player.status().engine != "ready":
            await asyncio.sleep(0.01)
        deck = s.player._parts.decks[0]  # type: ignore[union-attr]
        while not deck._runs or deck._runs[-1].begins_by != "commit" or not deck._runs[-1].sounding:
            await asyncio.sleep(0.01)
        at.append(deck._runs[-1].start)
        await s.until(at[0] + 2 * RATE)
        assert choices(s) == ChoicesStatus()

    heard = heard_of(tmp_path, scene, make_engine=make)
    assert beats_of(heard, at[0], 0) == in_time(500)
    main = heard[:, 0]
    assert min(np.abs(main[n : n + 480]).max() for n in range(at[0] - RATE, at[0] + RATE, 480)) > 0.3


def test_a_choice_whose_voice_fails_is_named_and_the_deck_plays_on(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        start = s.start()
        await s.until(start.sample + RATE // 4)
        s.tempo(40.0)
        await asyncio.sleep(0.3)
        ask(s, "choices", 1, 3)
        while not any("choice 1 of deck 1 failed" in n.text for n in s.notices):
            await asyncio.sleep(0.02)
        with pytest.raises(ScheduleError, match="choice 1 of deck 1 failed: RuntimeError"):
            ask(s, "commit", 1)
        assert s.state() == "playing"

    heard_of(tmp_path, scene, model="fake:fail=400")


def test_a_take_with_a_commit_replays_token_for_token(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        await playing(s)
        ask(s, "choices", 2, 1)
        await ready(s)
        commit = ask(s, "commit", 2)
        await s.until(commit.sample + RATE // 2)
        s.set("prompt", "700")
        ask(s, "choices", 3, 1)
        await s.until(commit.sample + 5 * RATE // 2)

    heard_of(tmp_path, scene, takes=True)
    (take,) = [Take(path) for path in folders(tmp_path / TAKES)]
    own, chosen = take.voices.values()
    assert (own.prompt, chosen.prompt is not None) == (None, True)
    assert chosen.tokens.first <= 60
    assert (chosen.tokens.tokens[0, 60 - chosen.tokens.first] - 500) % 1000 == 0
    assert "/bridge/deck/1/commit 2" in [event.text for event in take.events]
    assert replay(take, loader=LOADER, make_engine=ThreadEngine).identical
