"""The last minute of what a deck played, from which bars can be taken after the fact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.wav_file import Music
from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.errors import ClipError
from daw_bridge.takes.clip import LOOP_FADE_S, bars_music, seamless

MEMORY_S = 66.0
MARGIN_S = 2.0

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class GrabbedBars:
    """Whole bars as a loop.

    Attributes:
        sound: [n, channels]. first_bar, bars: which they are.
        sample: output sample at which they began.
    """

    sound: Samples
    music: Music
    first_bar: int
    bars: int
    sample: int


class DeckMemory:
    """A ring of what a deck gave to the output, as long as it has sounded without a break.

    `write` is for the feeder's thread, `grab` for any other.

    Args:
        clock: gives the map that holds now; it is kept with the sound, since a new start may put another in
            its place.
    """

    def __init__(self, sample_rate: int, channels: int, clock: Callable[[], TempoMap]) -> None:
        self._rate = sample_rate
        self._clock = clock
        self._capacity = round(MEMORY_S * sample_rate)
        # its pages are taken from the system only as they are written
        self._ring: Samples = np.zeros((self._capacity, channels), np.float32)
        self._lock = threading.Lock()
        self._map = clock()
        self._begin = 0
        self._end = 0

    def write(self, start: int, block: Samples | None) -> None:
        """Take what the deck sounded from output sample ``start`` on, [n, channels]; None for silence."""
        if block is None:
            return
        with self._lock:
            clock = self._clock()
            if start != self._end or clock is not self._map:
                self._begin = self._end = start
                self._map = clock
            if block.shape[1] != self._ring.shape[1]:
                block = np.broadcast_to(block.mean(axis=1, keepdims=True), (len(block), self._ring.shape[1]))
            slot = start % self._capacity
            first = min(len(block), self._capacity - slot)
            self._ring[slot : slot + first] = block[:first]
            self._ring[: len(block) - first] = block[first:]
            self._end = start + len(block)

    def grab(self, bars: int, heard: float, key: str = "") -> GrabbedBars:
        """The last ``bars`` whole bars up to output sample ``heard``, as a seamless loop.

        Its length is exact: at a steady tempo ``bars`` times the bar's length, rounded once.

        Raises:
            ClipError: fewer whole bars have sounded, or the memory is too short for them.
        """
        with self._lock:
            clock, played, end = self._map, self._begin, self._end
        begin = max(played, end - self._capacity)
        until = min(end, round(heard))
        last = clock.bar_beat(clock.beat_at(until) + 1e-6)[0] if until > begin else 1
        stop = clock.sample_at(clock.beat_of_bar(last))
        start = clock.sample_at(clock.beat_of_bar(last - bars))
        if last <= bars or start < played or until <= begin:
            raise ClipError(f"{_whole_bars(clock, played, last, until)}: {bars} have not sounded yet")
        music, count = bars_music(clock, start, stop, last - bars, last, key)
        if start < begin + round(MARGIN_S * self._rate) and begin > played:
            longest = int((MEMORY_S - MARGIN_S) * self._rate * bars / (until - start))
            raise ClipError(
                f"{bars} bars are longer than the {MEMORY_S:g} s that are remembered: at this tempo ask for "
                f"at most {longest}"
            )
        sound = self._copy(start, min(start + count, end))
        before = self._copy(max(begin, start - round(LOOP_FADE_S * self._rate)), start)
        if len(sound) < count:
            sound = np.pad(sound, ((0, count - len(sound)), (0, 0)))
        return GrabbedBars(seamless(sound, before, self._rate), music, last - bars, bars, start)

    def _copy(self, start: int, stop: int) -> Samples:
        """Samples that lie at least `MARGIN_S` from those being written; so it needs no lock, which the
        feeder would have to wait for."""
        slot = start % self._capacity
        first = min(stop - start, self._capacity - slot)
        return np.concatenate([self._ring[slot : slot + first], self._ring[: stop - start - first]])


def _whole_bars(clock: TempoMap, begin: int, last: int, until: int) -> str:
    """How many bars before bar ``last`` there are, in words."""
    if until <= begin:
        return "nothing has sounded"
    whole = 0
    while last - whole > 1 and clock.sample_at(clock.beat_of_bar(last - whole - 1)) >= begin:
        whole += 1
    return f"{whole} whole bar{'s' if whole != 1 else ''} can be had"
