"""Takes of the real daemon with the bundled model: processes are killed, tokens are compared.

No sound device is needed: it plays on the null clock.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import soundfile

from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from genmodels.checkpoints.bundled import BUNDLED
from tests.rig.daemon import Daemon
from tests.rig.osc import OscClient

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (BUNDLED / "config.yaml").is_file(), reason="the bundled model is not there"),
]
DECK = "/bridge/deck/1"


@contextmanager
def playing(data: Path) -> Iterator[tuple[Daemon, OscClient]]:
    """A daemon whose deck 1 sounds."""
    daemon = Daemon("takes=1", "device=null", f"data={data}", "seed=7", env=os.environ)
    with daemon, OscClient(daemon.port) as client:
        client.ask("/bridge/tempo", 120.0)
        client.ask(f"{DECK}/prompt", "warm lo-fi piano, soft drums")
        client.ask(f"{DECK}/start")
        until(client, lambda state: state == "playing")
        yield daemon, client


def until(client: OscClient, wanted: Callable[[object], bool], limit: float = 60.0) -> None:
    """Wait for a state of deck 1."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if wanted(client.ask(f"{DECK}/state").values[0]):
            return
        time.sleep(0.05)
    raise TimeoutError("the deck did not come to that state")


def worker(daemon: Daemon) -> psutil.Process:
    """The process that generates: it has computed the longest, while the spare one only waits."""
    return max(daemon.processes()[1:], key=lambda process: sum(process.cpu_times()[:2]))


def take_in(data: Path) -> Take:
    (folder,) = folders(data / TAKES)
    return Take(folder)


def test_a_session_with_all_that_happens_on_stage_replays_bit_for_bit(tmp_path: Path) -> None:
    with playing(tmp_path) as (daemon, client):
        time.sleep(3.0)
        client.ask(f"{DECK}/prompt", "drums only, house")
        time.sleep(1.5)
        for temperature in (0.7, 0.9, 1.1):
            client.ask(f"{DECK}/temperature", temperature)
            time.sleep(0.15)
        client.ask(f"{DECK}/chords", "Am F C G")
        client.ask("/bridge/tempo", 97.0)
        time.sleep(3.0)
        worker(daemon).kill()
        end = time.monotonic() + 60.0
        while len(take_in(tmp_path).voices) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        assert take_in(tmp_path).ending == "recording"
        time.sleep(2.0)
        until(client, lambda state: state == "playing")
        client.ask(f"{DECK}/prompts", "solo piano", 0.7, "techno", 0.3)
        time.sleep(6.0)
        daemon.stop(signal.SIGINT)
    take = take_in(tmp_path)
    assert take.ending == "the daemon ended"
    assert len(take.voices) == 2
    assert sum(len(voice.conditions) for voice in take.voices.values()) >= 4
    result = replay(take)
    assert result.warnings == ()
    assert result.identical, result
    assert sum(voice.frames for voice in result.voices) > 200


def test_after_kill_9_of_the_front_the_take_opens_and_lacks_less_than_a_second(tmp_path: Path) -> None:
    with playing(tmp_path) as (daemon, client):
        time.sleep(4.0)
        client.ask(f"{DECK}/prompt", "drums only, house")
        time.sleep(2.0)
        heard = float(client.ask("/bridge/position").values[3])
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(10)
    take = take_in(tmp_path)
    assert take.ending == "interrupted"
    sound, rate = soundfile.read(take.sound)
    assert len(sound) == take.samples
    assert (take.first_sample + take.samples) / rate > heard - 1.0
    voice = next(iter(take.voices.values()))
    assert take.sample_of(voice, voice.tokens.end) / rate > heard - 1.0
    assert "/bridge/deck/1/prompts drums only, house 1" in [event.text for event in take.events]
    assert abs(sound[-rate:]).max() > 0.0
    assert replay(take).identical
