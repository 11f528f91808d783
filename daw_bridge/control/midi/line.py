"""Line: one controller, its ports, what it has said and what it has been shown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic

from daw_bridge.control.midi.events import ALL_CHANNELS, Event, EventReader, NotesOff
from daw_bridge.control.midi.feedback import Feedback
from daw_bridge.control.midi.mapping import PortSetup
from daw_bridge.midi.parser import MidiParser
from daw_bridge.midi.port import InputPort, OutputPort

log = logging.getLogger(__name__)
SENSING = 0xFE
# the standard has 300 ms; a busy machine is given a little more
SENSING_LOST_S = 0.5
# a program that is started anew is back within half a second, under the same name
WATCH_EVERY_S = 0.25
# how long half a value waits for the other: a period of JACK may lie between them
SETTLE_S = 0.01


class Line:
    """A controller.

    Args:
        receive: takes bytes and the time of their arrival (seconds of `time.monotonic`), in rtmidi's thread.
        api: see `InputPort`.
    """

    def __init__(self, setup: PortSetup, receive: Callable[[bytes, float], None], api: int) -> None:
        self.setup = setup
        self.reader = EventReader()
        self._parser = MidiParser()
        self._sensing = False
        self._heard = 0.0
        virtual = bool(setup.virtual)

        def received(data: bytes, _delta: float) -> None:
            receive(data, monotonic())

        source, target = setup.virtual or setup.input, setup.virtual or setup.output
        self.input = InputPort(source, received, virtual, api, f"{setup.name} in") if source else None
        self.output = OutputPort(target, virtual, api, f"{setup.name} out") if target else None
        self.feedback = Feedback(self.output.send if self.output else lambda data: None)

    @property
    def ports(self) -> list[InputPort | OutputPort]:
        """Its ports, one or two."""
        return [port for port in (self.input, self.output) if port is not None]

    def read(self, data: bytes, at: float) -> list[Event | NotesOff]:
        """What bytes mean, of the channel that is listened to."""
        self._heard = at
        found: list[Event | NotesOff] = []
        # what has waited for the loop has not waited for its other half
        now = monotonic()
        for message in self._parser.feed(data):
            if message[0] == SENSING:
                self._sensing = True
            else:
                found.extend(self.reader.read(message, now))
        return [event for event in found if self._listens(event.channel)]

    def settle(self, now: float) -> list[Event]:
        """Halves of values that have waited for `SETTLE_S`, as they are; see `EventReader.settle`."""
        return [event for event in self.reader.settle(now - SETTLE_S) if self._listens(event.channel)]

    def went_silent(self, now: float) -> bool:
        """Whether a controller that sends active sensing has stopped to: its cable was pulled. Said once."""
        silent = self._sensing and now - self._heard > SENSING_LOST_S
        self._sensing = self._sensing and not silent
        return silent

    def forget(self) -> None:
        """The port has gone or come: what was half said counts for nothing."""
        self._parser = MidiParser()
        self.reader = EventReader(self.reader.pairs)
        self._sensing = False

    def stop(self) -> None:
        """Close the ports."""
        for port in self.ports:
            port.stop()

    def _listens(self, channel: int) -> bool:
        return ALL_CHANNELS in (channel, self.setup.channel) or channel == self.setup.channel


class Watcher:
    """Looks for ports every `WATCH_EVERY_S`, in a thread of its own, as opening one may take its time.

    Args:
        changed: called in that thread with a line and one of its ports that has come or gone.
    """

    def __init__(
        self, lines: Sequence[Line], changed: Callable[[Line, InputPort | OutputPort], None]
    ) -> None:
        self._lines = tuple(lines)
        self._changed = changed
        self._failed: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="midi-watch")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; waits for a look that is under way."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def look(self) -> None:
        """Look once. A port that cannot be looked for is logged, the first time, and hides no other."""
        for line in self._lines:
            for port in line.ports:
                try:
                    changed = port.watch()
                except Exception:
                    if port.name not in self._failed:
                        log.exception("MIDI port %s cannot be looked for", port.name)
                    self._failed.add(port.name)
                    continue
                if changed:
                    self._changed(line, port)

    def _run(self) -> None:
        while not self._ended.wait(WATCH_EVERY_S):
            self.look()
