"""Bindings: which of them are at work, and which of them an event means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daw_bridge.control.midi.events import ALL_CHANNELS, CHANNELS, Control, Event
from daw_bridge.control.midi.mapping import Binding
from daw_bridge.control.midi.performer import Bound


class Bindings:
    """The bindings of the map, and those that were learned, which overrule them wherever they fit."""

    def __init__(self) -> None:
        self._all: list[Bound] = []
        self._by_control: dict[Control, list[Bound]] = {}

    def __iter__(self) -> Iterator[Bound]:
        return iter(self._all)

    def replace(self, ordinary: Sequence[Binding], learned: Sequence[Binding]) -> None:
        """Put bindings to work; those that were at work already go on as they stand."""
        known = {(bound.binding, bound.learned): bound for bound in self._all}
        wanted = [(binding, False) for binding in ordinary] + [(binding, True) for binding in learned]
        self._all = [known.get(each) or Bound(*each) for each in wanted]
        self._by_control = {}
        for bound in self._all:
            self._by_control.setdefault(bound.binding.source.control, []).append(bound)

    def of(self, port: str, event: Event) -> list[Bound]:
        """The bindings that an event of a port means: where there are learned ones, those alone."""
        candidates = self._by_control.get(event.control, ())
        found = [bound for bound in candidates if bound.binding.source.fits(port, event)]
        return [bound for bound in found if bound.learned] or found

    def pairs(self, port: str) -> frozenset[tuple[int, int]]:
        """Channels (1..16) and numbers (0..31) of the controllers of a port that are read in pairs."""
        sources = [bound.binding.source for bound in self._all]
        return frozenset(
            (channel, source.control.number)
            for source in sources
            if source.control.kind == "cc14" and source.port in ("", port)
            for channel in (CHANNELS if source.channel == ALL_CHANNELS else (source.channel,))
        )
