"""MIDI ports through python-rtmidi that come and go: opened by name, looked for again and again."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import refuse_after_loss, server_was_lost
from daw_bridge.midi.arrivals import Arrivals

CLIENT = "daw_bridge"
SEQUENCER = Path("/dev/snd/seq")
APIS = ("auto", "alsa", "jack", "coremidi", "windows", "dummy")
# JACK numbers the clients of one name
_OURS = re.compile(rf"{CLIENT}(-\d+)?:")
Receive = Callable[[bytes, float], None]


def api_number(name: str) -> int:
    """rtmidi's number of an API of `APIS`; ``auto`` is JACK on a Linux whose kernel has no sequencer.

    Raises:
        DeviceError: python-rtmidi was built without it.
    """
    import rtmidi

    names = {
        "auto": rtmidi.API_UNSPECIFIED,
        "alsa": rtmidi.API_LINUX_ALSA,
        "jack": rtmidi.API_UNIX_JACK,
        "coremidi": rtmidi.API_MACOSX_CORE,
        "windows": rtmidi.API_WINDOWS_MM,
        "dummy": rtmidi.API_RTMIDI_DUMMY,
    }
    if name == "auto" and sys.platform == "linux" and not SEQUENCER.exists():
        name = "jack" if rtmidi.API_UNIX_JACK in rtmidi.get_compiled_api() else name
    number = int(names[name])
    if name != "auto" and number not in rtmidi.get_compiled_api():
        raise DeviceError(f"MIDI over {name}: python-rtmidi was built without it; choose auto")
    return number


class _Port:
    """What inputs and outputs have in common.

    Args:
        name: part of the name of a port, or, with ``virtual``, the name of the port to make.
        virtual: make a port that others connect to; not on Windows.
        api: one of rtmidi's API numbers; 0 takes the system's usual one.
        label: name of our end of the connection.
    """

    direction = ""

    def __init__(self, name: str, virtual: bool = False, api: int = 0, label: str = "midi") -> None:
        self.name = name
        self._virtual = virtual
        self._api = api
        self._label = label
        self._midi: Any = None
        self._lister: Any = None
        self._opened = ""
        self._ever_opened = False
        self._arrivals: Arrivals | None = None
        # looking may take its time; whoever sends waits for the other lock alone
        self._looking, self._lock = threading.Lock(), threading.Lock()

    @property
    def connected(self) -> bool:
        """Whether the port is there."""
        return bool(self._opened)

    @property
    def uses_jack(self) -> bool:
        """Whether it is one of JACK's, once it has been started."""
        import rtmidi

        return self._midi is not None and self._midi.get_current_api() == rtmidi.API_UNIX_JACK

    def start(self) -> None:
        """Open the port, or begin to look for it.

        Raises:
            DeviceError: the system's MIDI cannot be used, or makes no virtual ports; or it is JACK's, whose
                server has ended under this process.
        """
        import rtmidi

        if self._api == rtmidi.API_UNIX_JACK:
            refuse_after_loss()
        try:
            self._midi = self._create(rtmidi, self._api)
            self._prepare(self._midi)
            if self._virtual:
                self._midi.open_virtual_port(self.name)
                self._opened = self.name
            else:
                self._lister = self._make_lister(rtmidi)
        except (rtmidi.RtMidiError, NotImplementedError) as error:
            self.stop()
            raise DeviceError(f"MIDI {self.direction} {self.name!r} cannot be opened: {error}") from error
        if self.uses_jack and not self._virtual:
            self._arrivals = Arrivals()
            self._arrivals.start()
        self.watch()

    def stop(self) -> None:
        """Close the port; may be called more than once."""
        with self._looking:
            with self._lock:
                midi, self._midi, self._opened = self._midi, None, ""
            lister, self._lister = self._lister, None
            arrivals, self._arrivals = self._arrivals, None
            if arrivals is not None:
                arrivals.stop()
            if lister is not None and lister is not midi:
                lister.delete()
            if midi is not None:
                self._release(midi)
                midi.close_port()
                midi.delete()

    def watch(self) -> bool:
        """Open the port where it has come, close it where it has gone; returns whether either happened.

        To be called a few times a second, from any one thread, as rtmidi does not tell of changes. A port
        that is back under its name before the next look goes unnoticed, except on JACK, which tells of it
        where JACK-Client is installed: it is closed by that look, and opened by the one after.
        """
        import rtmidi

        if self._virtual:
            return False
        with self._looking:
            if self._midi is None:
                return False
            before = self._opened
            try:
                self._look()
            except rtmidi.RtMidiError:
                # the system's MIDI is gone or busy: the port counts as gone, and is looked for again
                self._opened = ""
            return self._opened != before

    def _look(self) -> None:
        if self.uses_jack and not self._ever_opened and server_was_lost():
            # rtmidi may have no client yet, and would open one
            return
        opened, names = self._opened, self._names()
        replaced = opened in names and self._is_another(opened)
        if opened and (replaced or opened not in names):
            with self._lock:
                self._midi.close_port()
                self._opened = ""
        if self._opened or replaced:
            return
        found = (n for n, name in enumerate(names) if self.name in name and not _OURS.match(name))
        number = next(found, None)
        if number is not None:
            self._open(number, names[number])

    def _names(self) -> list[str]:
        names: list[str] = self._lister.get_ports()
        if self._arrivals is not None and names:
            self._arrivals.start()
            self._arrivals.keep(names)
        return names

    def _open(self, number: int, name: str) -> None:
        with self._lock:
            # after an error it is open still, as rtmidi sees it
            self._midi.close_port()
            self._opening()
            self._midi.open_port(number, self._label)
            self._opened, self._ever_opened = name, True

    def _make_lister(self, rtmidi: Any) -> Any:
        """What lists the ports while another thread sends. On JACK, where a second one would be a client more
        in this process, what sends does: there, sending only fills a buffer of its own."""
        return self._midi if self.uses_jack else self._create(rtmidi, self._midi.get_current_api())

    def _is_another(self, name: str) -> bool:
        """Whether a port has come in the place of the one that was opened, which had its name."""
        ours = re.compile(rf"{CLIENT}(-\d+)?:{re.escape(self._label)}")
        return self._arrivals is not None and self._arrivals.replaced(name, ours)

    def _create(self, rtmidi: Any, api: int) -> Any:
        raise NotImplementedError

    def _prepare(self, midi: Any) -> None:
        """Called before a port is opened for the first time."""

    def _release(self, midi: Any) -> None:
        """Called before the port is closed for good."""

    def _opening(self) -> None:
        """Called before the port is opened."""


