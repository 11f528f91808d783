"""Rows of the parameter table that concern played melodies."""

from __future__ import annotations

import re

from daw_bridge.clock.quantum import Quantum
from daw_bridge.melody.chroma_phrase import check_phrase
from daw_bridge.melody.phrase import MAX_TEXT, PHRASE_TEXT
from daw_bridge.parameter import Arg, Parameter, Values

MAX_CAPTURE_BARS = 64
MELODY = "/bridge/melody/"
INPUT, GATE = f"{MELODY}input", f"{MELODY}gate"
SOURCES = ("", "notes", "sound")
SOURCE_TEXT = "notes, sound, or '' (sound while an input is open, else notes)"
FILE_TEXT = "the name of a MIDI or sound file in the folder melodies of the data folder"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,100}\.(mid|midi|wav|flac|ogg|aif|aiff)", re.IGNORECASE)
_GRID_TEXT = "now (as played), or a note value such as 1/8, 1/16 or 1/8T"


def check_grid(text: str) -> None:
    """Raise `ValueError` unless the text is a grid for notes."""
    if Quantum.parse(text).unit == "bar":
        raise ValueError(_GRID_TEXT)


def sounding(values: Values) -> tuple[bool, ...]:
    """Which pitch classes sound."""
    return tuple(float(value) > 0.0 for value in values)


def check_melody_file(text: str) -> None:
    """Raise `ValueError` unless the text is a plain name of a file of a known kind."""
    if not _FILE.fullmatch(text):
        raise ValueError(FILE_TEXT)


def check_source(text: str) -> None:
    """Raise `ValueError` unless the text says what is to be captured."""
    if text not in SOURCES:
        raise ValueError(SOURCE_TEXT)


MELODY_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "/bridge/deck/{deck}/melody", "value", (Arg("pitch class", "f", 0, 1),), repeat=(12, 12),
        default=(0.0,) * 12, apart=sounding,
        doc="Strength of the twelve pitch classes from C that are being played. While any is above 0 they "
        "steer the harmony and overrule phrase, key, chords and chroma. However short a note is, it is heard "
        "for one frame, 20 ms.",
    ),
    Parameter(
        "/bridge/deck/{deck}/phrase", "value",
        (Arg("phrase", "s", check=check_phrase, allowed=PHRASE_TEXT, longest=MAX_TEXT),),
        takes="deck", default=("",),
        doc="A melody that repeats with the bar and steers the harmony; it overrules key, chords and chroma. "
        "Its beats count from bar 1.",
    ),
    Parameter(
        "/bridge/deck/{deck}/heard", "readonly", (Arg("pitch class", "f", 0, 1),), repeat=(12, 12),
        doc="Strength of the twelve pitch classes from C of which the deck's model was told, for what is "
        "being heard: of what is played, the phrase, chords, key or chroma. All 0 while the deck does not "
        "sound, or nothing steers its harmony.",
    ),
    Parameter(
        f"{MELODY}steer", "command",
        (Arg("deck", "i", 0, 8), Arg("follow", "b", optional=True, default=True)),
        doc="Which deck is steered by what is played, at first deck 1 (0: none), and whether it follows that "
        "while it sounds. A phrase that is captured or loaded steers the deck in any case; it goes along to "
        "another deck, and is kept while there is none.",
    ),
    Parameter(
        f"{MELODY}arm", "command",
        (
            Arg("bars", "i", 1, MAX_CAPTURE_BARS),
            Arg("count-in", "i", 0, 8, optional=True, default=1),
            Arg("grid", "s", optional=True, default="now", check=check_grid, allowed=_GRID_TEXT),
            Arg("source", "s", optional=True, default="", check=check_source, allowed=SOURCE_TEXT),
        ),
        doc="Capture so many bars, from a bar line after so many bars of count-in; the phrase then repeats. "
        "Of notes, the onsets are moved to a grid; of sound, the harmony of each sixteenth is kept. "
        "Acknowledged with the place where it begins. Where the song begins anew before that, as with the "
        "first deck that starts, the bars of count-in are counted from there.",
    ),
    Parameter(
        f"{MELODY}state", "readonly", (Arg("state", "s"), Arg("bars", "i"), Arg("beats", "i")),
        doc="idle, count-in (a capture is armed and has not begun), recording, or overdub (notes are laid on "
        "the phrase); bars and beats that are left until the recording begins or ends, the running ones "
        "counted, so that the last beat is 1; 0 in the other states.",
    ),
    Parameter(
        f"{MELODY}overdub", "command", (Arg("on", "b"),),
        doc="Whether notes that are played are laid on the phrase that repeats, if that is one of notes.",
    ),
    Parameter(f"{MELODY}cancel", "command", (), doc="Capture nothing; the phrase that repeats stays."),
    Parameter(f"{MELODY}clear", "command", (), doc="Forget the phrase that repeats."),
    Parameter(
        f"{MELODY}load", "command", (Arg("file", "s", check=check_melody_file, allowed=FILE_TEXT),),
        doc="Take the phrase from a MIDI file (all notes but drums), or the harmony of a sound file in the "
        "present tempo.",
    ),
    Parameter(
        INPUT, "command",
        (
            Arg("on", "b"),
            Arg("device", "s", optional=True, default=""),
            Arg("channel", "i", 1, 64, also=0, optional=True, default=0),
        ),
        doc="Listen to a sound input, or to none: its harmony steers the deck while it sounds, as played "
        "notes do, and can be captured. The device is a number, a name or a part of it; left out, it is that "
        "of the option input or the system's. Acknowledged when it is open. The input is never heard at the "
        "output.",
    ),
    Parameter(
        GATE, "value", (Arg("level", "f", -100, 0),), unit="dB", curve="linear", default=(-50.0,),
        doc="Level below which a sound input counts as silence.",
    ),
)  # fmt: skip
