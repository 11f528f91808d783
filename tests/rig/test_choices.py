"""Look-ahead choices of the real model, on an output of four channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.soak.silence import silent_runs
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient
from tests.rig.recorder import Recorder

pytestmark = pytest.mark.rig

BARS, BAR_S = 2, 1.0
Channel = npt.NDArray[np.float32]


def state(client: OscClient) -> tuple[object, ...]:
    return client.ask("/bridge/deck/1/choices/state").values


def where(piece: Channel, sound: Channel) -> int:
    """The sample of a sound at which a piece is most alike to it."""
    count = len(piece) + len(sound)
    alike = np.fft.irfft(np.fft.rfft(sound, count) * np.conj(np.fft.rfft(piece, count)), count)
    return int(np.argmax(alike[: len(sound) - len(piece)]))


@contextmanager
def four_channels(data: Path) -> Iterator[tuple[Recorder, OscClient]]:
    """A daemon on four channels at 240 BPM, recorded."""
    with (
        JackServer(channels=4) as server,
        Daemon(f"data={data}", "channels=4", env=server.env) as daemon,
        Recorder(server.name, channels=4) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        client.ask("/bridge/tempo", 240.0)
        yield recorder, client


def wait_for_choices(client: OscClient, count: int) -> None:
    deadline = time.monotonic() + 60.0
    while state(client)[:4] != ("ready", count, count, BARS):
        assert time.monotonic() < deadline, state(client)
        time.sleep(0.1)


@pytest.mark.slow
def test_a_choice_is_heard_on_channels_3_and_4_and_the_deck_begins_with_it_as_it_was_heard(
    tmp_path: Path,
) -> None:
    with four_channels(tmp_path) as (recorder, client):
        client.ask("/bridge/deck/1/prompt", "drums only, straight rock beat")
        assert client.ask("/bridge/deck/1/choices", 2, BARS).address == "/bridge/ack"
        wait_for_choices(client, 2)
        client.ask("/bridge/deck/1/cue", 2)
        begun = recorder.wait_for_sound(timeout=6.0)
        recorder.record(2.2 * BARS * BAR_S)
        cued = recorder.take(begun, recorder.now() - recorder.rate // 10).samples
        ack = client.ask("/bridge/deck/1/commit", 2)
        assert ack.address == "/bridge/ack"
        promised = recorder.frame_at(ack.at + float(ack.values[2]))
        recorder.record(float(ack.values[2]) + BARS * BAR_S)
        played = recorder.take(promised - recorder.rate // 4, None)
        assert state(client)[:2] == ("none", 0)

    assert not cued[:, :2].any()
    assert np.array_equal(cued[:, 2], cued[:, 3])
    main = played.samples[:, 0]
    start = int(np.flatnonzero(main)[0])
    assert abs(start - played.rate // 4) < 0.1 * played.rate
    # what the deck begins with is what the cue repeated, sample by sample
    piece = main[start + played.rate // 8 : start + played.rate]
    at = where(piece, cued[:, 2])
    assert np.abs(cued[at : at + len(piece), 2] - piece).max() < 1e-6


@pytest.mark.slow
def test_a_choice_is_taken_at_its_bar_while_the_deck_plays_without_a_silent_sample(tmp_path: Path) -> None:
    with four_channels(tmp_path) as (recorder, client):
        client.ask("/bridge/deck/1/prompt", "driving techno")
        started = client.ask("/bridge/deck/1/start", "1M")
        first = recorder.wait_for_sound(timeout=6.0)
        client.ask("/bridge/deck/1/choices", 2, BARS)
        wait_for_choices(client, 2)
        client.ask("/bridge/deck/1/cue", 2)
        time.sleep(2.2 * BARS * BAR_S)
        commit = client.ask("/bridge/deck/1/commit", 2)
        time.sleep(float(commit.values[2]) + BARS * BAR_S)
        heard = recorder.take(first, recorder.now() - recorder.rate // 10)
        assert state(client)[:2] == ("none", 0)

    main, cue = heard.samples[:, 0], heard.samples[:, 2]
    silent, _ = silent_runs(heard.samples[:, :2], heard.known, 0)
    assert silent == []
    bar = round(BAR_S * heard.rate)
    bars = (float(commit.values[1]) - float(started.values[1])) * BAR_S / 4
    assert bars == int(bars)
    line = int(bars) * bar
    # what the deck goes on with is, to the sample, what the cue repeated some bars before
    late = slice(line + bar // 8, line + bar)
    at = where(main[late], cue[:line])
    assert (late.start - at) % bar == 0
    differs = np.flatnonzero(np.abs(main[late.start - at :] - cue[: len(cue) - late.start + at]) > 1e-6)
    differs += late.start - at
    taken = int(differs[differs < late.start][-1]) + 1
    # it is whole when what it follows on has been faded out
    assert abs(taken - line) < 0.02 * heard.rate
    assert not (differs[(differs >= taken) & (differs < line + BARS * bar - bar // 4)]).size
