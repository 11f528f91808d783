"""Touch: notes that come and go within the time in which changes are gathered are heard for one frame."""

from __future__ import annotations

from daw_bridge.parameter import Values

MELODY = "melody"


class Touch:
    """Gathers what is played on a deck until its model is told.

    Of several values of ``melody`` that come within one rollback the last holds. A pitch class that sounded
    in one of them, and does not in the last, would be lost: all that have sounded meanwhile then come first,
    for one frame, which is the shortest note that chroma by the frame can carry. So what is played is told
    up to two frames late, and no more: where the changes of several rollbacks meet, the later ones win.
    """

    def __init__(self) -> None:
        self._played: Values = ()
        self._free_from = 0

    def play(self, values: Values) -> None:
        """Twelve strengths from C are played."""
        before = self._played or (0.0,) * len(values)
        self._played = tuple(max(float(was), float(now)) for was, now in zip(before, values, strict=True))

    def forget(self) -> None:
        """Nothing waits to be told any more, and no frame is taken."""
        self._played = ()
        self._free_from = 0

    def lay(self, last: Values, sample: int, frame: int) -> list[tuple[int, Values]]:
        """The changes by which what was played is told from an output sample on, each with its sample;
        ``last`` comes last, after the frame that an earlier touch may still take.

        Args:
            frame: samples of a frame; 0 where nothing is heard yet, and only ``last`` will be.
        """
        played, self._played = self._played, ()
        sample = min(max(sample, self._free_from), sample + frame)
        if not frame or not any(was and not now for was, now in zip(played, last, strict=False)):
            return [(sample, last)]
        self._free_from = sample + frame
        return [(sample, played), (sample + frame, last)]
