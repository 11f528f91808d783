"""ReplyLimiter: error replies are rationed, so that garbage with a forged sender cannot be amplified."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

MAX_SENDERS = 1024


class ReplyLimiter:
    """A token bucket for each sender: ``burst`` replies at once, then ``rate`` a second.

    The `MAX_SENDERS` most recent senders are remembered.
    """

    def __init__(self, rate: float = 50.0, burst: int = 100, now: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._now = now
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allows(self, sender: Hashable) -> bool:
        """Whether one more reply may go to this sender now (and count it)."""
        now = self._now()
        tokens, since = self._buckets.pop(sender, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - since) * self.rate)
        allowed = tokens >= 1.0
        self._buckets[sender] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > MAX_SENDERS:
            self._buckets.popitem(last=False)
        return allowed
