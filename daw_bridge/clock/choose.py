"""Sources by the names that people give them."""

from __future__ import annotations

from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.clock.link import LinkSource
from daw_bridge.clock.manual import ManualSource
from daw_bridge.clock.midi_port import MidiClockPort
from daw_bridge.clock.source import ClockSource
from daw_bridge.errors import DeviceError, shorten_text

CLOCK_NAMES = ("internal", "midi", "midi:PORT", "link", "jack")
VIRTUAL_PORT = "clock"


def make_source(name: str, bpm: float = 120.0, beats_per_bar: int = 4) -> ClockSource:
    """The source of a name, not started: one of `CLOCK_NAMES`.

    ``midi`` makes a virtual port that others connect to, ``midi:PORT`` opens the first port whose name
    contains PORT, now or whenever it comes.

    Args:
        bpm: the tempo until the source tells one. beats_per_bar: where the source knows none.

    Raises:
        DeviceError: there is no source of this name, or it needs a package that is not installed.
    """
    kind, _, port = name.strip().partition(":")
    if kind == "midi":
        return MidiClockPort(port or VIRTUAL_PORT, virtual=not port, beats_per_bar=beats_per_bar)
    if name.strip() == "internal":
        return ManualSource(bpm)
    if name.strip() == "link":
        return LinkSource(bpm, beats_per_bar)
    if name.strip() == "jack":
        return JackTransportSource(bpm, beats_per_bar)
    raise DeviceError(f"clock {shorten_text(name)!r} is not one of {', '.join(CLOCK_NAMES)}")
