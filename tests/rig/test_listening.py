"""The daemon listens to another program on JACK: follows it, captures on the beat, plays nothing of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.melody.chroma_phrase import ChromaPhrase, read_phrase
from tests.rig.conftest import Rig
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient

pytestmark = pytest.mark.rig

INPUT = "/bridge/melody/input"
A = 9


class Singer:
    """The singer's process, from the test's side."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        print(word, file=self.process.stdin, flush=True)


@contextmanager
def singing(server: JackServer) -> Iterator[Singer]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("singer.py"))],
        env=server.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield Singer(process)
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


def until_melody(client: OscClient, wanted: bool, timeout: float = 5.0) -> None:
    """Wait until the deck is told of an A and nothing else, or of nothing."""
    deadline = time.monotonic() + timeout
    expected = {A} if wanted else set()
    while True:
        values = client.ask("/bridge/deck/1/melody").values
        if {pitch for pitch, strength in enumerate(values) if strength} == expected:
            return
        assert time.monotonic() < deadline, values
        time.sleep(0.02)


def test_an_input_that_is_not_there_is_refused_with_those_that_are(rig: Rig) -> None:
    reply = rig.client.ask(INPUT, 1, "no such device", timeout=10.0)
    assert reply.address == "/bridge/error"
    assert "input devices are" in str(reply.values[1])
    reply = rig.client.ask("/bridge/melody/arm", 1, 0, "now", "sound")
    assert "no sound input is open" in str(reply.values[1])


def test_what_is_sung_steers_the_deck_and_never_comes_back(rig: Rig) -> None:
    client = rig.client
    with singing(rig.jack) as singer:
        assert client.ask(INPUT, 1, "singer", timeout=10.0).address == "/bridge/ack"
        client.ask("/bridge/melody/steer", 1)
        singer.tell("sing")
        until_melody(client, True)
        assert not rig.recorder.record(0.5).samples.any()
        singer.tell("silent")
        until_melody(client, False)
        singer.tell("sing")
        until_melody(client, True)
    # the singer has gone, and with it what it sang
    until_melody(client, False)
    client.ask(INPUT, 0)
    client.ask("/bridge/melody/steer", 0)


def test_what_is_sung_to_a_beat_that_is_heard_is_captured_on_that_beat(rig: Rig) -> None:
    client = rig.client
    with singing(rig.jack) as singer:
        assert client.ask(INPUT, 1, "singer", timeout=10.0).address == "/bridge/ack"
        client.ask("/bridge/melody/steer", 1, 0)
        client.ask("/bridge/deck/1/prompt", "drums only, rock")
        client.ask("/bridge/deck/1/mute", 1)
        client.ask("/bridge/deck/1/start", "now")
        time.sleep(1.5)
        singer.tell("answer")
        bar = int(client.ask("/bridge/melody/arm", 2, 1).values[3])
        client.ask("/bridge/deck/1/mute", 0, bar + 1)
        deadline = time.monotonic() + 20.0
        phrase = None
        while phrase is None and time.monotonic() < deadline:
            time.sleep(0.2)
            phrase = read_phrase(str(client.ask("/bridge/deck/1/phrase").values[0]))
        client.ask("/bridge/melody/clear")
        client.ask(INPUT, 0)
        client.ask("/bridge/melody/steer", 0)
    assert isinstance(phrase, ChromaPhrase)
    assert len(phrase.steps) == 32
    # the phrase counts from bar 1; here it is, from the bar on in which the capture began
    sung = np.roll(phrase.values[:, A], -16 * (bar - 1))
    # the deck came in at the second bar of two: from there on it was sung, at most 0.1 s off
    assert sung[:15].max() == 0.0, phrase
    assert sung[15] < 0.8, phrase
    assert sung[17:31].min() > 0.8, phrase
