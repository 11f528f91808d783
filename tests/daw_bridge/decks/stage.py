"""A player on the null clock with a fake model, and what it played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.decks.player import LivePlayer, create_player
from daw_bridge.decks.protocol import Ack, Notice, OnResult, PlayerOptions, When
from daw_bridge.engine.base import MakeEngine
from daw_bridge.parameter import Atom
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.thread_engine import ThreadEngine

RATE = 48000


@dataclass
class Stage:
    """Shorthands around a player."""

    player: LivePlayer
    recording: Path
    notices: list[Notice] = field(default_factory=list)
    blocks: list[NDArray[np.float32]] = field(default_factory=list)

    def heard(self) -> NDArray[np.float32]:
        """All that went to the output so far [samples, channels], the cue included."""
        return np.concatenate(self.blocks)

    def set(
        self, name: str, *values: Atom, deck: int | None = 1, when: str | int = "now", at: float | None = None
    ) -> Ack:
        path = "/bridge/" + ("" if deck is None else "deck/{deck}/") + name
        asked = When(NOW, when, at) if isinstance(when, int) else When(Quantum.parse(when), at=at)
        return self.player.set(path, deck, values, asked)

    def cancel(self, name: str = "", deck: int | None = 1) -> Ack:
        path = "/bridge/cancel" if deck is None else "/bridge/deck/{deck}/cancel"
        return self.player.command(path, deck, (name,), When())

    def tempo(self, bpm: float) -> Ack:
        return self.set("tempo", bpm, deck=None)

    def start(self, when: str = "1M", deck: int = 1, bar: int | None = None) -> Ack:
        asked = When(NOW, bar) if bar else When(Quantum.parse(when))
        return self.player.command("/bridge/deck/{deck}/start", deck, (), asked)

    def stop(self, when: str = "now", deck: int = 1) -> Ack:
        return self.player.command("/bridge/deck/{deck}/stop", deck, (), When(Quantum.parse(when)))

    def play(self, on: bool, deck: int = 1) -> Ack:
        return self.player.command("/bridge/deck/{deck}/play", deck, (on,), When())

    def render(self, on_result: OnResult, *args: Atom) -> Ack:
        return self.player.command("/bridge/clip/render", None, args, When(), on_result)

    async def until(self, sample: int) -> None:
        """Wait until an output sample has been written."""
        while self.player.status().sample < sample:
            await asyncio.sleep(0.01)

    def state(self, deck: int = 1) -> str:
        return self.player.status().decks[deck - 1].state


@asynccontextmanager
async def stage(
    folder: Path,
    model: str = "fake",
    make_engine: MakeEngine = ThreadEngine,
    loader: str = LOADER,
    **options: object,
) -> AsyncIterator[Stage]:
    """A started player; afterwards it has stopped and its recording is complete."""
    recording = folder / "played.wav"
    chosen: dict[str, object] = {"device": "null", "record": recording, "data": folder, **options}
    notices: list[Notice] = []
    player = create_player(
        PlayerOptions(model=model, **chosen),  # type: ignore[arg-type]
        notices.append,
        loader,
        make_engine,
    )
    await player.start()
    on_stage = Stage(player, recording, notices)
    output = player._output._output
    assert output is not None
    write = output.write

    def noted(block: NDArray[np.float32]) -> None:
        if not on_stage.blocks:
            # the output was filled before anybody listened
            on_stage.blocks.append(np.zeros((output.written, block.shape[1]), np.float32))
        on_stage.blocks.append(block)
        write(block)

    output.write = noted  # type: ignore[method-assign]
    try:
        yield on_stage
    finally:
        await player.stop()


def played(recording: Path) -> NDArray[np.float64]:
    """Mono samples of a recording."""
    samples: NDArray[np.float64] = soundfile.read(recording)[0][:, 0]
    return samples


def pitch(samples: NDArray[np.float64]) -> float:
    """Hz of the strongest partial, to 10 Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), RATE // 10))
    return float(10 * spectrum.argmax())


def perform(scene: Callable[[Stage], Awaitable[None]], folder: Path, **options: Any) -> NDArray[np.float64]:
    """Play a scene; what was recorded."""

    async def play() -> Path:
        async with stage(folder, **options) as on_stage:
            await scene(on_stage)
        return on_stage.recording

    return played(asyncio.run(play()))
