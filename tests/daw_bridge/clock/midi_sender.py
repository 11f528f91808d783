"""A simulated MIDI clock: its true times, and the same as they arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock import MidiClockSource, Reading

FIRST_S = 100.0
PPQN = 24


@dataclass
class Sender:
    """Ticks at 24 a beat, beat 0 at 100 s, and what becomes of them on their way.

    Attributes:
        tempo: BPM at a beat. jitter_s: standard deviation of the arrival.
        loss, doubles: the fraction of ticks that get lost, or come twice.
    """

    tempo: Callable[[float], float]
    beats: int = 24
    jitter_s: float = 0.002
    loss: float = 0.0
    doubles: float = 0.0
    seed: int = 0
    true: NDArray[np.float64] = field(init=False)
    arrivals: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        count = self.beats * PPQN
        periods = [60.0 / (self.tempo(tick / PPQN) * PPQN) for tick in range(count)]
        self.true = FIRST_S + np.concatenate([[0.0], np.cumsum(periods)])
        late = self.true[:count] + rng.normal(0.0, self.jitter_s, count)
        kept = late[(rng.random(count) >= self.loss) | (np.arange(count) == 0)]
        twice = kept[rng.random(len(kept)) < self.doubles] + 0.0003
        self.arrivals = np.sort(np.concatenate([kept, twice]))

    @property
    def end(self) -> float:
        """Seconds of the last true tick."""
        return float(self.true[-1])

    def beat_at(self, time: float) -> float:
        """The true beat at a time from beat 0 on."""
        return float(np.interp(time, self.true, np.arange(len(self.true)) / PPQN))

    def deliver(self, source: MidiClockSource, before: float, until: float) -> None:
        """Hand over the start, and what arrives in (before, until]."""
        first = float(self.arrivals[0]) - 0.0005
        if before < first <= until:
            source.receive(b"\xfa", first)
        for time in self.arrivals[(self.arrivals > before) & (self.arrivals <= until)]:
            source.receive(b"\xf8", float(time))


def in_blocks(sender: Sender, block_s: float) -> None:
    """Let ticks arrive at the ends of blocks, as JACK gives them to rtmidi."""
    ends = np.ceil(sender.arrivals / block_s) * block_s
    sender.arrivals = np.sort(ends + np.random.default_rng(0).uniform(0.0, 2e-5, len(ends)))


def follow(
    sender: Sender, step_s: float = 0.005, grain_s: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Reading]]:
    """What a source makes of a sender, every ``step_s``: true beats, errors in seconds, and readings, from
    where the source has a line."""
    source = MidiClockSource(grain_s=grain_s)
    beats, errors, readings = [], [], []
    before = FIRST_S - 1.0
    for now in np.arange(FIRST_S, sender.end, step_s):
        sender.deliver(source, before, now)
        before = now
        reading = source.read(float(now))
        if reading.line is not None:
            true = sender.beat_at(now)
            beats.append(true)
            errors.append((reading.line.beat_at(now) - true) * 60.0 / sender.tempo(true))
            readings.append(reading)
    return np.array(beats), np.array(errors), readings


def rms(values: NDArray[np.float64]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))
