"""MidiStream: the clock's messages out of any stream of MIDI bytes."""

from __future__ import annotations

CLOCK, START, CONTINUE, STOP, RESET = 0xF8, 0xFA, 0xFB, 0xFC, 0xFF
SONG_POSITION = 0xF2


class MidiStream:
    """Takes bytes as they come, in pieces of any size, and finds what concerns a clock.

    System real-time bytes may stand anywhere, inside other messages and system exclusive too, and change
    nothing there. Data bytes under running status belong to channel messages and are skipped; a song position
    may be interrupted by real-time bytes, but is void when any other status cuts it short.
    """

    def __init__(self) -> None:
        self._position: list[int] | None = None

    def feed(self, data: bytes) -> list[tuple[int, int]]:
        """Messages completed by these bytes, in order: (status, song position in sixteenths or 0)."""
        found: list[tuple[int, int]] = []
        for byte in data:
            if byte >= 0xF8:
                found.append((byte, 0))
            elif byte >= 0x80:
                self._position = [] if byte == SONG_POSITION else None
            elif self._position is not None:
                self._position.append(byte)
                if len(self._position) == 2:
                    found.append((SONG_POSITION, self._position[0] | self._position[1] << 7))
                    self._position = None
        return [message for message in found if message[0] in _KNOWN]


_KNOWN = frozenset({CLOCK, START, CONTINUE, STOP, RESET, SONG_POSITION})
