"""Sources and outlets by the names that people give them."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.clock.link import LinkSource
from daw_bridge.clock.manual import ManualSource
from daw_bridge.clock.midi_port import MidiClockPort
from daw_bridge.clock.outlet import JackOutlet, MidiOutlet, Outlet
from daw_bridge.clock.source import BeatLine, ClockSource
from daw_bridge.errors import DeviceError, shorten_text

INTERNAL, OFF = "internal", "off"
CLOCK_NAMES = (INTERNAL, "midi", "midi:PORT", "link", "jack")
OUTLET_NAMES = (OFF, "midi", "midi:PORT", "jack")
VIRTUAL_INPUT, VIRTUAL_OUTPUT = "clock", "clock out"


def check_clock(text: str) -> None:
    """Raise `ValueError` unless the text names a source."""
    if text not in CLOCK_NAMES and not _is_port(text):
        raise ValueError


def check_outlet(text: str) -> None:
    """Raise `ValueError` unless the text names an outlet, or none."""
    if text not in OUTLET_NAMES and not _is_port(text):
        raise ValueError


def make_source(name: str, bpm: float = 120.0, beats_per_bar: int = 4, api: int = 0) -> ClockSource:
    """The source of a name, not started: one of `CLOCK_NAMES`.

    ``midi`` makes a virtual port that others connect to, ``midi:PORT`` opens the first port whose name
    contains PORT, now or whenever it comes.

    Args:
        bpm: the tempo until the source tells one. beats_per_bar: where the source knows none.
        api: see `MidiClockPort`.

    Raises:
        DeviceError: there is no source of this name, or it needs a package that is not installed.
    """
    kind, _, port = name.strip().partition(":")
    if kind == "midi":
        return MidiClockPort(port or VIRTUAL_INPUT, not port, api, beats_per_bar)
    if name.strip() == INTERNAL:
        return ManualSource(bpm)
    if name.strip() == "link":
        return LinkSource(bpm, beats_per_bar)
    if name.strip() == "jack":
        return JackTransportSource(bpm, beats_per_bar)
    raise DeviceError(f"clock {shorten_text(name)!r} is not one of {', '.join(CLOCK_NAMES)}")


def make_outlet(
    name: str,
    line: Callable[[float], BeatLine],
    where: Callable[[float], Moment],
    beats_per_bar: Callable[[float], int],
    api: int = 0,
) -> Outlet:
    """The outlet of a name, not started: ``midi``, ``midi:PORT`` or ``jack``; see `make_source`.

    Args:
        line: see `MidiClockOut`. where, beats_per_bar: see `JackTimebase`.

    Raises:
        DeviceError: there is no outlet of this name.
    """
    kind, _, port = name.strip().partition(":")
    if kind == "midi":
        return MidiOutlet(port or VIRTUAL_OUTPUT, not port, api, line)
    if name.strip() == "jack":
        return JackOutlet(where, line, beats_per_bar)
    raise DeviceError(f"clock out {shorten_text(name)!r} is not one of {', '.join(OUTLET_NAMES)}")


def _is_port(text: str) -> bool:
    kind, _, port = text.partition(":")
    return kind == "midi" and bool(port.strip())
