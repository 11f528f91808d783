"""MidiStream: the clock's messages out of any stream of MIDI bytes."""

from __future__ import annotations

from daw_bridge.midi.parser import MidiParser

CLOCK, START, CONTINUE, STOP, RESET = 0xF8, 0xFA, 0xFB, 0xFC, 0xFF
SONG_POSITION = 0xF2
_KNOWN = frozenset({CLOCK, START, CONTINUE, STOP, RESET, SONG_POSITION})


class MidiStream:
    """Takes bytes as they come, in pieces of any size, and finds what concerns a clock."""

    def __init__(self) -> None:
        self._parser = MidiParser()

    def feed(self, data: bytes) -> list[tuple[int, int]]:
        """Messages completed by these bytes, in order: (status, song position in sixteenths or 0)."""
        known = (message for message in self._parser.feed(data) if message[0] in _KNOWN)
        return [(m[0], m[1] | m[2] << 7 if m[0] == SONG_POSITION else 0) for m in known]
