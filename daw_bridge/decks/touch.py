"""Touch: notes that come and go within the time in which changes are gathered are heard for one frame."""

from __future__ import annotations

from daw_bridge.parameter import Values

MELODY = "melody"


class Touch:
    """Gathers what is played on a deck until its model is told.

    Of several values of ``melody`` that come within one rollback the last holds. A pitch class that sounded
    in one of them, and does not in the last, would be lost: all that have sounded meanwhile then come first,
    for one frame, which is the shortest note that chroma by the frame can carry.
    """

    def __init__(self) -> None:
        self._played: Values = ()
        self._free_from = 0

    def play(self, values: Values) -> None:
        """Twelve strengths from C are played."""
        before = self._played or (0.0,) * len(values)
        self._played = tuple(max(float(was), float(now)) for was, now in zip(before, values, strict=True))

    def forget(self) -> None:
        """Nothing waits to be told any more."""
        self._played = ()

    def lay(self, last: Values, sample: int, frame: int) -> list[tuple[int, Values]]:
        """The changes by which what was played is told from an output sample on, each with its sample;
        ``last`` comes last, after the frame of ``frame`` samples that an earlier touch may still take."""
        played, self._played = self._played, ()
        sample = max(sample, self._free_from)
        if not any(was and not now for was, now in zip(played, last, strict=False)):
            return [(sample, last)]
        self._free_from = sample + frame
        return [(sample, played), (sample + frame, last)]
