from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from daw_bridge.engine import worker as worker_module
from daw_bridge.engine.models import EngineModel, _GenModel
from daw_bridge.engine.protocol import (
    Advance,
    CloseDeck,
    Ending,
    Event,
    Failed,
    Load,
    Loaded,
    OpenDeck,
    Ping,
    Pong,
    Produced,
    Promote,
    SetConditions,
    Stats,
)
from daw_bridge.engine.ring import PcmRing
from daw_bridge.engine.worker import MAX_CHUNK_FRAMES, Worker, worker_main
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.generate.continuation import Continuation
from tests.daw_bridge import fake_model
from tests.daw_bridge.fake_model import HOP, LOADER, LOOKAHEAD, RATE, sine
from tests.genmodels.tiny import tiny_musicgen

CONDITIONS = Conditions((WeightedPrompt("100"),))


def test_worker_ignores_ctrl_c_and_exits_when_the_pipe_closes() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=worker_main, args=(theirs,))
    process.start()
    theirs.close()
    assert process.pid is not None
    ours.send(Ping())
    assert ours.poll(30.0)
    assert isinstance(ours.recv(), Pong)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.1)
    assert process.is_alive()
    ours.close()
    process.join(3.0)
    assert process.exitcode == 0


class Time:
    """A clock that only moves when somebody sleeps."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def fakes_time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """What a fake model takes is what it was told to take, on the busiest machine."""
    clock = Time()
    monkeypatch.setattr(fake_model, "time", clock)
    return clock


class Told:
    """A worker in this process with a model that is called as the daemon's would be."""

    names = itertools.count()

    def __init__(self, model: str = "fake", loader: str = LOADER) -> None:
        self.events: list[Event] = []
        self.worker = Worker(self.events.append)
        self.rings: list[PcmRing] = []
        self.worker.handle(Load(model, loader=loader))
        assert isinstance(self.events[-1], Loaded), self.events

    def open(self, deck: int, to_frame: int, background: bool = False) -> None:
        ring = PcmRing.create(RATE, f"{os.getpid()}_worker_{next(self.names)}")
        self.rings.append(ring)
        self.worker.handle(OpenDeck(deck, deck, CONDITIONS, ring.info, background))
        self.worker.handle(Advance(deck, to_frame))

    def chunk(self) -> dict[int, Produced]:
        """What one chunk produced, by deck, in order."""
        before = len(self.events)
        self.worker.generate()
        return {event.deck: event for event in self.events[before:] if isinstance(event, Produced)}

    def close(self) -> None:
        self.worker.close()
        for ring in self.rings:
            ring.close()


@pytest.fixture
def tell() -> Iterator[Callable[..., Told]]:
    """Makes what `Told` is asked for, and closes it."""
    with ExitStack() as stack:

        def make(*asked: str) -> Told:
            told = Told(*asked)
            stack.callback(told.close)
            return told

        yield make


@pytest.fixture
def told(tell: Callable[..., Told]) -> Told:
    return tell()


def test_decks_that_lack_alike_are_generated_together_the_neediest_first(told: Told) -> None:
    told.open(1, 60)
    told.open(2, 100)
    told.open(3, 20)
    assert list(told.chunk()) == [2, 1]
    order = []
    while told.worker.busy:
        order.append(tuple(told.chunk()))
    assert order[0] == (2, 1)
    assert (2, 1, 3) in order
    assert told.chunk() == {}


def test_background_decks_are_generated_together_when_no_other_lacks_anything(told: Told) -> None:
    told.open(1, 50, background=True)
    told.open(2, 50, background=True)
    told.open(3, 7)
    assert [list(told.chunk()) for _ in range(3)] == [[3], [3], [1, 2]]
    told.worker.handle(Advance(3, 10))
    assert list(told.chunk()) == [3]


def test_a_background_deck_that_is_promoted_is_one_like_the_others(told: Told) -> None:
    told.open(1, 50, background=True)
    told.open(2, 50, background=True)
    told.open(3, 50)
    told.worker.handle(Promote(2))
    assert sorted(told.chunk()) == [2, 3]


def test_decks_come_and_go_without_a_break_for_the_others(told: Told) -> None:
    told.open(1, 60)
    ends = [told.chunk()[1].samples_end]
    told.open(2, 60)
    ends.append(told.chunk()[1].samples_end)
    told.worker.handle(CloseDeck(2))
    ends.append(told.chunk()[1].samples_end)
    assert ends == [(MAX_CHUNK_FRAMES * n - LOOKAHEAD) * HOP for n in (1, 2, 3)]
    assert np.array_equal(told.rings[0].read(0, ends[-1])[:, 0], sine(100, 0, ends[-1]))


