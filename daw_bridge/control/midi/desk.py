"""MidiDesk: controllers and keyboards, playing the instrument through the parameter table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.events import ALL_CHANNELS, SUSTAIN, Control, Event, NotesOff
from daw_bridge.control.midi.inbox import Inbox, Item
from daw_bridge.control.midi.learn import Learner
from daw_bridge.control.midi.line import Line, Watcher
from daw_bridge.control.midi.mapping import Binding, MidiSetup
from daw_bridge.control.midi.performer import ON, Bound, Performer
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
        self.learner = Learner(learned)
        self._lines: list[Line] = []
        self._bound: list[Bound] = []
        self._by_control: dict[Control, list[Bound]] = {}
        self._showing = Showing(dispatcher, self.performer)
        self._inbox = Inbox(self._take, self._overflowed)
        self._watcher: Watcher | None = None
        self._ticking: asyncio.TimerHandle | None = None

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
            line = Line(setup, self._receiver(number), api, self._fine())
            self._lines.append(line)
            for port in line.ports:
                self._open(line, port)
        self._showing.wire(self._lines, self._bound)
        self._dispatcher.subscriptions.add(self, STATUS_HZ)
        self._watcher = Watcher(self._lines, self._port_changed)
        self._watcher.start()

    def close(self) -> None:
        """Close the ports; notes that sound are not told to end, as the music ends."""
        self._inbox.close()
        self._showing.close()
        if self._watcher is not None:
            self._watcher.close()
        if self._ticking is not None:
            self._ticking.cancel()
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
        learned = self.learner.bindings()
        sources = {binding.source for binding in learned}
        kept = [binding for binding in self._setup.bindings if binding.source not in sources]
        pressed = {bound.binding: bound for bound in self._bound}
        self._bound = [pressed.get(binding) or Bound(binding) for binding in (*kept, *learned)]
        self._by_control = {}
        for bound in self._bound:
            self._by_control.setdefault(bound.binding.source.control, []).append(bound)
        for line in self._lines:
            line.reader.fine = self._fine()
        self._showing.wire(self._lines, self._bound)

    def _fine(self) -> frozenset[int]:
        controls = (bound.binding.source.control for bound in self._bound)
        return frozenset(control.number for control in controls if control.kind == "cc14")

    def _take(self, items: Sequence[Item]) -> None:
        touched: dict[int, float] = {}
        for number, data, at in items:
            line = self._lines[number]
            touched[number] = at
            try:
                for event in line.read(data, at):
                    self._handle(line, event, at)
            except Exception:
                # whatever a controller sends, the next message is heard
                log.exception("MIDI message %s of %s", data[:16].hex(" "), line.setup.name)
        for number, at in touched.items():
            for event in self._lines[number].settle():
                self._handle(self._lines[number], event, at)
        self._values.flush()

    def _handle(self, line: Line, event: Event | NotesOff, at: float) -> None:
        if isinstance(event, NotesOff):
            self._notes_off(line, event.channel, at)
            return
        now = monotonic()
        if line.feedback.is_echo(event, now):
            return
        line.feedback.moved(event, now)
        if self._learned(line, event, now):
            return
        candidates = self._by_control.get(event.control, ())
        bound = [each for each in candidates if each.binding.source.fits(line.setup.name, event)]
        for each in bound:
            self.performer.perform(each, event)
        if not bound and self._is_melody(line, event):
            self._play(line, event, at)

    def _learned(self, line: Line, event: Event, now: float) -> bool:
        if not self.learner.waits(now):
            return False
        binding: Binding | None = None
        try:
            binding = self.learner.take(line.setup.name, event, now)
        except OSError as error:
            self._notify(Notice("warning", f"{self.learner.path} cannot be written: {error}"))
            self._bind()
        if binding is not None:
            self._bind()
            control = event.control
            self._notify(Notice("info", f"learned {control.kind} {control.number} of {line.setup.name}"))
        return binding is not None

    def _is_melody(self, line: Line, event: Event) -> bool:
        setup = self._setup
        return setup.notes in ("", line.setup.name) and setup.notes_channel in (0, event.channel)

    def _play(self, line: Line, event: Event, at: float) -> None:
        player = line.setup.name, event.channel
        if event.control.kind == "note" and event.value:
            self.melody.press(player, event.control.number, event.value, at)
        elif event.control.kind == "note":
            self.melody.release(player, event.control.number, at)
        elif event.control == Control("cc", SUSTAIN):
            self.melody.pedal(player, event.value >= ON, at)

    def _notes_off(self, line: Line, channel: int, at: float) -> None:
        """All notes of a channel (0: of all) end, whatever they did."""
        for player in self.melody.players():
            if _belongs(player, line.setup.name, channel):
                self.melody.all_off(player, at)
        for bound in self._bound:
            source = bound.binding.source
            meant = source.control.kind == "note" and source.port in ("", line.setup.name)
            if meant and (channel in (ALL_CHANNELS, source.channel) or source.channel == ALL_CHANNELS):
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
            line.feedback.resend(monotonic())

    def _tick(self) -> None:
        now = monotonic()
        for line in self._lines:
            if line.went_silent(now):
                self._notes_off(line, ALL_CHANNELS, now)
        self.melody.tick(now)
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def _warn(self, text: str) -> None:
        self._notify(Notice("warning", text))

    def _place(self, at: float) -> SongPlace:
        """Where in the song something was heard at a time, from what is heard now."""
        status = self._dispatcher.player.status()
        late = (monotonic() - at) * status.tempo / 60.0
        return replace(status.place, beat=status.place.beat - late)

    def _captured(self, status: Status) -> CaptureStatus:
        return self.melody.status(status.place)


def _belongs(player: Hashable, port: str, channel: int) -> bool:
    return isinstance(player, tuple) and player[0] == port and channel in (ALL_CHANNELS, player[1])
