"""Rows of the parameter table that concern the clocks of others."""

from __future__ import annotations

from daw_bridge.clock.choose import CLOCK_NAMES, check_clock, check_outlet
from daw_bridge.parameter import Arg, Parameter

CLOCK, OFFSET, TRANSPORT = "/bridge/clock", "/bridge/clock/offset", "/bridge/clock/transport"
OUT, TAP, STATE = "/bridge/clock/out", "/bridge/tap", "/bridge/clock/state"

CLOCK_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        CLOCK, "value",
        (Arg("source", "s", check=check_clock, allowed=", ".join(CLOCK_NAMES)),), default=("internal",),
        doc="Whose clock is followed: the instrument's own, MIDI clock at a port that it makes (midi) or at "
        "the first whose name contains PORT, Ableton Link, or JACK transport. It can be changed while music "
        "plays, which goes on. Acknowledged at once; /bridge/error follows where it cannot be opened, and "
        "the clock stays what it was.",
    ),
    Parameter(
        OFFSET, "value", (Arg("ms", "f", -500, 500),), unit="ms", curve="linear", default=(0.0,),
        doc="How much sooner than the clock that is followed the instrument is heard (later where negative). "
        "/bridge/latency/offset moves the music as well while a clock is followed.",
    ),
    Parameter(
        TRANSPORT, "value", (Arg("on", "b"),), default=(True,),
        doc="Whether decks obey the start and stop of MIDI clock, JACK transport and a Link session: a stop "
        "stops those that play, and while it stands they wait, as do those that are told to start; a start "
        "lets them come in, on the launch quantum. A Link session counts from the first start that is seen. "
        "Off, only tempo and place are followed.",
    ),
    Parameter(
        OUT, "value",
        (Arg("target", "s", check=check_outlet, allowed="off, midi, midi:PORT or jack"),), default=("off",),
        doc="Whom the instrument gives its clock: MIDI clock from a port that it makes (midi) or to the "
        "first whose name contains PORT, with start, stop and song position as decks start and stop; or "
        "JACK's clients, as their timebase master. Answered like /bridge/clock.",
    ),
    Parameter(
        TAP, "command", (),
        doc="Tap a beat of the instrument's own clock: two taps give the tempo, from the fourth on the beat "
        "moves to the taps.",
    ),
    Parameter(
        STATE, "readonly",
        (Arg("source", "s"), Arg("state", "s"), Arg("tempo", "f"), Arg("error", "f")),
        doc="The clock that is followed: its name; waiting (nothing has come yet), locked, standing (its "
        "song is stopped), or lost (nothing comes any more, the music goes on); its BPM, 0 while unknown; ms "
        "by which what is heard now is behind it.",
    ),
)  # fmt: skip
