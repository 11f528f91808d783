"""Musical time: beats, bars and grids over output samples."""

from daw_bridge.clock.internal import InternalClock, Moment
from daw_bridge.clock.quantum import NOW, QUANTUM_NAMES, Quantum
from daw_bridge.clock.tempo_map import MeterSegment, TempoMap, TempoSegment

__all__ = [
    "NOW",
    "QUANTUM_NAMES",
    "InternalClock",
    "MeterSegment",
    "Moment",
    "Quantum",
    "TempoMap",
    "TempoSegment",
]
