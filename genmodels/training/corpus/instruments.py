"""General MIDI programs used by the corpus: what people call them and how they sound out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """`names`: words that people type, the usual one first. `decay_s`: time in which a held note falls to
    1/e, infinite for sustained ones. `low`, `high`: MIDI range in which it sounds well for a melody."""

    names: tuple[str, ...]
    decay_s: float = float("inf")
    low: int = 60
    high: int = 84


def _plucked(*names: str, decay_s: float = 1.5, low: int = 60, high: int = 84) -> Instrument:
    return Instrument(names, decay_s, low, high)


def _held(*names: str, low: int = 60, high: int = 84) -> Instrument:
    return Instrument(names, low=low, high=high)


INSTRUMENTS: dict[int, Instrument] = {
    0: _plucked("piano", "acoustic piano", "grand piano", decay_s=2.0),
    1: _plucked("piano", "bright piano", decay_s=2.0),
    4: _plucked("electric piano", "rhodes", "e-piano", decay_s=2.0),
    5: _plucked("electric piano", "fm electric piano", decay_s=2.0),
    7: _plucked("clavinet", "clav", decay_s=1.0),
    9: _plucked("glockenspiel", "bells", low=72, high=96),
    10: _plucked("music box", low=72, high=96),
    11: _plucked("vibraphone", "vibes", decay_s=2.0),
    12: _plucked("marimba", "mallets", decay_s=0.5),
    16: _held("organ", "hammond organ", "electric organ"),
    17: _held("organ", "percussive organ"),
    18: _held("organ", "rock organ"),
    19: _held("church organ", "pipe organ"),
    21: _held("accordion"),
    22: _held("harmonica"),
    24: _plucked("nylon guitar", "classical guitar", "guitar", low=52, high=79),
    25: _plucked("acoustic guitar", "steel guitar", "guitar", low=52, high=79),
    26: _plucked("jazz guitar", "guitar", low=52, high=79),
    27: _plucked("electric guitar", "clean guitar", "guitar", low=52, high=79),
    28: _plucked("muted guitar", "electric guitar", "guitar", decay_s=0.3, low=52, high=79),
    29: _held("overdriven guitar", "electric guitar", "guitar", low=52, high=79),
    30: _held("distorted guitar", "electric guitar", "heavy guitar", low=52, high=79),
    32: _plucked("upright bass", "double bass", "bass", decay_s=0.8),
    33: _plucked("bass guitar", "electric bass", "bass"),
    34: _plucked("bass guitar", "picked bass", "bass"),
    36: _plucked("slap bass", "bass", decay_s=0.8),
    38: _held("synth bass", "bass"),
    39: _held("synth bass", "bass"),
    40: _held("violin", "fiddle"),
    42: _held("cello", low=48, high=72),
    45: _plucked("pizzicato strings", "pizzicato", decay_s=0.3),
    46: _plucked("harp", decay_s=1.5),
    48: _held("strings", "string section", "string ensemble"),
    49: _held("strings", "slow strings"),
    52: _held("choir", "choir aahs"),
    56: _held("trumpet"),
    60: _held("french horn", "horn", low=55, high=77),
    61: _held("brass", "brass section", "horns"),
    65: _held("saxophone", "alto sax", "sax", low=55, high=79),
    66: _held("saxophone", "tenor sax", "sax", low=52, high=76),
    68: _held("oboe", low=62, high=86),
    71: _held("clarinet", low=55, high=82),
    73: _held("flute", low=67, high=91),
    79: _held("ocarina", "whistle", low=67, high=91),
    80: _held("square lead", "synth lead", "synth", "chiptune lead"),
    81: _held("saw lead", "synth lead", "synth"),
    87: _held("synth lead", "synth"),
    88: _held("synth pad", "pad"),
    89: _held("warm pad", "synth pad", "pad"),
    90: _held("polysynth", "synth", "synth chords"),
    91: _held("choir pad", "pad", "synth pad"),
    94: _held("halo pad", "pad", "synth pad"),
    95: _held("sweep pad", "pad", "synth pad"),
    105: _plucked("banjo", decay_s=0.6),
    108: _plucked("kalimba", decay_s=0.8),
}

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
    "tambourine": 54,
    "cowbell": 56,
    "maracas": 70,
    "conga": 63,
    "low conga": 64,
}
"""General MIDI percussion by the names that patterns use."""
