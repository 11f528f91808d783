"""A `Player` without sound: it remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from daw_bridge.decks.protocol import (
    Ack,
    DeckStatus,
    Notice,
    OnRefused,
    OnResult,
    PlayerOptions,
    ReadCapture,
    Result,
    Settings,
    Status,
    When,
    no_capture,
)
from daw_bridge.errors import ModelError, ParameterError, ScheduleError
from daw_bridge.parameters import Values, lookup


@dataclass
class FakePlayer:
    """Model ``'absent'`` cannot be loaded; a prompt ``'boom'`` fails inside; bar 1 has passed."""

    options: PlayerOptions = field(default_factory=PlayerOptions)
    on_notice: Callable[[Notice], None] = lambda notice: None
    deck_count: int = 2
    values: dict[tuple[str, int | None], Values] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    running: bool = False
    read_capture: ReadCapture = no_capture

    async def start(self) -> None:
        if self.options.model == "absent":
            raise ModelError("model absent: there is no such file")
        self.running = True

    async def stop(self) -> None:
        self.running = False

    def get(self, path: str, deck: int | None) -> Values:
        return self.values.get((path, deck), lookup(path).default)

    def set(
        self, path: str, deck: int | None, values: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        if values[0] == "boom":
            raise RuntimeError("wires crossed")
        self.values[path, deck] = values
        self.calls.append((path, deck, values, when))
        return Ack(4.5, 2, 100, 0.25)

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        if when.bar == 1:
            raise ScheduleError("bar 1 cannot be reached any more: the first possible is bar 3")
        self.calls.append((path, deck, args, when))
        if on_result is not None:
            on_result(Result(("/tmp/a.wav", 2.0)) if args[0] else Result(error="no prompt"))
        return Ack(8.0, 3, 200, 1.5)

    def change(
        self, model: str, settings: Settings, when: When, on_result: OnResult, on_refused: OnRefused
    ) -> Ack:
        if model:
            self.calls.append(("model", model, when))
        if model == "absent":
            raise ModelError("model absent: there is none of this name")
        for path, deck, values in settings:
            if values[0] == "Hx":
                on_refused(path, deck, ParameterError(path, values, "a chord"))
            else:
                self.values[path, deck] = values
                self.calls.append((path, deck, values, when))
        on_result(Result((model or self.options.model, 3, 1.0)))
        return Ack(8.0, 3, 200, 0.0)

    def show_capture(self, read: ReadCapture) -> None:
        self.read_capture = read

    def status(self) -> Status:
        status = Status(
            engine="ready",
            model=self.options.model,
            device="null clock",
            sample_rate=48000,
            latency_s=0.01,
            realtime_factor=3.5,
            bar=2,
            beat=1.5,
            beats=4.5,
            tempo=120.0,
            beats_per_bar=4,
            sample=108000,
            underruns=0,
            decks=tuple(DeckStatus(n + 1, "stopped") for n in range(self.deck_count)),
        )
        return replace(status, capture=self.read_capture(status))
