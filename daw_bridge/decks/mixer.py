"""Sums the decks for the feeder: levels, output channels, mute, solo and crossfade."""

from __future__ import annotations

import math
import threading
from bisect import insort
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from daw_bridge.decks.fades import Curve, Fade, Fades, Line

Samples = NDArray[np.float32]
Matrix = NDArray[np.float64]
Faded = int | Literal["master", "crossfade"]
"""What can fade: the gain of the part of a number, that of the whole output, or the crossfade."""

SMOOTHING_S = 0.006
SILENT_DB = -60.0
KNEE = 0.8
RESTING = 1e-5


class Part(Protocol):
    """Something that sounds, as [count, channels] of its own; a deck is one."""

    def read(self, start: int, count: int) -> Samples | None: ...


@dataclass(frozen=True)
class Strip:
    """What a part's sound goes through.

    Attributes:
        gain_db: `SILENT_DB` and below is silence.
        mute, solo: as long as one is on solo, only those are heard that are.
        solo_safe: heard whatever is on solo.
        group: ``'A'``, ``'B'`` or ``''`` for none: the end of the crossfade at which it is heard.
        first: output channel from 1. count: on how many it goes: 1 mixes it.
    """

    gain_db: float = 0.0
    mute: bool = False
    solo: bool = False
    solo_safe: bool = False
    group: str = ""
    first: int = 1
    count: int = 2


@dataclass(frozen=True)
class Desk:
    """All strips; ``crossfade`` is 0 for group A alone, 1 for B alone, with equal power between."""

    strips: tuple[Strip, ...]
    crossfade: float = 0.5

    def level(
        self, number: int, gain_db: float | Curve | None = None, crossfade: float | Curve | None = None
    ) -> float | Curve:
        """The factor of a part's sound; where its gain or the crossfade is on its way, those of the curve."""
        strip = self.strips[number]
        others_solo = not strip.solo and not strip.solo_safe and any(other.solo for other in self.strips)
        if strip.mute or others_solo:
            return 0.0
        gain = _factor(strip.gain_db if gain_db is None else gain_db)
        angle = np.pi / 2 * (self.crossfade if crossfade is None else crossfade)
        sides = {"A": np.cos(angle), "B": np.sin(angle)}
        return gain * sides.get(strip.group, 1.0)

    def routing(self, number: int, sources: int, channels: int) -> Matrix:
        """Where a part's channels go [sources, channels]: mono is on all of its outputs, on a single one
        everything is mixed."""
        strip = self.strips[number]
        wide = min(strip.count, channels - strip.first + 1)
        matrix = np.zeros((sources, channels))
        if wide == 1:
            matrix[:, strip.first - 1] = 1.0 / sources
        elif sources == 1:
            matrix[0, strip.first - 1 : strip.first - 1 + wide] = 1.0
        else:
            for source in range(min(sources, wide)):
                matrix[source, strip.first - 1 + source] = 1.0
        return matrix


class Gain:
    """A gain that glides to where it was set, without steps.

    Setting is safe from any thread; `ramp` is for the feeder.

    Attributes:
        db: where it was set.
    """

    def __init__(self, sample_rate: int) -> None:
        self._decay = 1.0 / (SMOOTHING_S * sample_rate)
        self.db = 0.0
        self._target = self._value = 1.0

    def set_db(self, gain: float, at_once: bool = False) -> None:
        """Glide to ``gain`` dB; `SILENT_DB` and below is silence. ``at_once`` is for when nothing sounds."""
        self.db = gain
        self._target = _factor(gain)
        if at_once:
            self._value = self._target

    def ramp(self, count: int, fade: Curve | None = None) -> Samples | float:
        """The factors [count, 1] of the next ``count`` samples: one number when it rests.

        Args:
            fade: the gains in dB [count + 1] that it is to have meanwhile, and one sample later.
        """
        curve = None if fade is None else _factor(fade)
        levels, first, after = (self._target,) * 3 if curve is None else (curve[:-1], curve[0], curve[-1])
        distance = self._value - first
        if curve is None and abs(distance) < RESTING:
            self._value = self._target
            return self._target
        fall = np.exp(-self._decay * np.arange(1, count + 1))
        self._value = float(after + distance * fall[-1])
        smooth: Samples = (levels + distance * fall).astype(np.float32)[:, None]
        return smooth


@overload
def _factor(gain_db: float) -> float: ...
@overload
def _factor(gain_db: Curve) -> Curve: ...
def _factor(gain_db: float | Curve) -> float | Curve:
    if isinstance(gain_db, np.ndarray):
        return np.where(gain_db <= SILENT_DB, 0.0, 10.0 ** (gain_db / 20.0))
    return 0.0 if gain_db <= SILENT_DB else float(10.0 ** (gain_db / 20.0))


