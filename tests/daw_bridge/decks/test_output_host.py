from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from daw_bridge.audio import devices
from daw_bridge.audio.null_output import NullOutput
from daw_bridge.decks import output_host
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import PlayerOptions
from daw_bridge.errors import DeviceError, SoundServerError

RATE = 48000


class Cable:
    """Whether the pretended sound card is plugged in."""

    plugged = True


class FakeCard(NullOutput):
    """A sound card that can be unplugged."""

    def __init__(
        self, device: str, sample_rate: int, channels: int, blocksize: int, lead_s: float, first_sample: int
    ) -> None:
        if not Cable.plugged:
            raise DeviceError(f"sound device {device!r} was not found")
        super().__init__(sample_rate or RATE, channels, lead_s, first_sample)
        self.name = "card"

    @property
    def alive(self) -> bool:
        return Cable.plugged


class Counting:
    """A source that sounds its own sample numbers."""

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        ramp = (np.arange(start, start + count) % 32768) / 32768
        return np.repeat(ramp[:, None], 2, axis=1).astype(np.float32)


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    Cable.plugged = True
    monkeypatch.setattr(output_host, "RtmixerOutput", FakeCard)
    monkeypatch.setattr(output_host, "WATCH_EVERY_S", 0.02)
    monkeypatch.setattr(output_host, "REOPEN_EVERY_S", 0.05)
    monkeypatch.setattr(devices, "refresh", lambda: None)

    def find(name: str) -> None:
        if not Cable.plugged:
            raise DeviceError(f"sound device {name!r} was not found")

    monkeypatch.setattr(devices, "find_output", find)


async def watching(host: OutputHost, name: str) -> None:
    for _ in range(200):
        host.watch()
        if host.name == name:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still {host.name}")


def test_a_lost_device_is_replaced_by_the_null_clock_and_taken_again_without_losing_a_sample(
    tmp_path: Path,
) -> None:
    told: list[str] = []

    async def scene() -> None:
        options = PlayerOptions(device="card", record=tmp_path / "all.wav")
        host = OutputHost(options, lambda kind, text: told.append(f"{kind}: {text}"))
        host.open()
        host.start(Counting())
        await asyncio.sleep(0.1)
        Cable.plugged = False
        await watching(host, "null clock")
        before = host.written
        await asyncio.sleep(0.2)
        assert host.written > before
        Cable.plugged = True
        await watching(host, "card")
        await asyncio.sleep(0.1)
        assert host.sample_rate == RATE
        await host.stop()

    asyncio.run(scene())
    assert told == [
        "error: sound device card is gone: running on the null clock",
        "info: sound device card is back",
    ]
    played = soundfile.read(tmp_path / "all.wav")[0][:, 0]
    assert np.allclose(played, (np.arange(len(played)) % 32768) / 32768, atol=1e-6)
    assert len(played) > 0.3 * RATE


def test_a_sound_server_that_died_is_told_of_once_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    def refuse() -> None:
        raise SoundServerError("the sound server died: restart daw-bridge")

    async def scene() -> None:
        monkeypatch.setattr(devices, "refresh", refuse)
        host = OutputHost(PlayerOptions(device="card"), lambda kind, text: told.append(text))
        host.open()
        host.start(Counting())
        Cable.plugged = False
        await watching(host, "null clock")
        for _ in range(30):
            host.watch()
            await asyncio.sleep(0.01)
        await host.stop()

    asyncio.run(scene())
    assert told[1:] == ["the sound server died: restart daw-bridge"]


def test_a_device_list_that_cannot_be_read_now_is_read_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    failures = [DeviceError("PortAudio does not start")] * 2

    def refresh() -> None:
        if failures:
            raise failures.pop()

    async def scene() -> None:
        monkeypatch.setattr(devices, "refresh", refresh)
        host = OutputHost(PlayerOptions(device="card"), lambda kind, text: told.append(text))
        host.open()
        host.start(Counting())
        Cable.plugged = False
        await watching(host, "null clock")
        Cable.plugged = True
        await watching(host, "card")
        await host.stop()

    asyncio.run(scene())
    assert not failures
    assert told[1:] == ["sound device card is back"]


