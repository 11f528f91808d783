"""Several decks: none touches another."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import soundfile

from tests.daw_bridge.decks.stage import RATE, Stage, perform, stage


def alone_or_not(folder: Path, company: bool) -> np.ndarray:
    """The first deck on outputs 1 and 2, from its start on, alone or with others that come and go on 3 and
    4: [n, 4]."""
    folder.mkdir()
    starts: list[int] = []

    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        starts.append(start.sample)
        if company:
            for deck in (2, 3):
                s.set("outputs", 3, 2, deck=deck)
            s.set("decks", 3, deck=None)
            assert len(s.player.status().decks) == 3
            for deck in (2, 3):
                s.set("prompt", "700", deck=deck)
                s.start("1/4", deck)
            await s.until(start.sample + RATE)
            assert (s.state(2), s.state(3)) == ("playing", "playing")
            s.set("gain", -20.0, deck=2)
            s.set("decks", 2, deck=None)
            await s.until(start.sample + RATE + RATE // 4)
            s.stop(deck=2)
            s.set("decks", 3, deck=None)
            assert s.state(3) == "stopped"
        await s.until(start.sample + 2 * RATE)
        assert s.player.status().underruns == 0

    async def play() -> Path:
        async with stage(folder, channels=4) as on_stage:
            await scene(on_stage)
        return on_stage.recording

    heard = soundfile.read(asyncio.run(play()))[0]
    return np.asarray(heard[starts[0] : starts[0] + 2 * RATE - RATE // 8])


def test_decks_that_come_and_go_leave_the_samples_of_the_others_as_they_were(tmp_path: Path) -> None:
    alone, among = alone_or_not(tmp_path / "alone", False), alone_or_not(tmp_path / "among", True)
    assert np.array_equal(among[:, :2], alone[:, :2])
    assert np.abs(alone[:, :2]).max() > 0.4
    assert not alone[:, 2:].any()
    assert np.abs(among[:, 2:]).max() > 0.4
    assert not among[-RATE // 4 :, 2:].any()


def test_a_deck_that_is_taken_away_leaves_no_solo_behind(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        s.set("prompt", "400")
        start = s.start()
        s.set("solo", True, deck=2)
        s.set("solo", True, deck=2, when=2)
        await s.until(start.sample + RATE // 2)
        s.set("decks", 1, deck=None)
        alone = s.player._output.written + RATE // 10
        await s.until(start.sample + 2 * RATE + RATE // 2)
        s.set("decks", 2, deck=None)
        assert s.player.get("/bridge/deck/{deck}/solo", 2) == (False,)
        await s.until(start.sample + 3 * RATE)
        samples.extend((start.sample, alone))

    samples: list[int] = []
    heard = perform(scene, tmp_path, decks=2)
    start, alone = samples
    assert np.abs(heard[start + RATE // 4 : start + RATE // 2]).max() < 1e-3
    levels = [np.abs(heard[n : n + 480]).max() for n in range(alone, start + 3 * RATE - RATE // 4, 480)]
    assert min(levels) > 0.45
