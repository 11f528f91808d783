"""Rows of the parameter table that concern look-ahead choices and the cue."""

from __future__ import annotations

from daw_bridge.decks.rings import LONGEST_S
from daw_bridge.parameter import Arg, Parameter

MAX_CHOICES = 4
MAX_BARS = 8
MAX_CHANNELS = 64

CHOICES, COMMIT = "/bridge/deck/{deck}/choices", "/bridge/deck/{deck}/commit"
CUE = "/bridge/deck/{deck}/cue"
CUE_OUTPUTS, CUE_GAIN = "/bridge/cue/outputs", "/bridge/cue/gain"

CHOICE_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        CHOICES, "command",
        (Arg("count", "i", 0, MAX_CHOICES), Arg("bars", "i", 1, MAX_BARS, optional=True, default=4)),
        doc="Prepare so many continuations of what the deck plays, for a next section of so many bars, each "
        "with a seed of its own; 0 lets them go. They are generated when no deck lacks anything, and anew "
        "when tempo, meter or what the deck is told changes. At most as many bars as fit into "
        f"{LONGEST_S:g} s.",
    ),
    Parameter(
        CUE, "command", (Arg("choice", "i", 0, MAX_CHOICES),),
        doc="Which of the deck's choices is heard on the cue, 0 for none: in time, its bars on the song's "
        "bar lines, over and over.",
    ),
    Parameter(
        COMMIT, "command",
        (Arg("choice", "i", 1, MAX_CHOICES), Arg("when", "q", optional=True, default="")),
        takes="launch",
        doc="Let the deck go on with a choice: its first bar sounds from a bar line on, the next one of the "
        "launch quantum or of the quantum given (finer ones count as 1M), or that of a bar given by its "
        "number. The other choices are let go there. Until then it can be cancelled, or another taken.",
    ),
    Parameter(
        f"{CHOICES}/state", "readonly",
        (
            Arg("state", "s"), Arg("choices", "i"), Arg("ready", "i"), Arg("bars", "i"), Arg("cued", "i"),
            Arg("committed", "i"), Arg("bar", "i"),
        ),
        doc="none, preparing, ready, or changed (they are about to be prepared anew); how many choices there "
        "are and how many of them are ready, their bars, which is heard on the cue, which is committed (0 "
        "for none) and at which bar.",
    ),
    Parameter(
        CUE_OUTPUTS, "value",
        (Arg("first", "i", 0, MAX_CHANNELS), Arg("count", "i", 1, 2)), default=(0, 2),
        doc="Output channels of the cue: the first one (0: none), and whether it is heard on that alone or "
        "on two. At first 3 and 4 where the output has so many. Neither the gain of the whole output nor the "
        "crossfade changes the cue, and it is in no recording.",
    ),
    Parameter(
        CUE_GAIN, "value", (Arg("gain", "f", -60, 12),), unit="dB", curve="linear", default=(0.0,),
        doc="Gain of the cue.",
    ),
)  # fmt: skip
