"""The timeline: what a deck's values are at any output sample, past changes and planned ones."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from daw_bridge.parameter import Values


@dataclass(frozen=True)
class Change:
    """``name`` becomes ``values`` at ``sample``; a planned change keeps its ``beat`` when the tempo
    changes, and its bar line when the meter does. ``planned`` ones can be cancelled."""

    sample: int
    name: str
    values: Values
    beat: float | None = None
    planned: bool = False


class Timeline:
    """Values by name, each with its changes over output samples.

    A change for the same name and sample replaces the earlier one; one for a later sample stays where
    it was planned. Those of other names are independent.
    """

    def __init__(self, initial: Mapping[str, Values]) -> None:
        self._base = dict(initial)
        self._changes: list[Change] = []

    def __len__(self) -> int:
        return len(self._changes)

    def set(
        self, name: str, values: Values, sample: int, beat: float | None = None, planned: bool = False
    ) -> None:
        """Change ``name`` from ``sample`` on, until its next planned change; those that are not planned
        were made before it, and end with it wherever they lie."""

        def stays(change: Change) -> bool:
            if change.name != name or change.sample < sample:
                return True
            return change.planned and change.sample > sample

        self._changes = [change for change in self._changes if stays(change)]
        insort(self._changes, Change(sample, name, values, beat, planned), key=_sample)

    def set_base(self, name: str, values: Values) -> None:
        """Change ``name`` for good, planned changes of it included."""
        self._base[name] = values
        self._changes = [c for c in self._changes if c.name != name]

    def at(self, sample: int) -> dict[str, Values]:
        """All values at a sample."""
        values = dict(self._base)
        values.update((c.name, c.values) for c in self._changes if c.sample <= sample)
        return values

    def last(self, name: str) -> Values:
        """The value of ``name`` after all its changes."""
        return self.all_of(name)[-1]

    def all_of(self, name: str) -> list[Values]:
        """The value of ``name`` before its changes, and those of its changes."""
        return [self._base[name], *(c.values for c in self._changes if c.name == name)]

    def planned(self, after: int) -> list[Change]:
        """Planned changes after a sample, ascending."""
        return [c for c in self._changes if c.planned and c.sample > after]

    def cancel(self, name: str | None, after: int) -> list[Change]:
        """Drop the planned changes after a sample, of one name or of all; returns them."""
        dropped = [c for c in self.planned(after) if name is None or c.name == name]
        self._changes = [c for c in self._changes if c not in dropped]
        return dropped

    def drop(self, names: Collection[str], beat: float) -> list[Change]:
        """Drop the planned changes of some names at a beat; returns them."""
        dropped = [c for c in self._changes if c.planned and c.name in names and c.beat == beat]
        self._changes = [c for c in self._changes if c not in dropped]
        return dropped

    def breakpoints(self, start: int, stop: int) -> list[int]:
        """Samples in [start, stop) at which something changes, ascending, each once."""
        inside = self._changes[bisect_left(self._changes, start, key=_sample) :]
        return sorted({c.sample for c in inside if c.sample < stop})

    def settle(self, sample: int) -> None:
        """Forget when the changes up to ``sample`` were made; what they made stays."""
        past = [c for c in self._changes if c.sample <= sample]
        self._base.update((c.name, c.values) for c in past)
        del self._changes[: len(past)]

    def settle_all(self) -> None:
        """Make all planned changes at once: nothing plays that could wait for them."""
        if self._changes:
            self.settle(self._changes[-1].sample)

    def follow_clock(self, place: Callable[[float], tuple[float, int]], after: int) -> None:
        """Move planned changes after sample ``after`` to where they lie now: ``place`` gives, for the beat of
        a planned change, its beat and output sample under the new tempo or meter."""
        self._changes = sorted((self._moved(change, place, after) for change in self._changes), key=_sample)

    @staticmethod
    def _moved(change: Change, place: Callable[[float], tuple[float, int]], after: int) -> Change:
        if change.beat is None or change.sample <= after:
            return change
        beat, sample = place(change.beat)
        return replace(change, beat=beat, sample=sample)


def _sample(change: Change) -> int:
    return change.sample
