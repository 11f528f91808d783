"""MidiParser: whole messages out of any stream of MIDI bytes."""

from __future__ import annotations

MAX_SYSEX = 8192
REALTIME = 0xF8
SYSEX, END_OF_SYSEX = 0xF0, 0xF7
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0}
_UNDEFINED = (0xF9, 0xFD)


class MidiParser:
    """Takes bytes as they come, in pieces of any size, and gives back messages.

    Running status is filled in. System real-time bytes may stand anywhere, inside other messages and system
    exclusive too: they come out at once and change nothing there. A status that cuts a message short makes it
    void; data bytes without a status, undefined bytes and exclusive messages over `MAX_SYSEX` are skipped.
    """

    def __init__(self) -> None:
        self._message = bytearray()
        self._needed = 0
        self._running = 0
        self._in_sysex = False

    def feed(self, data: bytes) -> list[bytes]:
        """Messages completed by these bytes, in order, each with its status byte; exclusive ones from F0 to
        F7."""
        found: list[bytes] = []
        for byte in data:
            if byte >= REALTIME:
                if byte not in _UNDEFINED:
                    found.append(bytes((byte,)))
            elif byte < 0x80:
                self._take_data(byte, found)
            elif byte == END_OF_SYSEX:
                self._end_sysex(found)
            else:
                self._begin(byte, found)
        return found

    def _begin(self, status: int, found: list[bytes]) -> None:
        self._in_sysex = status == SYSEX
        self._running = status if status < SYSEX else 0
        self._message = bytearray((status,))
        if self._in_sysex:
            self._needed = 0
        elif status < SYSEX:
            self._needed = 1 if 0xC0 <= status < 0xE0 else 2
        else:
            self._needed = _SYSTEM_DATA.get(status, 0)
            if status in _SYSTEM_DATA and not self._needed:
                found.append(bytes(self._message))
            if not self._needed:
                self._message.clear()

    def _take_data(self, byte: int, found: list[bytes]) -> None:
        if self._in_sysex:
            if len(self._message) < MAX_SYSEX:
                self._message.append(byte)
            return
        if not self._message:
            if not self._running:
                return
            self._begin(self._running, found)
        self._message.append(byte)
        if len(self._message) > self._needed:
            found.append(bytes(self._message))
            self._message.clear()

    def _end_sysex(self, found: list[bytes]) -> None:
        if self._in_sysex and len(self._message) < MAX_SYSEX:
            found.append(bytes(self._message) + bytes((END_OF_SYSEX,)))
        self._in_sysex = False
        self._running = 0
        self._message.clear()