class InputPort(_Port):
    """A MIDI input.

    Args:
        receive: takes the bytes of a message and rtmidi's seconds since the one before, in rtmidi's thread.
    """

    direction = "input"

    def __init__(
        self,
        name: str,
        receive: Receive,
        virtual: bool = False,
        api: int = 0,
        label: str = "midi",
        opening: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name, virtual, api, label)
        self._receive = receive
        self._on_opening = opening

    def _create(self, rtmidi: Any, api: int) -> Any:
        return rtmidi.MidiIn(api, CLIENT)

    def _prepare(self, midi: Any) -> None:
        # without this rtmidi leaves out exclusive messages, the clock and active sensing
        midi.ignore_types(sysex=False, timing=False, active_sense=False)
        midi.set_callback(self._received)

    def _release(self, midi: Any) -> None:
        midi.cancel_callback()

    def _opening(self) -> None:
        # closing a port has taken its callback away
        self._midi.cancel_callback()
        self._midi.set_callback(self._received)
        self._on_opening()

    def _received(self, event: tuple[list[int], float], _data: object = None) -> None:
        message, delta = event
        self._receive(bytes(message), delta)


class OutputPort(_Port):
    """A MIDI output."""

    direction = "output"

    def _create(self, rtmidi: Any, api: int) -> Any:
        return rtmidi.MidiOut(api, CLIENT)

    def send(self, message: bytes) -> None:
        """Send one message; nothing happens while the port is not there."""
        import rtmidi

        with self._lock:
            if self._midi is None or not self._opened:
                return
            try:
                self._midi.send_message(list(message))
            except (rtmidi.RtMidiError, ValueError):
                # noticed and looked for by the next watch
                self._opened = ""
