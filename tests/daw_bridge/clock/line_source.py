"""A source that says exactly what a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field

from daw_bridge.clock import BeatLine, ClockEvent, Reading
from daw_bridge.clock.source import State
from daw_bridge.errors import DeviceError


@dataclass
class LineSource:
    """Beats on a line, or a tempo alone."""

    line: BeatLine | None = None
    epoch: int = 0
    beats_per_bar: int | None = 4
    tempo: float | None = None
    name: str = "line"
    fails: bool = False
    open: bool = False
    has_transport: bool = False
    connected: bool = True
    tempo_owner: str = ""
    meter_owner: str = ""
    state: State = "locked"
    events: list[ClockEvent] = field(default_factory=list)

    def start(self) -> None:
        if self.fails:
            raise DeviceError("no such clock")
        self.open = True

    def stop(self) -> None:
        self.open = False

    def watch(self) -> None:
        pass

    def set_tempo(self, bpm: float) -> None:
        self.tempo = bpm

    def set_meter(self, beats_per_bar: int) -> None:
        self.beats_per_bar = beats_per_bar

    def read(self, now: float) -> Reading:
        tempo = self.line.bpm if self.line else self.tempo
        events, self.events = tuple(self.events), []
        return Reading(self.state, tempo, self.line, self.epoch, self.beats_per_bar, events)