def soft_limit(samples: Samples) -> Samples:
    """Leave samples within `KNEE` as they are and bend what is louder, so that all stay within -1..1; what
    is no number becomes 0."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    if not math.isfinite(peak):
        return soft_limit(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0))
    if peak <= KNEE:
        return samples
    size = np.abs(samples)
    bent = KNEE + (1.0 - KNEE) * np.tanh((size - KNEE) / (1.0 - KNEE))
    return np.where(size <= KNEE, samples, np.copysign(bent, samples)).astype(np.float32)


@dataclass(frozen=True)
class _Planned:
    sample: int
    action: Callable[[], None]


class Mixer:
    """The feeder's source: parts through their strips, times the master gain, limited.

    A change glides within a few milliseconds, whether it is one of level or of output channels. `read` is for
    the feeder's thread, all else is safe from any.

    Args:
        beside: parts that are no part of the programme: the master gain does not touch them, nor does solo,
            and `programme` lacks them.

    Attributes:
        master: gain of the whole output.
    """

    def __init__(
        self, parts: Sequence[Part], sample_rate: int, channels: int, beside: Sequence[Part] = ()
    ) -> None:
        self._beside = len(parts)
        self._parts = (*parts, *beside)
        self.channels = channels
        self.master = Gain(sample_rate)
        self._decay = 1.0 / (SMOOTHING_S * sample_rate)
        aside = (Strip(solo_safe=True) for _ in beside)
        self._desk = Desk((*(Strip() for _ in parts), *aside))
        self._matrices: list[Matrix | None] = [None] * len(self._parts)
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._fades = Fades()
        self._programme: tuple[int, list[Samples]] = (0, [])

    @property
    def desk(self) -> Desk:
        """The strips as they are set."""
        return self._desk

    def set_strip(self, number: int, **fields: Any) -> None:
        """Change fields of a part's strip; a new gain ends its fade."""
        with self._lock:
            strips = list(self._desk.strips)
            strips[number] = replace(strips[number], **fields)
            self._desk = replace(self._desk, strips=tuple(strips))
        # not before: what is set until then is the target of the fade
        if "gain_db" in fields:
            self._fades.end(number)

    def set_crossfade(self, position: float) -> None:
        """Move the crossfade, 0..1; that ends its fade."""
        with self._lock:
            self._desk = replace(self._desk, crossfade=position)
        self._fades.end("crossfade")

    def set_master(self, gain_db: float, at_once: bool = False) -> None:
        """Set the gain of the whole output; that ends its fade. See `Gain.set_db`."""
        self.master.set_db(gain_db, at_once)
        self._fades.end("master")

    def fade(self, what: Faded, target: float, length: float, line: Line) -> None:
        """Let a gain (in dB) or the crossfade begin to go evenly to a value; to be planned, as it begins at
        the sample that is asked for next.

        Args:
            length: how long it takes, on ``line``.
        """
        if what == "master":
            value = self._fades.value(what, self.master.db)
            self.set_master(target)
        elif what == "crossfade":
            value = self._fades.value(what, self._desk.crossfade)
            self.set_crossfade(target)
        else:
            value = self._fades.value(what, self._desk.strips[what].gain_db)
            self.set_strip(what, gain_db=target)
        self._fades.begin(what, Fade(value, target, length, line))

    def plan(self, sample: int, action: Callable[[], None]) -> None:
        """Carry something out at an output sample; in the feeder's thread."""
        with self._lock:
            insort(self._planned, _Planned(sample, action), key=lambda planned: planned.sample)

    def read(self, start: int, count: int) -> Samples:
        """Output samples ``start ..`` as [count, channels] within -1..1."""
        blocks: list[Samples] = []
        self._programme = start, []
        while self._planned and self._planned[0].sample < start + count:
            with self._lock:
                planned = self._planned.pop(0)
            if planned.sample > start:
                blocks.append(self._mix(start, planned.sample - start))
                start, count = planned.sample, start + count - planned.sample
            planned.action()
        blocks.append(self._mix(start, count))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def programme(self, start: int, block: Samples) -> Samples:
        """What of the block that was read last, from output sample ``start`` on, belongs to the programme.
        For the feeder's thread."""
        first, blocks = self._programme
        if first != start or sum(map(len, blocks)) != len(block):
            return block
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _mix(self, start: int, count: int) -> Samples:
        # in this order: what has no curve any more has been set by then
        curves = self._fades.block(start, count)
        desk = self._desk
        mixed = np.zeros((count, self.channels), np.float32)
        for number in range(self._beside):
            self._read(mixed, number, start, count, desk, curves)
        mixed *= self.master.ramp(count, curves.get("master"))
        programme = soft_limit(mixed)
        self._programme[1].append(programme)
        aside = np.zeros((count, self.channels), np.float32)
        for number in range(self._beside, len(self._parts)):
            self._read(aside, number, start, count, desk, curves)
        return soft_limit(mixed + aside) if aside.any() else programme

    def _read(
        self,
        mixed: Samples,
        number: int,
        start: int,
        count: int,
        desk: Desk,
        curves: Mapping[Hashable, Curve],
    ) -> None:
        block = self._parts[number].read(start, count)
        if block is None:
            self._matrices[number] = None
        else:
            level = desk.level(number, curves.get(number), curves.get("crossfade"))
            self._add(mixed, block, number, desk.routing(number, block.shape[1], self.channels), level)

    def _add(
        self, mixed: Samples, block: Samples, number: int, routing: Matrix, level: float | Curve
    ) -> None:
        """Add a part's sound; what was in force before the block, where that was something else, fades out of
        it."""
        levels = np.broadcast_to(level, len(block) + 1)
        mixed += (block * levels[:-1, None].astype(np.float32)) @ routing.astype(np.float32)
        target, after = levels[0] * routing, levels[-1] * routing
        last = self._matrices[number]
        if last is not None and last.shape == target.shape and np.abs(last - target).max() >= RESTING:
            fall = np.exp(-self._decay * np.arange(1, len(block) + 1))[:, None]
            mixed += ((block @ (last - target)) * fall).astype(np.float32)
            after = after + (last - target) * fall[-1]
        self._matrices[number] = after
