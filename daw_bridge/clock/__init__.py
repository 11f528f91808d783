"""Musical time: beats, bars and grids over output samples, and the clocks of others that it can follow."""

from daw_bridge.clock.follower import Follower, FollowerOptions
from daw_bridge.clock.internal import InternalClock, Moment
from daw_bridge.clock.manual import ManualSource
from daw_bridge.clock.midi_clock import MidiClockSource
from daw_bridge.clock.quantum import NOW, QUANTUM_NAMES, Quantum
from daw_bridge.clock.source import BeatLine, ClockEvent, ClockSource, Reading
from daw_bridge.clock.tempo_map import MeterSegment, TempoMap, TempoSegment

__all__ = [
    "NOW",
    "QUANTUM_NAMES",
    "BeatLine",
    "ClockEvent",
    "ClockSource",
    "Follower",
    "FollowerOptions",
    "InternalClock",
    "ManualSource",
    "MeterSegment",
    "MidiClockSource",
    "Moment",
    "Quantum",
    "Reading",
    "TempoMap",
    "TempoSegment",
]
