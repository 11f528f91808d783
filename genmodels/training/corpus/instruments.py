"""The instruments of the corpus: General MIDI programs and voices of our own, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal[
    "piano", "keys", "organ", "guitar", "bass", "strings", "brass", "winds", "mallets", "voice", "synth",
    "plucked", "drums",
]  # fmt: skip


@dataclass(frozen=True)
class Instrument:
    """An instrument.

    Attributes:
        program: General MIDI program from 0, or None for a voice of `voices.VOICES` of the same name.
        names: words that people type, the usual one first.
        family: what kind it is; labels and evaluations use it.
        decay_s: time in which a held note falls to 1/e, infinite for sustained ones.
        low, high: MIDI range of melodies.
        solo_line: plays one note at a time.
        strum_ms: time between the notes of a strummed chord.
    """

    program: int | None
    names: tuple[str, ...]
    family: Family
    decay_s: float = float("inf")
    low: int = 60
    high: int = 84
    solo_line: bool = False
    strum_ms: float = 0.0


def _i(
    program: int | None, family: Family, *names: str, decay: float = float("inf"), low: int = 60,
    high: int = 84, line: bool = False, strum: float = 0.0,
) -> Instrument:  # fmt: skip
    return Instrument(program, names, family, decay, low, high, line, strum)


# fmt: off
INSTRUMENTS: dict[str, Instrument] = {
    "grand piano": _i(0, "piano", "piano", "acoustic piano", "grand piano", decay=2.0),
    "bright piano": _i(1, "piano", "piano", "bright piano", decay=2.0),
    "honky-tonk": _i(3, "piano", "honky-tonk piano", "saloon piano", decay=1.8),
    "rhodes": _i(4, "keys", "electric piano", "rhodes", "e-piano", decay=2.0),
    "fm piano": _i(5, "keys", "electric piano", "fm electric piano", "dx7 piano", decay=2.0),
    "harpsichord": _i(6, "keys", "harpsichord", "cembalo", decay=1.0),
    "clavinet": _i(7, "keys", "clavinet", "clav", decay=1.0),
    "celesta": _i(8, "mallets", "celesta", "celeste", decay=1.0, low=67, high=91),
    "glockenspiel": _i(9, "mallets", "glockenspiel", "bells", decay=1.5, low=72, high=96),
    "music box": _i(10, "mallets", "music box", decay=1.5, low=72, high=96),
    "vibraphone": _i(11, "mallets", "vibraphone", "vibes", decay=2.0),
    "marimba": _i(12, "mallets", "marimba", "mallets", decay=0.5),
    "xylophone": _i(13, "mallets", "xylophone", decay=0.3, low=65, high=89),
    "dulcimer": _i(15, "plucked", "dulcimer", "hammered dulcimer", decay=1.2),
    "hammond": _i(16, "organ", "organ", "hammond organ", "electric organ"),
    "percussive organ": _i(17, "organ", "organ", "percussive organ"),
    "rock organ": _i(18, "organ", "organ", "rock organ"),
    "church organ": _i(19, "organ", "church organ", "pipe organ"),
    "accordion": _i(21, "winds", "accordion"),
    "harmonica": _i(22, "winds", "harmonica", "blues harp", line=True),
    "nylon guitar": _i(24, "guitar", "nylon guitar", "classical guitar", "guitar", decay=1.2, low=52, high=79,
                       strum=5.0),
    "steel guitar": _i(25, "guitar", "acoustic guitar", "steel string guitar", "guitar", decay=1.3, low=52,
                       high=79, strum=5.0),
    "jazz guitar": _i(26, "guitar", "jazz guitar", "guitar", decay=1.3, low=52, high=79, strum=2.0),
    "clean guitar": _i(27, "guitar", "electric guitar", "clean guitar", "guitar", decay=1.5, low=52, high=79,
                       strum=3.0),
    "muted guitar": _i(28, "guitar", "muted guitar", "electric guitar", "guitar", decay=0.3, low=52, high=79),
    "overdriven guitar": _i(29, "guitar", "overdriven guitar", "electric guitar", "guitar", low=52, high=79),
    "distorted guitar": _i(30, "guitar", "distorted guitar", "electric guitar", "heavy guitar", low=52,
                           high=79),
    "upright bass": _i(32, "bass", "upright bass", "double bass", "bass", decay=0.8, line=True),
    "finger bass": _i(33, "bass", "bass guitar", "electric bass", "bass", decay=1.5, line=True),
    "pick bass": _i(34, "bass", "bass guitar", "picked bass", "bass", decay=1.5, line=True),
    "fretless bass": _i(35, "bass", "fretless bass", "bass", decay=1.5, line=True),
    "slap bass": _i(36, "bass", "slap bass", "bass", decay=0.8, line=True),
    "synth bass": _i(38, "bass", "synth bass", "bass", line=True),
    "deep synth bass": _i(39, "bass", "synth bass", "bass", line=True),
    "violin": _i(40, "strings", "violin", "fiddle", low=62, high=88, line=True),
    "viola": _i(41, "strings", "viola", low=55, high=77, line=True),
    "cello": _i(42, "strings", "cello", low=45, high=69, line=True),
    "contrabass": _i(43, "strings", "bowed double bass", "double bass", low=36, high=60, line=True),
    "pizzicato": _i(45, "strings", "pizzicato strings", "pizzicato", decay=0.3),
    "harp": _i(46, "plucked", "harp", decay=1.5),
    "timpani": _i(47, "drums", "timpani", decay=1.0, low=41, high=53),
    "strings": _i(48, "strings", "strings", "string section", "string ensemble"),
    "slow strings": _i(49, "strings", "strings", "slow strings"),
    "synth strings": _i(50, "strings", "synth strings", "strings"),
    "choir": _i(52, "voice", "choir", "choir aahs"),
    "oohs": _i(53, "voice", "voice oohs", "choir"),
    "trumpet": _i(56, "brass", "trumpet", low=58, high=82, line=True),
    "trombone": _i(57, "brass", "trombone", low=46, high=70, line=True),
    "muted trumpet": _i(59, "brass", "muted trumpet", "trumpet", low=60, high=82, line=True),
    "french horn": _i(60, "brass", "french horn", "horn", low=55, high=77, line=True),
    "brass": _i(61, "brass", "brass", "brass section", "horns"),
    "soprano sax": _i(64, "winds", "soprano sax", "saxophone", low=62, high=86, line=True),
    "alto sax": _i(65, "winds", "saxophone", "alto sax", "sax", low=55, high=79, line=True),
    "tenor sax": _i(66, "winds", "saxophone", "tenor sax", "sax", low=52, high=76, line=True),
    "oboe": _i(68, "winds", "oboe", low=62, high=86, line=True),
    "bassoon": _i(70, "winds", "bassoon", low=45, high=69, line=True),
    "clarinet": _i(71, "winds", "clarinet", low=55, high=82, line=True),
    "piccolo": _i(72, "winds", "piccolo", low=74, high=96, line=True),
    "flute": _i(73, "winds", "flute", low=67, high=91, line=True),
    "recorder": _i(74, "winds", "recorder", low=67, high=88, line=True),
    "pan flute": _i(75, "winds", "pan flute", low=65, high=86, line=True),
    "whistle": _i(78, "winds", "tin whistle", "whistle", low=72, high=91, line=True),
    "gm square lead": _i(80, "synth", "square lead", "synth lead", "synth", line=True),
    "gm saw lead": _i(81, "synth", "saw lead", "synth lead", "synth", line=True),
    "new age pad": _i(88, "synth", "synth pad", "pad", decay=4.0),
    "warm pad": _i(89, "synth", "warm pad", "synth pad", "pad"),
    "polysynth": _i(90, "synth", "polysynth", "synth", "synth chords"),
    "choir pad": _i(91, "synth", "choir pad", "pad", "synth pad"),
    "bowed pad": _i(92, "synth", "glass pad", "pad", "synth pad"),
    "halo pad": _i(94, "synth", "halo pad", "pad", "synth pad"),
    "sweep pad": _i(95, "synth", "sweep pad", "pad", "synth pad"),
    "sitar": _i(104, "plucked", "sitar", decay=1.2),
    "banjo": _i(105, "plucked", "banjo", decay=0.6, low=55, high=79),
    "koto": _i(107, "plucked", "koto", decay=0.8),
    "kalimba": _i(108, "mallets", "kalimba", "thumb piano", decay=0.8),
    "fiddle": _i(110, "strings", "fiddle", "violin", low=62, high=88, line=True),
    "steel drums": _i(114, "mallets", "steel drums", "steel pan", decay=1.0),
    "pulse lead": _i(None, "synth", "pulse wave", "chiptune lead", "8-bit synth", line=True),
    "pulse arp": _i(None, "synth", "8-bit arpeggio", "pulse wave", "chip synth"),
    "triangle bass": _i(None, "bass", "triangle bass", "8-bit bass", "bass", line=True, low=33, high=57),
    "acid bass": _i(None, "bass", "acid bass", "303 bass", "acid synth", "bass", line=True),
    "reese bass": _i(None, "bass", "reese bass", "bass", line=True),
    "sub bass": _i(None, "bass", "sub bass", "808 bass", "bass", decay=0.9, line=True),
    "saw bass": _i(None, "bass", "analog synth bass", "synth bass", "bass", line=True),
    "supersaw": _i(None, "synth", "supersaw", "saw synth", "synth"),
    "analog poly": _i(None, "synth", "analog synth", "synth", "synth chords"),
    "analog lead": _i(None, "synth", "analog lead", "synth lead", "synth", line=True),
    "pluck": _i(None, "synth", "synth pluck", "plucked synth", "synth", decay=0.3),
    "stab": _i(None, "synth", "synth stab", "synth", decay=0.35),
}


@dataclass(frozen=True)
class Kit:
    """A drum kit: the program of General MIDI percussion, or None for the synthesized kit of the same name;
    and words for it beside "drums"."""

    program: int | None
    words: tuple[str, ...] = ()


KITS: dict[str, Kit] = {
    "standard": Kit(0, ("acoustic drums", "live drums")),
    "room": Kit(8, ("acoustic drums", "live drums")),
    "power": Kit(16, ("big drums", "heavy drums")),
    "electronic": Kit(24, ("electronic drums", "drum machine")),
    "analog": Kit(25, ("drum machine", "electronic drums")),
    "jazz": Kit(32, ("jazz drums",)),
    "brushes": Kit(40, ("brushed drums", "brushes", "soft drums")),
    "orchestra": Kit(48, ("orchestral percussion", "percussion")),
    "808": Kit(None, ("808 drums", "808", "drum machine", "electronic drums")),
    "909": Kit(None, ("909 drums", "drum machine", "electronic drums")),
    "chip": Kit(None, ("8-bit drums", "noise drums", "chip drums")),
}
# fmt: on

DRUMS = {
    "kick": 36,
    "stick": 37,
    "snare": 38,
    "clap": 39,
    "hat": 42,
    "pedal": 44,
    "open": 46,
    "low tom": 45,
    "tom": 47,
    "high tom": 50,
    "crash": 49,
    "ride": 51,
    "bell": 53,
    "tambourine": 54,
    "cowbell": 56,
    "high conga": 62,
    "conga": 63,
    "low conga": 64,
    "maracas": 70,
    "claves": 75,
    "triangle": 81,
    "shaker": 82,
}
"""General MIDI percussion by the names that patterns use."""


def words_for(instrument: str) -> tuple[str, ...]:
    """What people call an instrument or (by the name of a kit) drums, the usual word first."""
    if instrument in KITS:
        return ("drums", "drum beat", "drum kit", "beat", *KITS[instrument].words)
    return INSTRUMENTS[instrument].names


def family_of(instrument: str) -> Family:
    """The family of an instrument or a kit."""
    return "drums" if instrument in KITS else INSTRUMENTS[instrument].family
