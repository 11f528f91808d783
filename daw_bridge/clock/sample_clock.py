"""SampleClock: the host's time over the output's samples."""

from __future__ import annotations

from typing import NamedTuple

MEMORY = 1000
JUMP_S = 0.03
JUMP_SEEN = 5
MAX_DRIFT = 2e-3


class _Line(NamedTuple):
    """Output sample ``sample`` is heard at ``time``, ``rate`` more every second."""

    time: float
    sample: float
    rate: float

    def sample_at(self, time: float) -> float:
        return self.sample + (time - self.time) * self.rate


class SampleClock:
    """A straight line through noisy looks at the output's position.

    What an output tells of its position moves in blocks and with the moment of looking; the line is the
    least-squares one at first, then a fading memory of `MEMORY` looks. A position that stays off by more
    than 30 ms five looks long (the device was replaced, or dropped samples) begins a new line.

    One thread observes; reading is safe from any.

    Args:
        sample_rate: Hz, as the output calls it; the measured rate stays within 0.2 % of it.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._line = _Line(0.0, 0.0, float(sample_rate))
        self._seen = 0
        self._off = 0

    @property
    def rate(self) -> float:
        """Output samples per second of the host's time."""
        return self._line.rate

    def observe(self, time: float, sample: float) -> None:
        """At ``time`` (seconds of `time.monotonic`, ascending) output sample ``sample`` is being heard."""
        line = self._line
        error = sample - line.sample_at(time)
        if self._seen and abs(error) > JUMP_S * self.sample_rate:
            self._off += 1
            if self._off < JUMP_SEEN:
                return
            self._seen = 0
        self._off = 0
        if self._seen and time <= line.time:
            return
        self._seen = min(self._seen + 1, MEMORY)
        n = self._seen
        near = sample if n == 1 else line.sample_at(time) + error * 2 * (2 * n - 1) / (n * (n + 1))
        rate = line.rate
        if n > JUMP_SEEN:
            limit = MAX_DRIFT * self.sample_rate
            rate += error / (time - line.time) * 6 / (n * (n + 1))
            rate = min(max(rate, self.sample_rate - limit), self.sample_rate + limit)
        self._line = _Line(time, near, rate)

    def sample_at(self, time: float) -> float:
        """The output sample that is, was or will be heard at a time."""
        return self._line.sample_at(time)

    def time_of(self, sample: float) -> float:
        """When an output sample is heard; the inverse of `sample_at`."""
        line = self._line
        return line.time + (sample - line.sample) / line.rate
