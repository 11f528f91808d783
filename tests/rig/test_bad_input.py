"""Whatever arrives on the port: an error reply, and the music plays on."""

from __future__ import annotations

import math
import random
import time

import pytest

from daw_bridge.audio import analysis
from tests.rig.conftest import Rig
from tests.rig.osc import encode

pytestmark = pytest.mark.rig

REFUSED = {
    "not OSC at all": b"hello daemon",
    "empty address": b"\0\0\0\0,\0\0\0",
    "cut off in the arguments": encode("/bridge/tempo", 90.0)[:-3],
    "unknown type tag": b"/bridge/tempo\0\0\0,y\0\0",
    "endless bundle": b"#bundle\0" + b"\0" * 8 + b"\xff\xff\xff\xff",
    "unknown address": encode("/bridge/deck/1/warp", 1.0),
    "unknown deck": encode("/bridge/deck/99/prompt", "piano"),
    "wrong type": encode("/bridge/tempo", "fast"),
    "too many arguments": encode("/bridge/tempo", 90.0, 91.0, 92.0),
    "not a number": encode("/bridge/tempo", math.nan),
    "infinite": encode("/bridge/deck/1/guidance", math.inf),
    "out of range": encode("/bridge/deck/1/temperature", 99.0),
    "a negative seed": encode("/bridge/deck/1/seed", -1),
    "a string of 60 KB": encode("/bridge/deck/1/prompt", "la" * 30_000),
    "an unknown quantum": encode("/bridge/deck/1/start", "sometimes"),
    "a file name that climbs": encode("/bridge/clip/render", "piano", 1, 90.0, "../../escape"),
}


@pytest.fixture(scope="module")
def playing(running: Rig) -> Rig:
    """The daemon with deck 1 playing throughout the module."""
    running.client.ask("/bridge/deck/1/start", "now")
    running.recorder.wait_for_sound(timeout=6.0)
    return running


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_a_reason(playing: Rig, what: str) -> None:
    reply = playing.client.provoke(REFUSED[what])
    assert reply.address == "/bridge/error"
    assert len(str(reply.values[-1])) > 10
    assert sum(len(str(value)) for value in reply.values) < 1400


def test_an_empty_datagram_and_random_bytes_do_not_stop_the_music(playing: Rig) -> None:
    rng = random.Random(1)
    playing.client.send_raw(b"")
    for _ in range(300):
        playing.client.send_raw(rng.randbytes(rng.randrange(1, 400)))
        time.sleep(0.002)
    assert playing.client.ask("/bridge/tempo").address == "/bridge/tempo"


def test_the_music_plays_on_through_all_of_it(playing: Rig) -> None:
    start = playing.recorder.now()
    for datagram in REFUSED.values():
        playing.client.send_raw(datagram)
        time.sleep(0.1)
    heard = playing.recorder.take(start, playing.recorder.now() - playing.recorder.rate // 10)
    assert analysis.rms(heard.samples) > 0.003
    assert analysis.longest_silence(heard.marked, heard.rate) < 0.05
