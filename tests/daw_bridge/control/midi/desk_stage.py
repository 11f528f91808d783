"""A desk on fake ports, with the real dispatcher and a player that remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.desk import MidiDesk
from daw_bridge.control.midi.scenes import LivePreset
from daw_bridge.control.midi.section import read_section
from daw_bridge.decks.protocol import DeckState, Notice, Status
from daw_bridge.errors import PresetError
from daw_bridge.parameters import Address, AddressTable, Values
from tests.daw_bridge.fake_player import FakePlayer
from tests.daw_bridge.midi.fake_rtmidi import System

TABLE = AddressTable(8)
PADS = "My Pads 20:0"


class Player(FakePlayer):
    """Its decks are in the states that a test says."""

    states: tuple[DeckState, DeckState] = ("stopped", "stopped")

    def status(self) -> Status:
        status = super().status()
        decks = tuple(
            replace(deck, state=state) for deck, state in zip(status.decks, self.states, strict=True)
        )
        return replace(status, decks=decks)


class Stage:
    """A desk at work."""

    def __init__(self, system: System, tmp_path: Path, **content: object) -> None:
        self.system = system
        self.notices: list[str] = []
        self.player = Player()
        self.dispatcher = Dispatcher(self.player)
        content = {"ports": {"pads": {"in": "Pads", "out": "Pads"}}, **content}
        self.desk = MidiDesk(
            self.dispatcher,
            read_section("mine", content, check_values),
            self._notify,
            tmp_path / "midi.yaml",
            load_preset,
        )

    def _notify(self, notice: Notice) -> None:
        self.notices.append(notice.text)

    async def say(self, *messages: bytes, port: str = PADS) -> None:
        """Messages come in, in another thread as in life, and have their effect."""

        def deliver() -> None:
            for message in messages:
                self.system.deliver(port, message)

        thread = threading.Thread(target=deliver)
        thread.start()
        thread.join()
        await asyncio.sleep(0.04)

    def sets(self, path: str) -> list[Values]:
        """The values that were set, in order."""
        return [call[2] for call in self.player.calls if call[0] == path]  # type: ignore[misc]

    def commands(self) -> list[tuple[object, ...]]:
        return [call[:2] for call in self.player.calls if str(call[0]).endswith(("start", "stop", "grab"))]


def check_values(where: str, tree: Mapping[Any, Any]) -> tuple[tuple[Address, Values], ...]:
    return tuple((TABLE.lookup(f"/bridge/{key}"), (value,)) for key, value in tree.items())


def load_preset(name: str) -> LivePreset:
    if name != "lofi":
        raise PresetError(f"preset {name}: no such file")
    return LivePreset(check_values("", {"tempo": 84.0, "deck/1/top_k": 9}))


async def until(reached: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait for something that may take its time on a busy machine."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not reached():
        assert asyncio.get_running_loop().time() < deadline, "it has not come to that"
        await asyncio.sleep(0.02)


Scene = Callable[[Stage], Awaitable[None]]
TEMPERATURE = "/bridge/deck/{deck}/temperature"
