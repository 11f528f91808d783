"""MidiDesk: controllers and keyboards, playing the instrument through the parameter table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.bindings import Bindings
from daw_bridge.control.midi.events import ALL_CHANNELS, Event, NotesOff
from daw_bridge.control.midi.inbox import Inbox, Item
from daw_bridge.control.midi.keyboards import Keyboards
from daw_bridge.control.midi.learn import Learner
from daw_bridge.control.midi.line import SETTLE_S, Line, Watcher
from daw_bridge.control.midi.mapping import MidiSetup
from daw_bridge.control.midi.performer import Performer
from daw_bridge.control.midi.scenes import LivePreset, SceneRunner
from daw_bridge.control.midi.showing import Showing
from daw_bridge.control.midi.values import OwnValues
from daw_bridge.decks.protocol import Notice, Status
from daw_bridge.errors import BridgeError, DeviceError, PresetError
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.status import CaptureStatus
from daw_bridge.midi.port import InputPort, OutputPort, api_number

log = logging.getLogger(__name__)

TICK_S = 0.1
STATUS_HZ = 5.0


class MidiDesk:
    """Everything that MIDI does. All methods are for the event loop's thread.

    It is a client of the dispatcher like any other: what it sets is checked by the table, coalesced and
    recorded, others are told, and what others set is shown on the controllers.

    Args:
        notify: takes what people should know.
        learned: file of learned bindings.
        load_preset: a preset by its name; raises `PresetError`.

    Attributes:
        melody: what takes the notes that no binding wants.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        setup: MidiSetup,
        notify: Callable[[Notice], None],
        learned: Path,
        load_preset: Callable[[str], LivePreset],
    ) -> None:
        self._dispatcher = dispatcher
        self._setup = setup
        self._notify = notify
        self._loop = asyncio.get_running_loop()
        self._values = OwnValues(dispatcher, self)
        self.melody = MelodyDesk(self._values.send, self._place, self._warn)
        dispatcher.player.show_capture(self._captured)
        scenes = SceneRunner(dispatcher, lambda address, values: self._showing.changed(address))
        self.performer = Performer(dispatcher, self, setup, self._values, scenes, load_preset)
        self.learner = Learner(learned, setup.bindings)
        self._lines: list[Line] = []
        self._bindings = Bindings()
        self._keyboards = Keyboards(self.melody, setup)
        self._showing = Showing(dispatcher, self.performer, self._bindings)
        self._inbox = Inbox(self._take, self._overflowed)
        self._watcher: Watcher | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._last_fault = ""

    def start(self) -> None:
        """Open the ports, or begin to look for them.

        What cannot be opened or read is told by a notice, and the rest works.
        """
        try:
            self.learner.load()
        except PresetError as error:
            self._notify(Notice("warning", f"{error}: what was learned is not used"))
        self._bind()
        self._tick()
        if not self._setup.ports:
            return
        try:
            api = api_number(self._setup.api)
        except DeviceError as error:
            self._notify(Notice("warning", str(error)))
            return
        for number, setup in enumerate(self._setup.ports):
            line = Line(setup, self._receiver(number), api)
            self._lines.append(line)
            for port in line.ports:
                self._open(line, port)
        self._wire()
        self._dispatcher.subscriptions.add(self, STATUS_HZ)
        self._watcher = Watcher(self._lines, self._port_changed)
        self._watcher.start()

    def close(self) -> None:
        """Close the ports; notes that sound are not told to end, as the music ends."""
        self._inbox.close()
        self._showing.close()
        if self._watcher is not None:
            self._watcher.close()
        for timer in (self._ticking, self._settling):
            if timer is not None:
                timer.cancel()
        for line in self._lines:
            line.stop()
        self._dispatcher.subscriptions.remove(self)

    def send(self, address: str, *args: float | int | str) -> None:
        """What the dispatcher answers and tells: see `Client`."""
        if address == "/bridge/ack":
            self._values.answered(str(args[0]))
            self._showing.changed(str(args[0]))
        elif address == "/bridge/error":
            self._values.answered(str(args[0]), refused=True)
            self._notify(Notice("warning", f"MIDI: {args[0]}: {args[1]}"))
        else:
            self._values.superseded(address)
            self._showing.changed(address)

    def learn(self, address: str, mode: str) -> None:
        """Bind the next control that is moved to an address; '' ends the waiting.

        Raises:
            PresetError: no control can do what the address wants.
        """
        self.learner.arm(address, mode, monotonic())

    def forget(self, address: str) -> None:
        """Remove learned bindings of an address, or all for ''.

        Raises:
            BridgeError: the file cannot be written.
        """
        try:
            self.learner.forget(address)
        except OSError as error:
            raise BridgeError(f"{self.learner.path} cannot be written: {error}") from error
        self._bind()

    def _receiver(self, number: int) -> Callable[[bytes, float], None]:
        return lambda data, at: self._inbox.put(number, data, at)

    def _open(self, line: Line, port: InputPort | OutputPort) -> None:
        try:
            port.start()
        except DeviceError as error:
            self._notify(Notice("warning", str(error)))
            return
        if not port.connected:
            self._notify(
                Notice("info", f"MIDI {port.direction} {port.name!r} is not there yet: it is looked for")
            )

    def _bind(self) -> None:
        """Put bindings to work; a learned one replaces what its control did before."""
        self._bindings.replace(self._setup.bindings, self.learner.bindings())
        self._wire()

    def _wire(self) -> None:
        for line in self._lines:
            line.reader.pairs = self._bindings.pairs(line.setup.name)
        self._showing.wire(self._lines)

    def _take(self, items: Sequence[Item]) -> None:
        for number, data, at in items:
            line = self._lines[number]
            try:
                for event in line.read(data, at):
                    self._handle(line, event, at)
            except Exception as error:
                # whatever a controller sends, the next message is heard
                self._fault(f"MIDI message {data[:16].hex(' ')} of {line.setup.name}", error)
        self._values.flush()
        self._settle_soon()

    def _settle_soon(self) -> None:
        if self._settling is None and any(line.reader.waits for line in self._lines):
            self._settling = self._loop.call_later(SETTLE_S, self._settle)

    def _settle(self) -> None:
        """Values of which only half has come count as they are."""
        self._settling = None
        now = monotonic()
        try:
            for line in self._lines:
                for event in line.settle(now):
                    self._handle(line, event, now)
            self._values.flush()
        except Exception as error:
            self._fault("half a MIDI value", error)
        self._settle_soon()

    def _handle(self, line: Line, event: Event | NotesOff, at: float) -> None:
        if isinstance(event, NotesOff):
            self._notes_off(line, event.channel, at)
            return
        now, port = monotonic(), line.setup.name
        bound = self._bindings.of(port, event)
        if self._showing.is_echo(line, event, bound, now):
            return
        if self._learned(line, event, now):
            # it is in the player's hand, and left alone
            self._showing.moved(line, event, self._bindings.of(port, event), now)
            return
        held = any(each.pressed for each in bound)
        for each in bound:
            self.performer.perform(each, port, event)
        let_go = held and not any(each.pressed for each in bound)
        self._showing.moved(line, event, bound, now, let_go)
        if not bound:
            self._keyboards.play(port, event, at)

    def _learned(self, line: Line, event: Event, now: float) -> bool:
        """Whether a control was waited for, and this one is it."""
        if not self.learner.waits(now):
            return False
        try:
            binding = self.learner.take(line.setup.name, event, now)
        except OSError as error:
            self._notify(Notice("warning", f"{self.learner.path} cannot be written: {error}"))
            self._bind()
            return True
        if binding is None:
            return False
        self._bind()
        kind, number = binding.source.control
        self._notify(Notice("info", f"learned {kind} {number} of {line.setup.name}"))
        return True

    def _notes_off(self, line: Line, channel: int, at: float) -> None:
        """All notes of a channel end, whatever they did; for channel 0, all that is held down on the port."""
        self._keyboards.all_off(line.setup.name, channel, at)
        for bound in self._bindings:
            ends = channel == ALL_CHANNELS or (
                channel == bound.channel and bound.binding.source.control.kind == "note"
            )
            if bound.port == line.setup.name and ends:
                self.performer.release(bound)
        self._values.flush()

    def _overflowed(self) -> None:
        """Messages were lost, perhaps ends of notes among them."""
        self._notify(Notice("warning", "more MIDI came than could be taken: all notes end"))
        for line in self._lines:
            line.forget()
            self._notes_off(line, ALL_CHANNELS, monotonic())

    def _port_changed(self, line: Line, port: InputPort | OutputPort) -> None:
        """In the watcher's thread: a port has come or gone."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._see_port, line, port, port.connected)

    def _see_port(self, line: Line, port: InputPort | OutputPort, connected: bool) -> None:
        what = f"MIDI {port.direction} {port.name!r}"
        self._notify(
            Notice("info", f"{what} is there" if connected else f"{what} has gone: it is looked for")
        )
        if port is line.input:
            line.forget()
            self._notes_off(line, ALL_CHANNELS, monotonic())
        elif connected:
            self._showing.connected(line)

    def _tick(self) -> None:
        now = monotonic()
        try:
            for line in self._lines:
                if line.went_silent(now):
                    self._notes_off(line, ALL_CHANNELS, now)
            self.melody.tick(now)
        except Exception as error:
            self._fault("MIDI and melodies", error)
        finally:
            self._ticking = self._loop.call_later(TICK_S, self._tick)

    def _fault(self, where: str, error: Exception) -> None:
        """Something is wrong inside: it is logged, once as long as it stays the same."""
        fault = f"{type(error).__name__}: {error}"
        if fault != self._last_fault:
            self._last_fault = fault
            log.error("%s", where, exc_info=error)

    def _warn(self, text: str) -> None:
        self._notify(Notice("warning", text))

    def _place(self, at: float) -> SongPlace:
        """Where in the song something was heard at a time, from what is heard now."""
        status = self._dispatcher.player.status()
        late = (monotonic() - at) * status.tempo / 60.0
        return replace(status.place, beat=status.place.beat - late)

    def _captured(self, status: Status) -> CaptureStatus:
        return self.melody.status(status.place)
