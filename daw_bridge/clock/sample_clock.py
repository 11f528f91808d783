"""SampleClock: the host's time over the output's samples."""

from __future__ import annotations

MEMORY = 1000
JUMP_S = 0.03
JUMP_SEEN = 5
MAX_DRIFT = 2e-3


class SampleClock:
    """A straight line through noisy looks at the output's position.

    What an output tells of its position moves in blocks and with the moment of looking; the line is the
    least-squares one at first, then a fading memory of `MEMORY` looks. A position that stays off by more
    than 30 ms five looks long (the device was replaced, or dropped samples) begins a new line.

    Args:
        sample_rate: Hz, as the output calls it; the measured rate stays within 0.2 % of it.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._rate = float(sample_rate)
        self._time = 0.0
        self._sample = 0.0
        self._seen = 0
        self._off = 0

    @property
    def rate(self) -> float:
        """Output samples per second of the host's time."""
        return self._rate

    def observe(self, time: float, sample: float) -> None:
        """At ``time`` (seconds of `time.monotonic`, ascending) output sample ``sample`` is being heard."""
        elapsed = time - self._time
        error = sample - self.sample_at(time)
        if self._seen and abs(error) > JUMP_S * self.sample_rate:
            self._off += 1
            if self._off < JUMP_SEEN:
                return
            self._seen = 0
        self._off = 0
        if self._seen and elapsed <= 0.0:
            return
        self._seen = min(self._seen + 1, MEMORY)
        n = self._seen
        self._sample = sample if n == 1 else self.sample_at(time) + error * 2 * (2 * n - 1) / (n * (n + 1))
        self._time = time
        if n > JUMP_SEEN:
            self._rate += error / elapsed * 6 / (n * (n + 1))
            limit = MAX_DRIFT * self.sample_rate
            self._rate = min(max(self._rate, self.sample_rate - limit), self.sample_rate + limit)

    def sample_at(self, time: float) -> float:
        """The output sample that is, was or will be heard at a time."""
        return self._sample + (time - self._time) * self._rate

    def time_of(self, sample: float) -> float:
        """When an output sample is heard; the inverse of `sample_at`."""
        return self._time + (sample - self._sample) / self._rate