def test_an_error_in_one_deck_of_a_batch_closes_only_that_deck(tell: Callable[..., Told]) -> None:
    told = tell("fake:fail=36")
    told.open(1, 60)
    told.open(2, 32)
    while told.worker.busy:
        told.chunk()
    failed = [event for event in told.events if isinstance(event, Failed)]
    assert [event.deck for event in failed] == [1]
    assert [e.samples_end for e in told.events if isinstance(e, Produced) and e.deck == 2][-1] == 30 * HOP


def test_a_decks_speed_counts_what_its_batch_took(
    tell: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "STATS_EVERY_S", 0.0)
    told = tell("fake:ms=4")
    for count in (1, 2):
        told.open(count, 400)
        told.events.clear()
        told.chunk()
        speeds = {event.deck: event.realtime_factor for event in told.events if isinstance(event, Stats)}
        # a frame of each of `count` decks takes 4 ms, and plays 20 ms
        assert len(speeds) == count
        assert list(speeds.values()) == pytest.approx([5 / count] * count)


def test_a_command_waits_for_a_short_chunk_only(tell: Callable[..., Told], fakes_time: Time) -> None:
    told = tell("fake:ms=10")
    for deck in range(3):
        told.open(deck, 100)
    began = fakes_time.now
    assert list(told.chunk()) == [0, 1, 2]
    # a frame of each, and not five
    assert fakes_time.now - began == pytest.approx(0.03)


def test_several_decks_of_a_real_model_play_what_each_plays_alone(tell: Callable[..., Told]) -> None:
    told = tell("tiny", "tests.daw_bridge.engine.test_worker:load_tiny")
    for deck in (1, 2, 3):
        told.open(deck, 100)
        told.chunk()
    told.worker.handle(SetConditions(2, 1, 3, Conditions((WeightedPrompt("drums"),))))
    while told.worker.busy:
        told.chunk()
    for deck, ring in enumerate(told.rings, 1):
        alone = Continuation(tiny_musicgen("int8"), CONDITIONS, deck)
        if deck == 2:
            alone.set_conditions(Conditions((WeightedPrompt("drums"),)), 3)
        sound = alone.advance(100)
        np.testing.assert_allclose(ring.read(0, len(sound))[:, 0], sound, atol=1e-5)


def load_tiny(model: str, device: str, precision: str) -> EngineModel:
    """A loader of a model that is quick to make."""
    return _GenModel(model, device, tiny_musicgen("int8"), "musicgen")


def test_a_model_that_was_loaded_ahead_answers_the_same_command_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[str] = []
    load = worker_module.resolve_loader(LOADER)
    monkeypatch.setattr(
        worker_module,
        "resolve_loader",
        lambda _: lambda name, *how: (loads.append(name), load(name, *how))[1],
    )
    events: list[Event] = []
    worker = Worker(events.append)
    worker.preload(Load("fake"))
    assert (loads, events) == (["fake"], [])
    worker.handle(Load("fake"))
    assert loads == ["fake"]
    assert isinstance(events[-1], Loaded)
    worker.handle(Load("fake:stereo"))
    assert loads == ["fake", "fake:stereo"]
    assert isinstance(events[-1], Loaded)
    assert events[-1].channels == 2


def test_the_precision_reaches_the_loader_and_what_cannot_be_had_is_said() -> None:
    events: list[Event] = []
    worker = Worker(events.append)
    worker.handle(Load("fake", loader=LOADER, precision="half"))
    assert isinstance(events[-1], Failed)
    assert "choose 'fp32'" in events[-1].what
    worker.handle(Load("fake", loader=LOADER, precision="fp32"))
    assert isinstance(events[-1], Loaded)
    assert events[-1].precision == "fp32"


def test_a_fault_of_the_gpu_ends_the_worker_and_says_why(tell: Callable[..., Told]) -> None:
    told = tell("fake:fault=36")
    told.open(1, 60)
    told.open(2, 60)
    while not told.worker.ended:
        assert told.worker.busy
        told.chunk()
    assert [event for event in told.events if isinstance(event, Failed)] == []
    assert isinstance(told.events[-1], Ending)
    assert "illegal memory access" in told.events[-1].what
