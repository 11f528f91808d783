"""A whole player that follows the clocks of others, on the null clock with a fake model."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from daw_bridge.clock import BeatLine
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.decks import following
from daw_bridge.decks.protocol import When
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock.line_source import LineSource
from tests.daw_bridge.clock.transport_peer import FakePeer
from tests.daw_bridge.decks.hosted import began, clock, follow, off_s, running, until_followed
from tests.daw_bridge.decks.stage import RATE, Stage, perform


def test_a_start_is_on_the_bar_line_of_the_host_and_has_its_number(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(66.0, 200.0)
        assert not await follow(s)
        s.set("prompt", "400")
        start = s.start()
        assert start.beat % 4 == 0
        assert start.bar == start.beat // 4 + 1 > 16
        await s.until(start.sample + RATE // 2)
        assert s.state() == "playing"
        await until_followed(s, host.line)
        samples.append(began(s))
        sounded = clock(s).map.beat_at(samples[0])
        assert sounded == pytest.approx(start.beat, abs=1e-3)
        status = s.player.status().clock
        assert (status.source, status.state) == ("the host", "locked")
        assert status.tempo == 200.0
        assert abs(status.error_ms) < 3.0
        assert s.player.get("/bridge/tempo", None) == (200.0,)

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    assert np.abs(heard[: samples[0]]).max() == 0.0
    assert np.abs(heard[samples[0] : samples[0] + 200]).max() > 0.1


def test_a_change_of_the_hosts_tempo_and_place_is_followed_without_silence(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 2)
        host.line = BeatLine(time.monotonic(), host.line.beat_at(time.monotonic()), 132.0)
        await until_followed(s, host.line)
        host.line, host.epoch = running(41.3, 132.0), 1
        await until_followed(s, host.line)
        # the short bar may be as far away as the next bar line
        await asyncio.sleep(5 * 60.0 / 132.0)
        heard = s.player._output.position()
        _, within = clock(s).map.bar_beat(clock(s).map.beat_at(heard))
        assert within == pytest.approx(host.line.beat_at(time.monotonic()) % 4 + 1, abs=0.02)
        samples.extend((start.sample, round(heard)))
        assert s.player.status().underruns == 0

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4


def test_the_source_is_changed_while_it_plays(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample + RATE // 4)
        host.line = running(7.4, 126.0)
        assert not await follow(s)
        assert host.open
        await until_followed(s, host.line)
        with pytest.raises(DeviceError, match="/bridge/tempo is set by the host"):
            s.tempo(90.0)
        assert not await follow(s, "internal")
        assert not host.open
        kept = clock(s).map.tempi[-1].bpm
        assert kept == pytest.approx(126.0)
        changed = s.tempo(90.0)
        await s.until(changed.sample + RATE // 4)
        assert s.player.status().tempo == 90.0
        samples.extend((start.sample, changed.sample))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4


def test_what_cannot_be_opened_is_refused_and_the_old_clock_stays(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        with pytest.raises(DeviceError, match="needs a package"):
            s.player.set("/bridge/clock", None, ("link",), When())
        host.fails = True
        (refused,) = await follow(s)
        assert "no such clock" in refused.error
        host.fails, host.connected = False, False
        (refused,) = await follow(s)
        assert "no port for the host" in refused.error
        assert not host.open
        assert s.player.get("/bridge/clock", None) == ("internal",)
        assert s.player.status().clock.source == "internal"
        assert [n.kind for n in s.notices if "stays internal" in n.text] == ["error", "error"]
        # nobody waits for an answer, as at the start of the daemon: a port may come later
        s.player.set("/bridge/clock", None, ("midi:HOST",), When())
        await asyncio.sleep(0.1)
        assert s.player.get("/bridge/clock", None) == ("midi:HOST",)
        assert any("not there yet" in n.text for n in s.notices)
        host.tempo_owner = ""
        s.tempo(100.0)
        assert s.start().seconds < 1.0

    perform(scene, tmp_path)


def test_the_offset_moves_the_music(host: LineSource, tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.start()
        await until_followed(s, host.line)
        s.set("clock/offset", 20.0, deck=None)
        await until_followed(s, BeatLine(host.line.time - 0.02, host.line.beat, 120.0))

    perform(scene, tmp_path)


def test_what_the_sound_takes_to_the_ear_moves_the_music_that_follows_a_clock(
    host: LineSource, tmp_path: Path
) -> None:
    async def scene(s: Stage) -> None:
        host.line = running(0.0, 120.0)
        await follow(s)
        s.start()
        await until_followed(s, host.line)
        s.set("latency/offset", 20.0, deck=None)
        await asyncio.sleep(0.1)
        await until_followed(s, host.line)
        # on the beat at the ear, so 20 ms before it at the device
        device = s.player._output._output
        assert device is not None
        now, played = time.monotonic(), device.position()
        ahead = clock(s).map.beat_at(played) - host.line.beat_at(now)
        assert (ahead - round(ahead)) * 0.5 == pytest.approx(0.02, abs=0.004)

    perform(scene, tmp_path)


def test_taps_set_tempo_and_beat_of_the_internal_clock_and_then_let_go(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.tempo(120.0)
        start = s.start()
        await s.until(start.sample + RATE // 4)
        taps = []
        for _ in range(6):
            taps.append(time.monotonic())
            s.player.command("/bridge/tap", None, (), When())
            await asyncio.sleep(0.45)
        tapped = (taps[-1] - taps[0]) / 5
        await asyncio.sleep(1.5)
        assert s.player.status().tempo == pytest.approx(60.0 / tapped, rel=0.03)
        assert s.player.get("/bridge/tempo", None)[0] == pytest.approx(60.0 / tapped, rel=0.03)
        assert abs(off_s(s, BeatLine(taps[-1], 0.0, 60.0 / tapped))) < 0.06
        still_led = s.player._parts.following._tapped  # type: ignore[union-attr]
        assert not still_led
        changes = len(clock(s).map.tempi)
        s.tempo(100.0)
        await asyncio.sleep(0.6)
        assert s.player.status().tempo == 100.0
        more = len(clock(s).map.tempi) - changes
        assert more == 1

    perform(scene, tmp_path)


def test_the_music_outlives_a_jack_server_at_its_tempo_and_follows_the_one_that_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    peer = FakePeer()
    source = JackTransportSource(120.0, peer=peer)
    monkeypatch.setattr(following, "make_source", lambda *_: source)

    async def scene(s: Stage) -> None:
        peer.bpm = 150.0
        peer.roll()
        assert not await follow(s, "jack")
        s.set("prompt", "400")
        start = s.start("now")
        await s.until(start.sample + RATE // 2)
        peer.end()
        await asyncio.sleep(0.3)
        assert s.player.status().clock.state == "lost"
        assert s.state() == "playing"
        assert s.player.status().tempo == pytest.approx(150.0, rel=0.09)
        changed = s.tempo(140.0)
        await s.until(changed.sample + RATE // 4)
        assert s.player.status().tempo == 140.0
        peer.absent = False
        await asyncio.sleep(0.1)
        assert s.player.status().clock.state == "standing"
        assert s.state() == "playing"
        peer.bpm = 130.0
        peer.roll()
        line = source.read(time.monotonic()).line
        assert line is not None
        await until_followed(s, line)
        assert s.state() == "playing"
        assert s.player.status().clock.state == "locked"
        texts = [notice.text for notice in s.notices]
        assert any("JACK transport is lost" in text for text in texts)
        assert any("JACK transport is followed at" in text for text in texts)
        samples.extend((start.sample, round(s.player._output.position())))

    samples: list[int] = []
    heard = perform(scene, tmp_path)
    block = np.abs(heard[samples[0] + 200 : samples[1]])
    assert block[: len(block) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 0.4
