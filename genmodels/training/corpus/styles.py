"""The styles of the corpus: what makes each recognisable, as data.

Patterns are strings on the grid of sixteenth notes, one or two bars long (16 steps a bar of 4/4, 12 of 3/4).
Drums and chords: `X` accent, `x` normal, `o` soft, `-` hold, `.` rest. Chords may be arpeggios instead:
digits count the chord's voices from below. Bass: `R` root accented, `r` root, `5` fifth, `8` octave,
`3` third, `a` approach to the next chord's root, `-` hold, `.` rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from genmodels.training.corpus.theory import Mode

Drums = Mapping[str, str]
Progressions = Mapping[Mode, tuple[str, ...]]


@dataclass(frozen=True)
class Patterns:
    """Pattern vocabulary of a style in one meter."""

    drums: tuple[Drums, ...] = ()
    bass: tuple[str, ...] = ()
    chords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Style:
    """One style. Programs are General MIDI from 0.

    `swing` is where the second of a pair of `swing_unit` steps (1 = sixteenths, 2 = eighths) lies in the pair
    (0.5 = straight); `jitter_ms` the standard deviation of human timing; `lead_density` the share of eighth
    notes on which a melody moves; `names` the words that people type for it, the usual one first."""

    name: str
    names: tuple[str, ...]
    bpm: tuple[int, int]
    moods: tuple[str, ...]
    patterns: Mapping[int, Patterns]
    progressions: Progressions
    kits: tuple[int, ...] = (0,)
    bass: tuple[int, ...] = (33,)
    chords: tuple[int, ...] = (0,)
    lead: tuple[int, ...] = (0,)
    pad: tuple[int, ...] = ()
    solo: tuple[int, ...] = ()
    swing: float = 0.5
    swing_unit: int = 1
    jitter_ms: float = 2.5
    lead_chance: float = 0.65
    lead_density: float = 0.5
    pad_chance: float = 0.3
    pump: bool = False
    cutoff_hz: float = 0.0
    drive: float = 0.0
    weight: float = 1.0
    bass_low: int = 33
    chord_centre: int = 62
    textures: Mapping[str, float] = field(default_factory=dict)


_POP: Progressions = {
    "major": ("I V vi IV", "vi IV I V", "I vi IV V", "IV I V vi", "I IV vi V"),
    "minor": ("i VI III VII", "i iv VI VII", "i VII VI VII", "VI VII i i", "i III VII VI"),
}
_JAZZ: Progressions = {
    "major": ("ii7 V7 Imaj7 vi7", "Imaj7 vi7 ii7 V7", "iii7 vi7 ii7 V7", "Imaj7 IVmaj7 ii7 V7"),
    "minor": ("i7 iv7 iim7b5 V7", "iim7b5 V7 i7 i7", "i7 VImaj7 iim7b5 V7"),
}
_SOUL: Progressions = {
    "major": ("Imaj7 vi7 ii7 V7", "IVmaj7 iii7 ii7 Imaj7", "Imaj7 iii7 vi7 IVmaj7", "ii7 iii7 IVmaj7 V7"),
    "minor": ("i7 iv7 VImaj7 VII7", "VImaj7 VII7 i7 i7", "i7 v7 iv7 v7", "i9 VImaj7 iv7 v7"),
}
_VAMP: Progressions = {
    "major": ("I7 I7 IV7 I7", "I9 I9 IV9 IV9", "I7 bVII IV I7"),
    "minor": ("i7 i7 iv7 i7", "i7 i7 i7 VII", "i9 i9 iv9 iv9"),
}
_DARK: Progressions = {
    "minor": ("i i i i", "i i VI VI", "i i VII VII", "i i iv VI", "i VI i VII"),
    "major": ("I I I I", "I I IV IV", "I I vi vi"),
}
_SLOW: Progressions = {
    "major": ("Iadd9 IVmaj7 Iadd9 IVmaj7", "Imaj7 Imaj7 vi7 vi7", "IVmaj7 Iadd9 vi7 V", "Isus2 V vi7 IVmaj7"),
    "minor": ("i VI i VI", "iadd9 VImaj7 III VII", "i9 i9 VImaj7 VImaj7", "VImaj7 VII i7 i7"),
}
_FOLK: Progressions = {
    "major": ("I IV I V", "I I IV V", "I vi IV V", "I V I IV"),
    "minor": ("i VII VI V", "i iv i V", "i VII i VII", "i VI III VII"),
}

# fmt: off
STYLES: tuple[Style, ...] = (
    Style(
        "lo-fi hip hop",
        ("lo-fi hip hop", "lofi", "lo-fi", "lofi beat", "chillhop", "lofi hip hop"),
        (66, 92),
        ("warm", "chill", "mellow", "relaxed", "dusty", "nostalgic", "laid back"),
        {
            4: Patterns(
                (
                    {"kick": "X.....x.x.......", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.o."},
                    {"kick": "X......x..x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.xo"},
                    {"kick": "X..x......x.....", "stick": "....X.......X...", "hat": "o.x.o.x.o.x.o.x."},
                ),
                ("R-----r-5---....", "R-------....r-5-", "R---..r-r-----8-"),
                ("X-----------....", "X-----..x-------", "x-..x-----..o---", "0-1-2-3-2-1-2-1-"),
            )
        },
        _SOUL,
        kits=(0, 8), bass=(32, 33), chords=(4, 4, 0, 5, 26), lead=(11, 0, 73, 65, 24), pad=(89,),
        solo=(4, 0, 24), swing=0.6, jitter_ms=3.5, lead_density=0.35, cutoff_hz=4500.0, weight=1.3,
    ),
    Style(
        "house",
        ("house", "house music", "deep house", "house beat", "dance", "club"),
        (118, 128),
        ("groovy", "uplifting", "driving", "energetic", "bright", "warm"),
        {
            4: Patterns(
                (
                    {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X."},
                    {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X.",
                     "hat": "x.o.x.o.x.o.x.o."},
                    {"kick": "X...X...X...X...", "snare": "....X.......X..o", "open": "..X...X...X...X.",
                     "maracas": "oxooxoxooxooxoxo"},
                ),
                ("..R-..R-..R-..R-", "R-.r..r-R-.r..8-", "R-..r-..r-.8..r-"),
                ("..X-....X-....X-", "X-..X-..X-..X-..", "X--x--x-X--x--x-", "..X-..X-..X-..X-"),
            )
        },
        _SOUL,
        kits=(24, 25), bass=(38, 39), chords=(16, 0, 4, 90), lead=(81, 80, 11), pad=(89, 48),
        solo=(90, 16, 0),
        jitter_ms=0.8, pump=True, lead_density=0.5, weight=1.2, bass_low=33,
    ),
    Style(
        "techno",
        ("techno", "minimal techno", "dark techno", "techno beat", "rave", "acid techno"),
        (126, 146),
        ("dark", "hypnotic", "driving", "intense", "mechanical", "relentless"),
        {
            4: Patterns(
                (
                    {"kick": "X...X...X...X...", "hat": "..x...x...x...x.", "clap": "............X..."},
                    {"kick": "X...X...X...X...", "hat": "xoxoxoxoxoxoxoxo", "open": "..X...X...X...X."},
                    {"kick": "X...X...X...X...", "open": "..X...X...X...X.", "clap": "....X.......X...",
                     "low tom": "...x..x....x..x."},
                ),
                (".rRr.rRr.rRr.rRr", "rrRrrrRrrrRrrrR8", "..R-..R-..R-..R-"),
                ("X..X..X.........", "..x...x...x...x.", "0213021302130213", "X..x..x.X..x..x."),
            )
        },
        _DARK,
        kits=(25, 24), bass=(38, 39), chords=(90, 81), lead=(81, 80, 87), pad=(95, 94), solo=(81, 90),
        jitter_ms=0.5, lead_chance=0.3, lead_density=0.7, drive=1.5, weight=1.2,
    ),
    Style(
        "drum and bass",
        ("drum and bass", "dnb", "drum & bass", "jungle", "liquid drum and bass", "breakbeat"),
        (165, 180),
        ("fast", "energetic", "rolling", "intense", "frantic", "liquid"),
        {
            4: Patterns(
                (
                    {"kick": "X.........x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                    {"kick": "X.x.......x.....", "snare": "....X..o.o..X..o", "ride": "x.x.x.x.x.x.x.x."},
                    {"kick": "X.........X.....X.x.......x.....", "snare": "....X.......X.......X..o.o..X...",
                     "hat": "xoxoxoxoxoxoxoxoxoxoxoxoxoxoxoxo"},
                ),
                ("R-------------r-", "R-----R-----5-8-", "R---..r---..r-8-"),
                ("X---------------", "X-----X-----....", "0-2-1-3-0-2-1-3-"),
            )
        },
        _SOUL,
        kits=(16, 0, 24), bass=(38, 39), chords=(4, 89, 90, 0), lead=(81, 73, 11), pad=(89, 95, 52),
        solo=(4, 90), jitter_ms=1.0, pad_chance=0.5, lead_density=0.35,
    ),
    Style(
        "ambient",
        ("ambient", "ambient music", "soundscape", "drone", "meditation music", "atmospheric"),
        (60, 84),
        ("calm", "dreamy", "ethereal", "peaceful", "floating", "spacious", "soft"),
        {
            4: Patterns(
                (), ("R---------------",), ("X---------------", "X---------------", "0---1---2---3---")
            ),
            3: Patterns((), ("R-----------",), ("X-----------", "0---1---2---")),
        },
        _SLOW,
        bass=(39, 32), chords=(89, 88, 94, 91, 95, 49), lead=(0, 11, 46, 73, 9), pad=(52, 49, 88),
        solo=(89, 49, 88, 0, 46, 91), jitter_ms=4.0, lead_density=0.2, pad_chance=0.5, lead_chance=0.6,
        textures={"full": 0.0, "no drums": 0.7, "solo": 0.3},
    ),
    Style(
        "funk",
        ("funk", "funky", "funk groove", "funky groove", "disco funk", "soul funk"),
        (94, 118),
        ("groovy", "tight", "funky", "energetic", "playful", "upbeat"),
        {
            4: Patterns(
                (
                    {"kick": "X..x..x...x.....", "snare": "....X..o.o..X...", "hat": "xoxoxoxoxoxoxoxo"},
                    {"kick": "X.x.......x..x..", "snare": "....X..o....X..o", "hat": "x.x.x.x.x.x.x.x."},
                    {"kick": "X..x......xx....", "snare": "....X..o.o..X..o", "hat": "xxxoxxxoxxxoxxxo",
                     "tambourine": "....x.......x..."},
                ),
                ("R..r..8.r.5.8.r.", "R.r...8..r.5..a.", "R--.r.8...r.5.8."),
                ("..x.o..x..x.o..x", "X..x..x...x.x...", "....X..x....X..x", "xoxXxoxXxoxXxoxX"),
            )
        },
        _VAMP,
        kits=(0, 8), bass=(36, 33), chords=(27, 28, 7, 16), lead=(61, 65, 56), solo=(36, 27, 7),
        swing=0.54, jitter_ms=2.0, lead_density=0.45, weight=1.1,
    ),
    Style(
        "jazz",
        ("jazz", "jazz trio", "swing", "swing jazz", "bebop", "piano jazz"),
        (104, 180),
        ("smooth", "swinging", "smoky", "lively", "sophisticated", "cool"),
        {
            4: Patterns(
                (
                    {"ride": "X...x.x.X...x.x.", "pedal": "....x.......x...", "kick": "o...o...o...o..."},
                    {"ride": "X...X.x.X...X.x.", "pedal": "....x.......x...", "snare": "......o.......o."},
                ),
                ("R---3---5---a---", "R---5---8---a---", "r---3---5---3---"),
                (
                    "X-----x-........", "......X-....x---", "x---......X-....", "X-----------....",
                    "..X-......x-....",
                ),
            ),
            3: Patterns(
                (
                    {"ride": "X...x.x.x...", "pedal": "....x...x...", "kick": "x..........."},
                    {"ride": "X...x...x.x.", "pedal": "....x...x...", "stick": "........o..."},
                ),
                ("R---5---a---", "R---3---5---", "R-------a---"),
                ("....x---x---", "X-----x-....", "X-----------"),
            ),
        },
        _JAZZ,
        kits=(32, 40), bass=(32,), chords=(0, 0, 26), lead=(0, 66, 65, 56, 11), solo=(0, 26, 66),
        swing=0.66, swing_unit=2, jitter_ms=3.0, lead_density=0.65, lead_chance=0.75, weight=1.2,
    ),
    Style(
        "bossa nova",
        ("bossa nova", "bossa", "latin jazz", "brazilian", "samba", "latin"),
        (108, 144),
        ("relaxed", "sunny", "gentle", "romantic", "breezy", "smooth"),
        {
            4: Patterns(
                (
                    {"kick": "X.....x.X.....x.", "stick": "X.....x.....x...", "hat": "xoxoxoxoxoxoxoxo"},
                    {"kick": "X.....x.X.....x.X.....x.X.....x.", "stick": "X.....X.....X.......X.....X.....",
                     "maracas": "x.o.x.o.x.o.x.o.x.o.x.o.x.o.x.o."},
                ),
                ("R-----5-5-----r-", "R-----r-5-----5-"),
                ("X---X---..X-..X-", "X-..x-..x---..x-", "..x-..x-x---..x-"),
            )
        },
        _JAZZ,
        kits=(0, 40), bass=(32, 33), chords=(24, 24, 0), lead=(73, 66, 24, 11), pad=(48,), solo=(24, 0),
        jitter_ms=2.5, lead_density=0.4, pad_chance=0.1,
    ),
    Style(
        "rock",
        ("rock", "rock band", "hard rock", "punk rock", "guitar rock", "indie rock"),
        (100, 164),
        ("powerful", "loud", "energetic", "raw", "driving", "aggressive"),
        {
            4: Patterns(
                (
                    {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
                    {"kick": "X.....x.x.......", "snare": "....X.......X...", "ride": "X.x.X.x.X.x.X.x."},
                    {"kick": "X..xX...x..xX...", "snare": "....X.......X...", "open": "X...X...X...X..."},
                ),
                ("R-r-r-r-r-r-r-r-", "R-..r-r-R-..r-r-", "R---r---r---r-5-"),
                ("X-x-x-x-X-x-x-x-", "X---------------", "X-----X-------x-", "X-..x-..X-..x-x-"),
            )
        },
        {
            "major": ("I5 V5 vi IV5", "I5 IV5 V5 IV5", "I5 bVII5 IV5 I5"),
            "minor": ("I5 VI5 III5 VII5", "I5 VII5 VI5 VII5", "I5 I5 III5 IV5"),
        },
        kits=(16, 8), bass=(34, 33), chords=(30, 29), lead=(30, 29, 27), solo=(30, 27, 29),
        jitter_ms=2.5, lead_density=0.5, lead_chance=0.5, chord_centre=54, weight=1.2,
    ),
    Style(
        "synthwave",
        ("synthwave", "retrowave", "80s synth", "80s", "outrun", "synth pop"),
        (82, 118),
        ("nostalgic", "neon", "dreamy", "retro", "cinematic", "cool"),
        {
            4: Patterns(
                (
                    {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                    {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
                    {"kick": "X.....x.X.......", "snare": "....X.......X...", "open": "..x...x...x...x."},
                ),
                ("R.r.r.r.r.r.r.r.", "RrrrrrrrRrrrrrrr", "R.8.r.8.r.8.r.8."),
                ("X---------------", "0121012101210121", "0-1-2-3-0-1-2-3-", "X-----x-----x---"),
            )
        },
        _POP,
        kits=(24, 16), bass=(38, 39), chords=(90, 88, 81), lead=(81, 80, 87), pad=(89, 95), solo=(90, 81),
        jitter_ms=0.8, lead_density=0.4, pad_chance=0.5,
    ),
    Style(
        "folk waltz",
        ("folk", "waltz", "folk waltz", "acoustic folk", "traditional folk", "country waltz"),
        (84, 168),
        ("cheerful", "gentle", "rustic", "happy", "wistful", "simple"),
        {
            3: Patterns(
                (
                    {"kick": "X...........", "snare": "....o...o...", "hat": "....x...x..."},
                    {"kick": "X...........", "tambourine": "....x...x..."},
                ),
                ("R---........", "R---....5---", "R-------5---"),
                ("....x---x---", "....X-..x-..", "0-1-2-3-2-1-", "X---x---x---"),
            )
        },
        _FOLK,
        kits=(0, 40), bass=(32, 33), chords=(25, 21, 24, 105), lead=(40, 21, 73, 22, 71), solo=(21, 25, 40),
        jitter_ms=3.5, lead_density=0.45, lead_chance=0.75, weight=1.4,
    ),
    Style(
        "piano ballad",
        ("piano ballad", "piano music", "classical piano", "romantic piano", "ballad"),
        (60, 112),
        ("calm", "sad", "emotional", "tender", "romantic", "gentle"),
        {
            4: Patterns(
                ({"kick": "X.......x.......", "stick": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},),
                ("R---------------", "R-------5-------", "R-------8-------"),
                ("0-1-2-3-2-1-2-1-", "0-2-1-2-0-2-1-2-", "X---x---x---x---", "0-1-2-1-3-2-1-2-"),
            ),
            3: Patterns(
                ({"kick": "X...........", "stick": "........x...", "hat": "x...x...x..."},),
                ("R-----------", "R-------5---"),
                ("0-1-2-3-2-1-", "....x---x---", "0-2-1-2-1-2-"),
            ),
        },
        _POP,
        kits=(40, 0), bass=(32, 33), chords=(0,), lead=(0, 42, 40, 68), pad=(48,), solo=(0,),
        jitter_ms=4.0, lead_density=0.4, lead_chance=0.85, weight=1.2,
        textures={"full": 0.25, "no drums": 0.25, "solo": 0.5},
    ),
    Style(
        "reggae",
        ("reggae", "dub", "roots reggae", "ska", "reggae groove"),
        (64, 92),
        ("relaxed", "sunny", "laid back", "happy", "deep"),
        {
            4: Patterns(
                (
                    {"kick": "........X.......", "stick": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
                    {"kick": "X...X...X...X...", "stick": "........X.......", "hat": "x.o.x.o.x.o.x.o."},
                ),
                ("R---..r-5---8---", "R-r-....5-r-3---", "R-----3-5-------"),
                ("....X.......X...", "..x...x...x...x.", "....X.x.....X.x."),
            )
        },
        {"major": ("I IV I V", "I V vi IV", "I I IV V"), "minor": ("i iv i iv", "i VII i VII", "i iv VII i")},
        kits=(0, 8), bass=(33,), chords=(16, 27, 0), lead=(22, 56, 66, 18), solo=(16,), swing=0.55,
        jitter_ms=2.5, lead_density=0.35,
    ),
    Style(
        "trap",
        ("trap", "hip hop", "trap beat", "rap beat", "hip hop beat", "808 beat"),
        (130, 152),
        ("dark", "hard", "moody", "heavy", "cold", "menacing"),
        {
            4: Patterns(
                (
                    {"kick": "X.....x.....x...", "clap": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
                    {"kick": "X.........x.....", "clap": "........X.......", "hat": "x.x.x.xxx.x.xxxx"},
                    {"kick": "X.....x.......x.x...............", "snare": "........X...............X.......",
                     "hat": "x.x.x.x.x.x.xxxxx.x.xxx.x.x.x.x.", "open": "..............x................."},
                ),
                ("R-----r-----....", "R-------..r-----", "R-------------8-"),
                ("X---------------", "0-2-1-2-3-2-1-2-", "0---2---1---2---", "X-------x-------"),
            )
        },
        _DARK,
        kits=(25,), bass=(39, 38), chords=(9, 10, 0, 11, 88), lead=(73, 9, 80), pad=(52, 95), solo=(10, 0),
        jitter_ms=1.0, lead_density=0.3, lead_chance=0.4,
    ),
    Style(
        "cinematic",
        ("cinematic", "orchestral", "film music", "classical", "epic", "soundtrack", "orchestra"),
        (72, 140),
        ("epic", "dramatic", "majestic", "emotional", "heroic", "tense"),
        {
            4: Patterns(
                (
                    {"low tom": "X.....x.X...x.x.", "kick": "X.......X......."},
                    {"low tom": "X..x..x.X..x..x.", "crash": "X..............................."},
                ),
                ("R-------r-------", "R---------------", "R-r-r-r-R-r-r-r-"),
                ("X---------------", "X-x-x-x-X-x-x-x-", "X..x..x.X..x..x.", "0-1-2-1-0-1-2-1-"),
            ),
            3: Patterns(
                ({"low tom": "X...x...x.x.", "kick": "X..........."},),
                ("R-----------", "R---....5---"),
                ("X-----------", "X-x-x-x-x-x-", "....x---x---"),
            ),
        },
        _POP,
        kits=(48,), bass=(42, 48), chords=(48, 45, 49), lead=(60, 40, 68, 56), pad=(52, 48),
        solo=(48, 46, 40, 42, 19),
        jitter_ms=3.5, lead_density=0.3, lead_chance=0.75, weight=1.1,
        textures={"full": 0.4, "no drums": 0.3, "solo": 0.3},
    ),
)
# fmt: on
"""All styles; a piece takes one, by weight."""

STYLE_NAMES = tuple(style.name for style in STYLES)
