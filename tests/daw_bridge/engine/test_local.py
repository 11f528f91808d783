import os
import queue
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.engine import local
from daw_bridge.engine.base import ENDED
from daw_bridge.engine.local import LocalEngine
from daw_bridge.engine.protocol import (
    Advance,
    CloseDeck,
    DeckOpened,
    Event,
    Failed,
    Load,
    Loaded,
    OpenDeck,
    Produced,
    RollBack,
    RolledBack,
    SetConditions,
)
from daw_bridge.engine.ring import NAME_PREFIX
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from tests.daw_bridge.fake_model import DELAY, HOP, LOADER, LOOKAHEAD, RATE, sine


def pitch(hertz: int) -> Conditions:
    return Conditions(prompts=(WeightedPrompt(str(hertz)),))


class Bench:
    """An engine and what it said."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.engine = LocalEngine(self.events.put)
        self.engine.start()

    def wait(self, *kinds: type, timeout: float = 30.0) -> Event:
        deadline = time.monotonic() + timeout
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(event, kinds):
                return event

    def produced(self, deck: int, samples: int, epoch: int = 0) -> Produced:
        while True:
            event = self.wait(Produced, Failed)
            assert isinstance(event, Produced), event
            if event.deck == deck and event.epoch == epoch and event.samples_end >= samples:
                return event


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    bench = Bench()
    bench.engine.send(Load("fake", loader=LOADER))
    yield bench
    bench.engine.stop()
    assert not list(Path("/dev/shm").glob(f"{NAME_PREFIX}{os.getpid()}_*"))


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.stop()


def test_load_answers_with_the_models_measures(shared: Bench) -> None:
    loaded = shared.wait(Loaded)
    assert isinstance(loaded, Loaded)
    assert (loaded.sample_rate, loaded.hop_length, loaded.frame_rate) == (RATE, HOP, 50.0)
    assert (loaded.lookahead_frames, loaded.max_delay) == (LOOKAHEAD, DELAY)
    assert loaded.realtime_factor > 10


def test_pcm_lies_in_the_ring_at_its_sample_and_tokens_come_with_it(shared: Bench) -> None:
    ring = shared.engine.create_ring(RATE)
    shared.engine.send(OpenDeck(1, 7, pitch(200), ring.info))
    shared.engine.send(Advance(1, 60))
    columns = []
    while (event := shared.wait(Produced)).samples_end < 58 * HOP:
        columns.append(event.tokens)
    columns.append(event.tokens)
    assert event.samples_end == 58 * HOP
    assert np.concatenate(columns, 1).shape == (4, 60)
    start = 58 * HOP - RATE // 2
    assert np.array_equal(ring.read(start, RATE // 2)[:, 0], sine(200, start, RATE // 2))
    shared.engine.send(CloseDeck(1))
    shared.engine.release_ring(ring)


def test_conditions_from_an_earlier_frame_rewrite_the_rest(shared: Bench) -> None:
    ring = shared.engine.create_ring(2 * RATE)
    shared.engine.send(OpenDeck(2, 7, pitch(200), ring.info))
    shared.engine.send(Advance(2, 80))
    shared.produced(2, 78 * HOP)
    shared.engine.send(SetConditions(2, 1, 40, pitch(400)))
    back = shared.wait(RolledBack)
    assert back == RolledBack(2, 1, 38 * HOP)
    shared.produced(2, 78 * HOP, epoch=1)
    assert np.array_equal(ring.read(0, 40 * HOP)[:, 0], sine(200, 0, 40 * HOP))
    assert np.array_equal(ring.read(40 * HOP, 38 * HOP)[:, 0], sine(400, 40 * HOP, 38 * HOP))
    shared.engine.send(RollBack(2, 2, 50))
    assert shared.wait(RolledBack) == RolledBack(2, 2, 48 * HOP)
    assert shared.produced(2, 48 * HOP, epoch=2).first_frame == 50
    shared.engine.send(CloseDeck(2))
    shared.engine.release_ring(ring)


def test_conditions_for_a_later_frame_keep_what_is_there(shared: Bench) -> None:
    ring = shared.engine.create_ring(RATE)
    shared.engine.send(OpenDeck(3, 7, pitch(200), ring.info))
    shared.engine.send(Advance(3, 20))
    shared.produced(3, 18 * HOP)
    shared.engine.send(SetConditions(3, 1, 30, pitch(300)))
    assert shared.wait(RolledBack) == RolledBack(3, 1, 18 * HOP)
    assert shared.produced(3, 18 * HOP, epoch=1).samples_end == 18 * HOP
    shared.engine.send(CloseDeck(3))
    shared.engine.release_ring(ring)


def test_a_prompt_of_tokens_becomes_the_first_frames(shared: Bench) -> None:
    ring = shared.engine.create_ring(RATE)
    tokens = np.full((4, 10), 250, np.int16)
    shared.engine.send(OpenDeck(4, 7, pitch(500), ring.info, prompt=tokens))
    shared.engine.send(Advance(4, 22))
    event = shared.produced(4, 20 * HOP)
    assert np.array_equal(ring.read(10 * HOP, 10 * HOP)[:, 0], sine(500, 10 * HOP, 10 * HOP))
    assert event.first_frame >= 10
    shared.engine.send(CloseDeck(4))
    shared.engine.release_ring(ring)


def test_background_decks_wait_for_the_others(shared: Bench) -> None:
    rings = [shared.engine.create_ring(RATE) for _ in range(2)]
    shared.engine.send(OpenDeck(5, 7, pitch(100), rings[0].info, background=True))
    shared.engine.send(OpenDeck(6, 7, pitch(100), rings[1].info))
    shared.engine.send(Advance(6, 200))
    shared.engine.send(Advance(5, 200))
    ends = []
    while not ends or ends[-1].samples_end < 198 * HOP or ends[-1].deck != 5:
        event = shared.wait(Produced)
        assert isinstance(event, Produced)
        ends.append(event)
    assert [e.deck for e in ends] == sorted((e.deck for e in ends), reverse=True)
    for deck, ring in zip((5, 6), rings, strict=True):
        shared.engine.send(CloseDeck(deck))
        shared.engine.release_ring(ring)


def test_an_error_in_one_deck_closes_only_that_deck(bench: Bench) -> None:
    bench.engine.send(Load("fake:fail=60", loader=LOADER))
    bench.wait(Loaded)
    ring = bench.engine.create_ring(2 * RATE)
    for deck in (1, 2):
        bench.engine.send(OpenDeck(deck, 7, pitch(100), ring.info))
    bench.engine.send(Advance(1, 80))
    failed = bench.wait(Failed)
    assert isinstance(failed, Failed)
    assert failed.deck == 1
    assert "told to fail" in failed.what
    bench.engine.send(Advance(2, 20))
    assert bench.produced(2, 18 * HOP).samples_end == 18 * HOP


def test_a_model_that_cannot_be_loaded_is_named(bench: Bench) -> None:
    bench.engine.send(Load("fake:absent", loader=LOADER))
    failed = bench.wait(Failed)
    assert isinstance(failed, Failed)
    assert failed.deck is None
    assert "fake:absent" in failed.what
    ring = bench.engine.create_ring(RATE)
    bench.engine.send(OpenDeck(1, 7, pitch(100), ring.info))
    assert bench.wait(Failed, DeckOpened) == Failed(1, "RuntimeError: no model is loaded")


def test_a_killed_worker_is_noticed_and_stop_leaves_nothing(bench: Bench) -> None:
    bench.engine.send(Load("fake", loader=LOADER))
    bench.wait(Loaded)
    bench.engine.create_ring(RATE)
    assert bench.engine.pid is not None
    os.kill(bench.engine.pid, signal.SIGKILL)
    failed = bench.wait(Failed, timeout=2.0)
    assert isinstance(failed, Failed)
    assert failed.what.startswith(ENDED)
    assert "-9" in failed.what
    bench.engine.send(Advance(1, 10))
    began = time.monotonic()
    bench.engine.stop()
    assert time.monotonic() - began < 2.0
    assert not list(Path("/dev/shm").glob(f"{NAME_PREFIX}{os.getpid()}_*"))


def test_a_worker_whose_gpu_failed_ends_itself_and_the_next_one_plays(bench: Bench) -> None:
    bench.engine.send(Load("fake:fault=60", loader=LOADER))
    bench.wait(Loaded)
    pid = bench.engine.pid
    ring = bench.engine.create_ring(2 * RATE)
    bench.engine.send(OpenDeck(1, 7, pitch(100), ring.info))
    bench.engine.send(Advance(1, 80))
    failed = bench.wait(Failed)
    assert isinstance(failed, Failed)
    assert failed.deck is None
    assert failed.what.startswith(ENDED)
    assert "illegal memory access" in failed.what
    bench.engine.restart()
    assert bench.engine.pid != pid
    bench.engine.send(Load("fake", loader=LOADER))
    bench.wait(Loaded)
    bench.engine.send(OpenDeck(2, 7, pitch(100), ring.info))
    bench.engine.send(Advance(2, 80))
    assert bench.produced(2, 70 * HOP).deck == 2


def test_a_worker_that_hangs_is_killed_and_counts_as_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SILENCE_S", 1.0)
    bench.engine.send(Load("fake:hang=60", loader=LOADER))
    bench.wait(Loaded)
    pid = bench.engine.pid
    assert pid is not None
    ring = bench.engine.create_ring(2 * RATE)
    bench.engine.send(OpenDeck(1, 7, pitch(100), ring.info))
    time.sleep(2.0)
    assert bench.engine.pid == pid, "an idle worker is no silent one"
    bench.engine.send(Advance(1, 80))
    failed = bench.wait(Failed, timeout=5.0)
    assert isinstance(failed, Failed)
    assert failed.what.startswith(ENDED)
    assert "no answer for 1 s" in failed.what
    bench.engine.restart()
    bench.engine.send(Load("fake", loader=LOADER))
    assert bench.wait(Loaded, Failed) != failed


def test_a_stopped_worker_that_is_loading_again_is_killed_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "RELOAD_S", 1.0)
    monkeypatch.setattr(local, "RELOAD_SHARE", 0.0)
    bench.engine.send(Load("fake", loader=LOADER))
    bench.wait(Loaded)
    bench.engine.restart()
    assert bench.engine.pid is not None
    os.kill(bench.engine.pid, signal.SIGSTOP)
    failed = bench.wait(Failed, timeout=6.0)
    assert isinstance(failed, Failed)
    assert "no answer" in failed.what


def test_a_fault_in_whoever_takes_the_events_does_not_end_them(caplog: pytest.LogCaptureFixture) -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def take(event: Event) -> None:
        events.put(event)
        raise KeyError("broken")

    engine = LocalEngine(take)
    engine.start()
    try:
        engine.send(Load("fake", loader=LOADER))
        assert isinstance(events.get(timeout=30.0), Loaded)
        engine.send(OpenDeck(1, 7, pitch(100), engine.create_ring(RATE).info))
        assert isinstance(events.get(timeout=5.0), DeckOpened)
    finally:
        engine.stop()
    assert "broken" in caplog.text


def test_stop_ends_a_worker_that_is_still_starting_within_two_seconds() -> None:
    engine = LocalEngine(lambda event: None)
    engine.start()
    pid = engine.pid
    assert pid is not None
    began = time.monotonic()
    engine.stop()
    assert time.monotonic() - began < 2.0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_restart_that_comes_after_the_stop_starts_nothing(bench: Bench) -> None:
    bench.engine.stop()
    bench.engine.restart()
    assert bench.engine.pid is None


def test_a_restart_takes_the_spare_process_which_has_the_model_already(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SPARE_AFTER_S", 0.0)
    engine = LocalEngine(bench.events.put)
    engine.start()
    try:
        engine.send(Load("fake", loader=LOADER))
        bench.wait(Loaded)
        deadline = time.monotonic() + 20.0
        while engine._spare is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert engine._spare is not None
        spare = engine._spare[0].pid
        assert engine.pids == (engine.pid, spare)
        time.sleep(1.0)
        engine.restart()
        assert engine.pid == spare
        engine.send(Load("fake", loader=LOADER))
        bench.wait(Loaded)
    finally:
        engine.stop()
    assert engine._spare is None
    assert engine.pids == ()


def test_a_spare_that_died_is_not_taken_and_stop_leaves_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SPARE_AFTER_S", 0.0)
    engine = LocalEngine(bench.events.put)
    engine.start()
    engine.send(Load("fake", loader=LOADER))
    bench.wait(Loaded)
    while engine._spare is None:
        time.sleep(0.01)
    dead = engine._spare[0]
    assert dead.pid is not None
    number = dead.pid
    os.kill(number, signal.SIGKILL)
    dead.join(5.0)
    engine.restart()
    assert engine.pid not in (None, number)
    engine.send(Load("fake", loader=LOADER))
    bench.wait(Loaded)
    engine.stop()
    assert engine.pid is None
    assert engine._spare is None
