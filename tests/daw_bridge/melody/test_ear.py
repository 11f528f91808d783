"""Processes that listen, with stand-ins for the input."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from daw_bridge.audio import devices
from daw_bridge.errors import DeviceError
from daw_bridge.melody import ear, ear_process
from daw_bridge.melody.ear import Ear, EarMain
from daw_bridge.melody.ear_process import Deaf, EarEvent, EarLoop, Listening
from daw_bridge.melody.live_chroma import LiveChroma
from tests.daw_bridge.melody.ear_mains import A, dies, hears_an_a

RATE = 32000


def listen(main: EarMain, enough: Callable[[list[EarEvent]], bool]) -> list[EarEvent]:
    """Events until there are enough, and none after the end."""

    async def course() -> list[EarEvent]:
        events: list[EarEvent] = []
        listening = Ear(events.append, main)
        listening.start("mic", 2)
        deadline = time.monotonic() + 20.0
        while not enough(events) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        listening.stop()
        heard = len(events)
        await asyncio.to_thread(listening.join)
        assert not listening.running
        await asyncio.sleep(0.02)
        assert len(events) == heard
        return events

    return asyncio.run(course())


def test_what_the_process_says_comes_to_the_loop_until_it_is_stopped() -> None:
    opened, heard = listen(hears_an_a, lambda events: len(events) >= 2)[:2]
    assert opened == Listening("mic 2", 0.01)
    assert isinstance(heard, tuple)
    assert heard[0].chroma == A


def test_a_process_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ear, "AGAIN_AFTER_S", 0.05)
    events = listen(dies, lambda events: events.count(Listening("mic", 0.0)) >= 2)
    assert isinstance(events[1], Deaf)
    assert events[1].lost


def test_a_process_that_cannot_be_started_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ear, "AGAIN_AFTER_S", 0.02)
    spawn, failures = ear.spawn, [OSError("no memory")]

    def spawned(*args: Any) -> object:
        if failures:
            raise failures.pop()
        return spawn(*args)

    monkeypatch.setattr(ear, "spawn", spawned)
    first, second = listen(hears_an_a, lambda events: len(events) >= 2)[:2]
    assert isinstance(first, Deaf)
    assert "no memory" in first.reason
    assert second == Listening("mic 2", 0.01)


class FakeInput:
    """An input whose sound a test provides; the one named 'absent' is not there."""

    sample_rate = RATE
    latency_s = 0.02
    alive = True
    opened: list[FakeInput]

    def __init__(self, device: str, channel: int) -> None:
        if device == "absent":
            raise DeviceError("sound input 'absent' was not found")
        self.name = device
        self.waiting: list[np.ndarray | None] = []
        self.opened.append(self)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def read(self) -> np.ndarray | None:
        return self.waiting.pop(0) if self.waiting else np.zeros(0, np.float32)

    def time_of(self, sample: int) -> float:
        return 100.0 + sample / RATE


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> list[FakeInput]:
    FakeInput.opened = []
    monkeypatch.setattr(ear_process, "SoundInput", FakeInput)
    monkeypatch.setattr(devices, "refresh", lambda: None)
    return FakeInput.opened


def test_sound_is_told_as_chroma_at_the_time_it_sounded(inputs: list[FakeInput]) -> None:
    events: list[EarEvent] = []
    loop = EarLoop("mic", 1, events.append)
    loop.step()
    wav = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    inputs[0].waiting = [wav[:20000], wav[20000:]]
    loop.step()
    loop.step()
    frames = [frame for event in events[1:] if isinstance(event, tuple) for frame in event]
    assert [frame.at for frame in frames] == pytest.approx([100.0 + n / 50 for n in range(len(frames))])
    assert len(frames) == len(LiveChroma(RATE).push(wav)) > 40
    assert all(frame.chroma == A for frame in frames[8:])


def test_an_input_that_is_lost_is_looked_for_and_opened_again(inputs: list[FakeInput]) -> None:
    events: list[EarEvent] = []
    loop = EarLoop("mic", 1, events.append)
    loop.step()
    inputs[0].alive = False
    loop.step()
    loop.step()
    assert [type(event) for event in events] == [Listening, Deaf, Listening]
    # samples that were lost begin a new count
    inputs[1].waiting = [np.zeros(9000, np.float32), None, np.zeros(9000, np.float32)]
    for _ in range(3):
        loop.step()
    assert [event[0].at for event in events if isinstance(event, tuple)] == [100.0, 100.0]


def test_an_input_that_is_not_there_is_said_and_looked_for(inputs: list[FakeInput]) -> None:
    events: list[EarEvent] = []
    loop = EarLoop("absent", 1, events.append)
    assert loop.step() == ear_process.LOOK_EVERY_S
    assert events == [Deaf("sound input 'absent' was not found", lost=False)]
