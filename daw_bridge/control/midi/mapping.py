"""What a MIDI set-up consists of: ports, bindings, scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daw_bridge.clock.quantum import Quantum
from daw_bridge.control.midi.curve import Range
from daw_bridge.control.midi.events import Control, Event
from daw_bridge.control.midi.takeover import Takeover
from daw_bridge.parameters import Address, Atom, Values

LIGHTS = (0, 64, 127)


@dataclass(frozen=True)
class PortSetup:
    """A pair of ports under a name of its own.

    Attributes:
        input, output: parts of the names of ports; empty for none.
        virtual: make ports of this name instead, to which others connect; empty for none.
        channel: the only one that is listened to, and the one that is sent on; 0 listens to all.
    """

    name: str
    input: str = ""
    output: str = ""
    virtual: str = ""
    channel: int = 0


@dataclass(frozen=True)
class Source:
    """What has to happen: a control, of one port (or '' for any) and one channel (or 0 for any)."""

    control: Control
    port: str = ""
    channel: int = 0

    def fits(self, port: str, event: Event) -> bool:
        """Whether an event of a port is meant."""
        return (
            self.control == event.control
            and self.port in ("", port)
            and self.channel in (0, event.channel or self.channel)
        )


@dataclass(frozen=True)
class Turn:
    """A control moves a number, or picks one of several values.

    Attributes:
        address: of a value. argument: which of its arguments, from 0.
        range: over which it runs. choices: values to pick from instead.
        takeover: see `Handover`. relative: encoding of an endless encoder, or '' for a control that knows
            where it stands. step: share of the range that one step of an encoder makes.
    """

    address: Address
    argument: int
    range: Range
    choices: tuple[Atom, ...] = ()
    takeover: Takeover = "none"
    relative: str = ""
    step: float = 1 / 127


@dataclass(frozen=True)
class Switch:
    """A control is a switch (64 and more is on, a note while it is played).

    Attributes:
        toggles: each press turns it over; else it is on while the control is.
    """

    address: Address
    argument: int
    toggles: bool


@dataclass(frozen=True)
class Send:
    """A press sends a message: a command or values, to an address or a pattern of the table."""

    address: str
    args: Values = ()


@dataclass(frozen=True)
class ToggleDeck:
    """A press starts a deck that stands still, and stops one that plays or waits to."""

    deck: int


@dataclass(frozen=True)
class PlayScene:
    """A press sets the values of a scene."""

    name: str


@dataclass(frozen=True)
class LoadPreset:
    """A press sets the values of a preset; its options, fixed while the daemon runs, are left out."""

    name: str


Action = Turn | Switch | Send | ToggleDeck | PlayScene | LoadPreset


@dataclass(frozen=True)
class Binding:
    """A source, and what it does.

    Attributes:
        lights: what is sent back to a note or a switch: off, waiting, on.
    """

    source: Source
    action: Action
    lights: tuple[int, int, int] = LIGHTS


@dataclass(frozen=True)
class Scene:
    """Values that are set together, on a line of a grid."""

    name: str
    quantum: Quantum
    values: tuple[tuple[Address, Values], ...]


@dataclass(frozen=True)
class MidiSetup:
    """The MIDI section of a preset.

    Attributes:
        api: one of `daw_bridge.midi.port.APIS`.
        notes: port of which notes without a binding are a melody; '' for any. notes_channel: 0 for any.
    """

    ports: tuple[PortSetup, ...] = ()
    bindings: tuple[Binding, ...] = ()
    scenes: Mapping[str, Scene] = field(default_factory=dict)
    api: str = "auto"
    notes: str = ""
    notes_channel: int = 0
