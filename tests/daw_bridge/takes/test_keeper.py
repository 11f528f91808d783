"""What other threads put while one take ends and the next begins."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import wav_file
from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.engine.protocol import Load, Loaded, Produced
from daw_bridge.takes import keeper as module
from daw_bridge.takes.export import export
from daw_bridge.takes.keeper import TakeKeeper
from daw_bridge.takes.library import Limits, folders
from daw_bridge.takes.status import Place
from daw_bridge.takes.take import Take
from genmodels.conditioning.attributes import Conditions

RATE, BLOCK = 8000, 100
MODEL = Loaded("fake", RATE, 160, 50.0, 0, 0, 2.0, "cpu")


class Music:
    """A feeder and a worker whose sound and tokens say which they are: 1, 2, 3 ..."""

    def __init__(self, keeper: TakeKeeper) -> None:
        self._keeper = keeper
        self._blocks, self._frames = itertools.count(), itertools.count()

    def go_on(self) -> None:
        """The next block, and the next frame."""
        start = next(self._blocks) * BLOCK
        values = np.arange(start + 1, start + BLOCK + 1, dtype=np.float32)
        self._keeper.write(start, values[:, None] / np.float32(2**20))
        frame = next(self._frames)
        self._keeper.voices.produced(Produced(1, 0, 0, frame, np.full((1, 1), frame, np.int16)))


@contextmanager
def between_all_lines(do: Callable[[], None]) -> Iterator[None]:
    """Let something happen between any two lines of the keeper, as another thread may."""

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != module.__file__ or frame.f_code.co_name in ("write", "_put"):
            return None
        do()
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        yield
    finally:
        sys.settrace(before)


def playing(root: Path, limits: Limits | None = None) -> tuple[TakeKeeper, Music]:
    """A take that has begun, with a voice that sounds."""
    keeper = TakeKeeper(root, True, limits)
    keeper.prepare(RATE, 1, Load("fake"), MODEL)
    keeper.begin({}, TempoMap(RATE))
    keeper.voices.opened(1, Place(1, 0, 0), 7, Conditions(), None)
    return keeper, Music(keeper)


def ended(root: Path, keeper: TakeKeeper) -> tuple[Take, Take]:
    """Both takes, when the sound is known to be there once, without a gap."""
    keeper.end()
    keeper.close()
    first, second = (Take(folder) for folder in folders(root))
    assert first.first_sample + first.samples == second.first_sample
    heard = np.concatenate([soundfile.read(take.sound)[0] for take in (first, second)])
    assert np.array_equal(np.rint(heard * 2**20), np.arange(1, len(heard) + 1))
    return first, second


def frames(take: Take) -> list[int]:
    tokens = take.voices[1].tokens
    assert tokens.tokens[0].tolist() == list(range(tokens.first, tokens.end))
    return list(range(tokens.first, tokens.end))


def test_a_new_take_loses_nothing_that_comes_while_it_begins(tmp_path: Path) -> None:
    keeper, music = playing(tmp_path)
    music.go_on()
    with between_all_lines(music.go_on):
        keeper.renew({}, TempoMap(RATE))
    music.go_on()
    first, second = ended(tmp_path, keeper)
    assert first.ending == "a new take was asked for"
    told = frames(first) + frames(second)
    assert told == list(range(len(told)))
    assert len(told) > 10


def test_another_models_take_begins_at_its_sample_whatever_comes_meanwhile(tmp_path: Path) -> None:
    keeper, music = playing(tmp_path)
    music.go_on()
    keeper.hold_sound(150)
    music.go_on()
    with between_all_lines(music.go_on):
        keeper.change_model(Load("other"), MODEL, {}, TempoMap(RATE))
    music.go_on()
    first, second = ended(tmp_path, keeper)
    assert first.ending == "another model took over"
    assert second.first_sample == 150
    assert second.samples > 10 * BLOCK


def test_a_take_that_begins_shortly_before_another_model_ends_at_that_models_sample(tmp_path: Path) -> None:
    keeper, music = playing(tmp_path)
    music.go_on()
    keeper.hold_sound(150)
    keeper.renew({}, TempoMap(RATE))
    music.go_on()
    keeper.change_model(Load("other"), MODEL, {}, TempoMap(RATE))
    music.go_on()
    keeper.end()
    keeper.close()
    takes = [Take(folder) for folder in folders(tmp_path)]
    assert [(take.first_sample, take.samples) for take in takes] == [(0, 100), (100, 50), (150, 150)]


@pytest.mark.parametrize("way", ["renew", "change_model", "end"])
def test_old_takes_go_after_each_take_however_it_ends_and_the_one_just_played_stays(
    way: str, tmp_path: Path
) -> None:
    keeper, music = playing(tmp_path, Limits(gigabytes=1e-9))
    music.go_on()
    keeper.end()
    keeper.begin({}, TempoMap(RATE))
    keeper.mark("second", 0, 1, 1.0)
    music.go_on()
    if way == "renew":
        keeper.renew({}, TempoMap(RATE))
    elif way == "change_model":
        keeper.change_model(Load("other"), MODEL, {}, TempoMap(RATE))
    else:
        keeper.end()
    keeper.close()
    second, *third = (Take(folder) for folder in folders(tmp_path))
    assert [event.text for event in second.events] == ["second"]
    assert len(third) == (way != "end")


def test_a_fault_in_pruning_does_not_end_the_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the folder is gone")

    monkeypatch.setattr(module, "prune", fail)
    keeper, music = playing(tmp_path)
    music.go_on()
    keeper.renew({}, TempoMap(RATE))
    music.go_on()
    _, second = ended(tmp_path, keeper)
    assert second.ending == "all decks are silent"


def test_a_take_of_many_channels_goes_on_beyond_what_a_wav_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav_file, "MAX_BYTES", 10 * BLOCK * 16 * 3)
    keeper = TakeKeeper(tmp_path / "takes", True)
    keeper.prepare(RATE, 16, Load("fake"), MODEL)
    keeper.begin({}, TempoMap(RATE))
    played = np.arange(30 * BLOCK * 16, dtype=np.float32).reshape(-1, 16) / np.float32(2**20)
    for start in range(0, len(played), BLOCK):
        keeper.write(start, played[start : start + BLOCK])
    keeper.end()
    keeper.close()
    assert keeper.status.state == "waiting"
    (take,) = (Take(folder) for folder in folders(tmp_path / "takes"))
    export(take, tmp_path / "whole.wav")
    assert take.sound is not None
    assert take.samples == len(played)
    for path in (take.sound, tmp_path / "whole.wav"):
        assert soundfile.info(path).format == "RF64"
        assert np.array_equal(soundfile.read(path, dtype="float32")[0], played)