def test_a_device_that_opens_slowly_does_not_hold_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        host = OutputHost(PlayerOptions(device="card"), lambda kind, text: None)
        host.open()
        host.start(Counting())
        Cable.plugged = False
        await watching(host, "null clock")
        Cable.plugged = True

        def slow_start(card: FakeCard) -> None:
            time.sleep(0.3)
            NullOutput.start(card)

        monkeypatch.setattr(FakeCard, "start", slow_start)
        loop = asyncio.get_running_loop()
        longest, looked = 0.0, loop.time()
        while host.name != "card" or host._busy is None or not host._busy.done():
            host.watch()
            await asyncio.sleep(0.005)
            longest, looked = max(longest, loop.time() - looked), loop.time()
        assert longest < 0.2
        await host.stop()

    asyncio.run(scene())


def test_stopping_while_a_device_opens_leaves_no_feeder(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        host = OutputHost(PlayerOptions(device="card"), lambda kind, text: None)
        host.open()
        host.start(Counting())
        Cable.plugged = False
        await watching(host, "null clock")
        monkeypatch.setattr(FakeCard, "start", lambda card: (time.sleep(0.3), NullOutput.start(card))[1])
        Cable.plugged = True
        while host.name != "card":
            host.watch()
            await asyncio.sleep(0.005)
        await host.stop()

    before = set(threading.enumerate())
    asyncio.run(scene())
    assert not [t for t in set(threading.enumerate()) - before if t.name == "feeder"]


def test_gaps_of_the_device_are_told_now_and_then_and_kept_when_it_changes() -> None:
    told: list[str] = []

    async def scene() -> None:
        host = OutputHost(PlayerOptions(device="card"), lambda kind, text: told.append(f"{kind}: {text}"))
        host.open()
        host.start(Counting())
        assert host._output is not None
        for _ in range(3):
            host._output.xruns += 2
            host.watch()
            await asyncio.sleep(0.03)
        Cable.plugged = False
        await watching(host, "null clock")
        assert (host.xruns, host.underruns) == (6, 0)
        await host.stop()

    asyncio.run(scene())
    assert [text for text in told if "xruns" in text] == ["warning: 2 gaps of the sound device card (xruns)"]


def test_without_a_name_a_missing_device_means_the_null_clock_and_with_one_an_error() -> None:
    told: list[str] = []

    async def scene() -> None:
        Cable.plugged = False
        host = OutputHost(PlayerOptions(), lambda kind, text: told.append(text))
        host.open()
        assert (host.name, host.sample_rate, host.channels) == ("null clock", 48000, 2)
        with pytest.raises(DeviceError, match="gone card"):
            OutputHost(PlayerOptions(device="gone card"), lambda kind, text: None).open()

    asyncio.run(scene())
    assert len(told) == 1
    assert "null clock" in told[0]


def test_a_recording_that_cannot_begin_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        host = OutputHost(PlayerOptions(record=tmp_path / "no" / "all.wav"), lambda kind, text: None)
        host.open()
        with pytest.raises(DeviceError, match="cannot be written"):
            host.start(Counting())

    asyncio.run(scene())


def test_once_it_has_run_dry_more_is_kept_ready_and_that_stays_when_the_output_changes() -> None:
    told: list[str] = []

    async def scene() -> None:
        host = OutputHost(PlayerOptions(device="card", latency_ms=60.0), lambda kind, text: told.append(text))
        host.open()
        host.start(Counting())
        assert isinstance(host._output, FakeCard)
        host._output.underruns, host._output.silence_s = 1, 0.02
        for _ in range(20):
            host.watch()
            await asyncio.sleep(0.01)
        assert host._output.latency_s == pytest.approx(0.09)
        assert host.silence_s == 0.02
        Cable.plugged = False
        await watching(host, "null clock")
        assert host._output.latency_s == pytest.approx(0.09)
        await host.stop()

    asyncio.run(scene())
    assert [text for text in told if "20 ms of silence" in text and "90 ms" in text]
