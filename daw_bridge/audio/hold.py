"""The hold loop: what sounds while a deck's new audio is late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class HoldLoop:
    """The last whole bar, over and over, in phase.

    Output sample ``t`` takes what sounded a whole number of loop lengths earlier. The loop's last ``fade``
    samples are blended into what preceded the loop, so that its seam, and the change from live audio to the
    loop when it is entered ``fade`` samples before ``end``, are continuous.

    Args:
        tail: the ``length + fade`` samples before ``end``, mono.
        end: output sample that follows the tail.
        fade: samples of the blend, 0 < fade < length.
    """

    def __init__(self, tail: NDArray[np.float32], end: int, fade: int) -> None:
        self.length = len(tail) - fade
        if not 0 < fade < self.length:
            raise ValueError(f"a loop of {self.length} samples cannot be blended over {fade}")
        self.end = end
        self._loop = tail[fade:].copy()
        rising = fade_in(fade)
        self._loop[-fade:] = self._loop[-fade:] * rising[::-1] + tail[:fade] * rising

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        """Samples for output samples ``start .. start + count - 1``."""
        index = (np.arange(start, start + count) - self.end) % self.length
        out: NDArray[np.float32] = self._loop[index]
        return out


def fade_in(count: int) -> NDArray[np.float32]:
    """Equal-power ramp from 0 to 1 over ``count`` samples; reversed it is the fade out."""
    return np.sin(np.pi / 2 * (np.arange(count) + 0.5) / max(count, 1)).astype(np.float32)
