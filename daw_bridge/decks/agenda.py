"""Agenda: values that are to be set later, and that no deck's timeline holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from daw_bridge.errors import ScheduleError
from daw_bridge.parameter import Values

MAX_ENTRIES = 1024


@dataclass(frozen=True)
class Entry:
    """A parameter becomes ``values`` at an output sample; with a ``beat`` it stays on that when the tempo
    changes, and on its bar line when the meter does."""

    path: str
    deck: int | None
    values: Values
    sample: int
    beat: float | None = None

    @property
    def place(self) -> tuple[str, int | None, int | None, float | None]:
        """Which parameter and when: entries that share it replace each other."""
        return self.path, self.deck, self.sample if self.beat is None else None, self.beat


class Agenda:
    """Entries in the order of their samples."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Add an entry; it replaces one for the same parameter and time.

        Raises:
            ScheduleError: `MAX_ENTRIES` are waiting.
        """
        self.check_room([entry])
        self.drop(entry)
        self._entries = sorted([*self._entries, entry], key=_sample)

    def check_room(self, entries: Sequence[Entry]) -> None:
        """Raise `ScheduleError` where entries would be more than `MAX_ENTRIES` with those that wait; what
        they replace does not count."""
        if len({entry.place for entry in (*self._entries, *entries)}) > MAX_ENTRIES:
            raise ScheduleError(f"{MAX_ENTRIES} values are waiting for their time: cancel some, or wait")

    def due(self, is_due: Callable[[Entry], bool]) -> list[Entry]:
        """Take out the entries that are due, in order."""
        found: list[Entry] = []
        kept: list[Entry] = []
        for entry in self._entries:
            (found if is_due(entry) else kept).append(entry)
        self._entries = kept
        return found

    def drop(self, entry: Entry) -> None:
        """Take out the entry for the same parameter and time, if there is one."""
        self._entries = [other for other in self._entries if other.place != entry.place]

    def cancel(self, deck: int | None, path: str | None) -> None:
        """Drop entries: of one deck, or of everything when ``deck`` is None; of one parameter, or of all."""
        self._entries = [
            entry
            for entry in self._entries
            if (deck is not None and entry.deck != deck) or (path is not None and entry.path != path)
        ]

    def following(self, deck: int) -> Entry | None:
        """The next entry of a deck."""
        return next((entry for entry in self._entries if entry.deck == deck), None)

    def follow_clock(self, sample: int, place: Callable[[float], tuple[float, int]]) -> None:
        """Move what lies after an output sample to where its beat is now; see `Deck.follow_clock`."""
        moved = []
        for entry in self._entries:
            if entry.beat is not None and entry.sample > sample:
                beat, at = place(entry.beat)
                entry = replace(entry, beat=beat, sample=at)
            moved.append(entry)
        self._entries = sorted(moved, key=_sample)


def _sample(entry: Entry) -> int:
    return entry.sample
