"""SoundCapture: what an input hears becomes a phrase of chroma, each moment on the beat heard at the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daw_bridge.melody.chroma_phrase import STEPS_PER_BEAT, ChromaPhrase
from genmodels.conditioning.harmony import Chroma

LOST_BEATS = 4.0


class SoundCapture:
    """Chroma over a span of beats, gathered by sixteenths.

    Args:
        begin, end: beats of the song.
    """

    def __init__(self, begin: float, end: float) -> None:
        self._begin = begin
        self._end = end
        steps = max(1, round((end - begin) * STEPS_PER_BEAT))
        self._sums = np.zeros((steps, 12))
        self._counts = np.zeros(steps)
        self._complete = False

    def hear(self, beat: float, chroma: Sequence[float]) -> None:
        """Twelve strengths from C that were heard at a beat; silence, too, is to be told."""
        self._complete = self._complete or beat >= self._end
        step = int((beat - self._begin) / (self._end - self._begin) * len(self._sums))
        if beat >= self._begin and step < len(self._sums):
            self._sums[step] += chroma
            self._counts[step] += 1

    @property
    def heard(self) -> bool:
        """Whether there is anything but silence yet."""
        return bool(self._sums.any())

    def move(self, beats: float) -> None:
        """The song's beats are counted otherwise: so many more than before."""
        self._begin += beats
        self._end += beats

    def is_over(self, beat: float) -> bool:
        """Whether all of the span has been heard; what is heard comes later than its beat, and where nothing
        comes any more the input was lost."""
        return self._complete or beat >= self._end + LOST_BEATS

    def phrase(self) -> ChromaPhrase:
        """What was heard, where it was heard: as the song's beats have it, that the phrase repeats by."""
        here = round(self._begin * STEPS_PER_BEAT)
        return ChromaPhrase.of(np.roll(self._means(), here, axis=0), self._end - self._begin)

    def first(self, beats: float) -> ChromaPhrase:
        """What was heard, as a phrase of the span's first beats only, from bar 1 on."""
        means = self._means()
        steps = max(1, round(beats / (self._end - self._begin) * len(means)))
        return ChromaPhrase.of(means[:steps], beats)

    def _means(self) -> Chroma:
        means: Chroma = (self._sums / np.maximum(self._counts, 1.0)[:, None]).astype(np.float32)
        return means
