"""Which conditions hold from which frame on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from genmodels.conditioning.attributes import Conditions
from genmodels.lm.rows import RowConditions


@dataclass(frozen=True)
class Entry:
    """These conditions hold from a frame on, until the next entry."""

    from_frame: int
    conditions: Conditions
    rows: RowConditions


class Timeline:
    """Entries by frame.

    Args:
        first: holds at every frame before the next entry.
    """

    def __init__(self, first: Entry) -> None:
        self._entries = [first]

    def at(self, frame: int) -> Entry:
        """What holds at a frame."""
        return self._entries[max(0, self._after(frame) - 1)]

    def change_after(self, frame: int) -> int | None:
        """The first frame after this one from which another entry holds."""
        place = self._after(frame)
        return self._entries[place].from_frame if place < len(self._entries) else None

    def replace_from(self, entry: Entry) -> None:
        """Let an entry hold from its frame on, and drop those that were to hold from then on or later."""
        self._entries = [*(old for old in self._entries if old.from_frame < entry.from_frame), entry]

    def forget(self, frame: int) -> None:
        """Drop what is needed only before a frame."""
        del self._entries[: max(0, self._after(frame) - 1)]

    def _after(self, frame: int) -> int:
        return bisect_right(self._entries, frame, key=lambda entry: entry.from_frame)
