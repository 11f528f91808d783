"""The cue: choices that are listened to before anybody else hears them, in time with what plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daw_bridge.decks.choice_parameters import CUE_GAIN, CUE_OUTPUTS
from daw_bridge.decks.pieces import Piece, Samples, Switch, mixed
from daw_bridge.decks.run import FADE_S, Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.errors import ParameterError
from daw_bridge.parameter import Values


@dataclass(frozen=True, eq=False)
class Section:
    """Whole bars of a run, from output sample ``lead`` of its voice on, that are there to be heard."""

    run: Run
    lead: int
    bars: int


@dataclass(frozen=True)
class _Spot:
    """A section whose voice's sample 0 lies on output sample ``place``."""

    section: Section
    place: int


class CueVoice:
    """One deck's part of the cue: a section over and over, its first bar on bar 1 of the song and on every
    ``section.bars``-th from there.

    A change of section, and the way back to its beginning, is a crossfade; one that comes while another is
    on waits for its end. `read` is for the feeder's thread, everything else for the event loop's.
    """

    def __init__(self, clock: SongClock) -> None:
        self._clock = clock
        self._fade = round(FADE_S * clock.map.sample_rate)
        self._wanted: Section | None = None
        self._now: _Spot | None = None
        self._old: _Spot | None = None
        self._switch: Switch | None = None

    def listen(self, section: Section | None) -> None:
        """What is heard from now on."""
        self._wanted = section

    def uses(self, run: Run) -> bool:
        """Whether a run is heard, be it while it fades."""
        # in this order: the feeder puts what it leaves into _old before it changes _now
        spots = (self._now, self._old)
        heard = [self._wanted, *(spot.section for spot in spots if spot is not None)]
        return any(section is not None and section.run is run for section in heard)

    def read(self, start: int, count: int) -> Samples | None:
        """Output samples ``start ..`` [count, channels]; None for silence."""
        blocks: list[Samples] = []
        end = start + count
        while start < end and (self._wanted or self._now or self._old):
            until = min(end, self._move(start))
            blocks.append(self._sound(start, until - start))
            start = until
        if not any(block.any() for block in blocks):
            return None
        if start < end:
            blocks.append(np.zeros((end - start, 1), np.float32))
        return np.concatenate(alike(blocks))

    def _move(self, sample: int) -> int:
        """Be where one has to be at an output sample; returns until where that holds."""
        if self._switch is not None and sample >= self._switch.at + self._switch.length:
            self._switch = self._old = None
        wanted, line = self._spot(sample)
        if self._switch is None and wanted != self._now:
            self._old, self._now = self._now, wanted
            self._switch = Switch(None, sample, self._fade)
        until = line if self._switch is None else min(line, self._switch.at + self._switch.length)
        return max(until, sample + 1)

    def _spot(self, sample: int) -> tuple[_Spot | None, int]:
        """What is wanted at an output sample, and until where."""
        section, clock = self._wanted, self._clock.map
        if section is None:
            return None, sample + self._fade
        bar, _ = clock.bar_beat(clock.beat_at(sample + 0.5))
        first = bar - (bar - 1) % section.bars
        line = clock.sample_at(clock.beat_of_bar(first + section.bars))
        return _Spot(section, clock.sample_at(clock.beat_of_bar(first)) - section.lead), line

    def _sound(self, start: int, count: int) -> Samples:
        blocks = [np.zeros((count, 1), np.float32)]
        for spot, direction in ((self._now, 1), (self._old, -1)):
            if spot is None:
                continue
            geometry = spot.section.run.geometry
            pcm = spot.section.run.pcm(*geometry.resampler.input_span(start - spot.place, count))
            if pcm is not None:
                piece = Piece(pcm, start - spot.place, count, direction if self._switch else 0)
                blocks.append(mixed((piece,), self._switch, geometry, start, count))
        return added(blocks)


class Cue:
    """All that is cued, as one part of the mixer.

    Attributes:
        voices: one a deck.
    """

    def __init__(self, clock: SongClock, decks: int) -> None:
        self.voices: Sequence[CueVoice] = tuple(CueVoice(clock) for _ in range(decks))

    def read(self, start: int, count: int) -> Samples | None:
        """Output samples ``start ..`` [count, channels]; None for silence."""
        blocks = [block for voice in self.voices if (block := voice.read(start, count)) is not None]
        return added(blocks) if blocks else None


def added(blocks: Sequence[Samples]) -> Samples:
    """The sum of blocks of one length; one channel sounds on all of the widest."""
    total = blocks[0]
    for block in blocks[1:]:
        total = total + block
    return total


def alike(blocks: Sequence[Samples]) -> list[Samples]:
    """Blocks with as many channels as the widest has."""
    wide = max(block.shape[1] for block in blocks)
    return [np.repeat(block, wide // block.shape[1], axis=1) for block in blocks]


def first_outputs(channels: int) -> Values:
    """The value of the cue's outputs at first: channels 3 and 4 of an output that has so many, else none."""
    return (3, min(2, channels - 2)) if channels > 2 else (0, 2)


def check_outputs(values: Values, channels: int) -> None:
    """Raise `ParameterError` where an output of so many channels has not these."""
    first, count = int(values[0]), int(values[1])
    if first and first + count - 1 > channels:
        raise ParameterError(
            CUE_OUTPUTS, values,
            f"0 for none, or channels within 1..{channels}, which the output has: for others start with the "
            "option channels",
        )  # fmt: skip


def strip_fields(path: str, values: Values) -> dict[str, float | int | bool]:
    """What a value of the cue changes in its strip of the mixer."""
    if path == CUE_GAIN:
        return {"gain_db": float(values[0])}
    first, count = int(values[0]), int(values[1])
    return {"mute": not first, "first": max(1, first), "count": count}
