"""Keyboards: the notes and pedals that no binding wants, as a melody."""

from __future__ import annotations

from daw_bridge.control.midi.events import ALL_CHANNELS, SUSTAIN, Control, Event
from daw_bridge.control.midi.mapping import MidiSetup
from daw_bridge.control.midi.performer import ON
from daw_bridge.melody.desk import MelodyDesk


class Keyboards:
    """Passes on what is played: each channel of a port is a player of its own.

    Args:
        setup: says whose notes are a melody.
    """

    def __init__(self, melody: MelodyDesk, setup: MidiSetup) -> None:
        self._melody = melody
        self._setup = setup

    def play(self, port: str, event: Event, at: float) -> None:
        """Take an event; nothing happens with what is neither note nor pedal, or not for the melody."""
        if self._setup.notes not in ("", port) or self._setup.notes_channel not in (0, event.channel):
            return
        player = port, event.channel
        if event.control.kind == "note" and event.value:
            self._melody.press(player, event.control.number, event.value, at)
        elif event.control.kind == "note":
            self._melody.release(player, event.control.number, at)
        elif event.control == Control("cc", SUSTAIN):
            self._melody.pedal(player, event.value >= ON, at)

    def all_off(self, port: str, channel: int, at: float) -> None:
        """All notes of a port end that were played on a channel (0: on any)."""
        for player in self._melody.players():
            if isinstance(player, tuple) and player[0] == port and channel in (ALL_CHANNELS, player[1]):
                self._melody.all_off(player, at)
