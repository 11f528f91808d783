"""Rows of the parameter table that concern controllers."""

from __future__ import annotations

from daw_bridge.control.midi.takeover import ENCODINGS
from daw_bridge.parameter import Arg, Parameter

FINE = "cc14"
LEARN_MODES = ("", FINE, *ENCODINGS)


MIDI_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "/bridge/scene", "command", (Arg("name", "s"),),
        doc="Set the values of a scene of the preset, all on the next line of the scene's quantum.",
    ),
    Parameter(
        "/bridge/preset", "command", (Arg("name", "s"), Arg("when", "q", optional=True, default="")),
        doc="Set the values of a bundled preset, or of one in the folder presets of the data folder, all on "
        "the next line of the launch quantum, or of the quantum or bar given. Where it names another model, "
        "that takes over there, as /bridge/model has it. Its other options, fixed while the daemon runs, are "
        "left out, and a notice says which. Acknowledged at once; answered on /bridge/preset/done, or on "
        "/bridge/error.",
    ),
    Parameter(
        "/bridge/midi/learn", "command",
        (
            Arg("address", "s"),
            Arg("mode", "s", optional=True, default="", choices=LEARN_MODES,
                allowed=f"'' (as it is), {', '.join(LEARN_MODES[1:])}"),
        ),
        doc="Bind the next MIDI control that is moved, within 30 seconds, to an address of this table; '' "
        "ends the waiting. Kept in presets/midi.yaml below the data folder. The mode says how the control "
        "speaks: with 14 bits, or as an endless encoder.",
    ),
    Parameter(
        "/bridge/midi/forget", "command", (Arg("address", "s", optional=True, default=""),),
        doc="Remove the learned controls of an address, or all of them.",
    ),
)  # fmt: skip
