"""Synthwave, chiptune and ambient."""

from __future__ import annotations

from genmodels.training.corpus.piece import Mix
from genmodels.training.corpus.styles.progressions import CLASSICAL, POP, SLOW
from genmodels.training.corpus.styles.style import MODAL, Grooves, Style

# fmt: off
SYNTHWAVE = Style(
    "synthwave",
    ("synthwave", "retrowave", "80s synth", "80s synth pop", "outrun", "synth pop"),
    (82, 118),
    ("nostalgic", "neon", "dreamy", "retro", "cinematic", "cool"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.......X.......", "snare": "....X.......X..."},
            {"kick": "X...X...X...X...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        full=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X.....x.X.......", "snare": "....X.......X...", "open": "..x...x...x...x."},
        ),
        fills=({"high tom": "xx......", "tom": "..xx....", "low tom": "....xxxx"},
               {"snare": "x.xx", "low tom": "...X"},
               {"tom": "X.x.", "low tom": ".x.X"}),
        bass=("R.r.r.r.r.r.r.r.", "RrrrrrrrRrrrrrrr", "R.r8R.r8R.r8R.r8", "R.rrR.rrR.rrR.r8"),
        chords=("X---------------", "X-----x-----x---", "..X-..X-..X-..X-"),
        arps=("0121012101210121", "0123210101232101", "0.1.2.3.2.1.2.1."),
        leads=("x-----x-x-------", "x---x---x-----x-", "x-x-x-----------", "..x-x-x---x-----",
               "................"),
    )},
    POP, minor_share=0.7, form=("intro", "verse", "chorus", "verse", "break", "chorus"),
    intros=(("arp", "bass"), ("chords", "bass"), ("drums", "bass")),
    breaks=(("arp", "pad"), ("chords", "lead")),
    kits=("808", "electronic", "electronic"), bass=("saw bass", "saw bass", "synth bass"),
    chords=("analog poly", "analog poly", "polysynth"), arp=("pluck", "analog poly"),
    lead=("analog lead", "analog lead", "gm saw lead", "alto sax", "supersaw"),
    pad=("warm pad", "synth strings"),
    solo=("analog poly", "pluck"), arp_chance=0.55, lead_chance=0.65, pad_chance=0.45, jitter_ms=0.6,
    echo=0.75,
    levels={"arp": -5.0}, mix=Mix("hall", -13.0, drive=0.4),
)

CHIPTUNE = Style(
    "chiptune",
    ("chiptune", "8-bit", "8-bit music", "video game music", "retro game music", "chip music",
     "nes style music"),
    (110, 172),
    ("playful", "quirky", "fun", "energetic", "retro", "adventurous"),
    {
        "4/4": Grooves(
            light=({"hat": "x.x.x.x.x.x.x.x.", "kick": "X.......X......."},),
            full=(
                {"kick": "X...x...X...x...", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                {"kick": "X.....x.X.x.....", "snare": "....X.......X...", "hat": "x.xxx.xxx.xxx.xx"},
                {"kick": "X..x..x.X..x....", "snare": "....X.......X.xx", "hat": "..x...x...x...x."},
            ),
            fills=({"snare": "xxxx"}, {"snare": "x.xxxxxx"}, {"kick": "x.x.", "snare": ".x.X"}),
            bass=("R.8.R.8.R.8.R.8.", "R.r.5.r.R.r.5.8.", "R..R..R.R..R..8.", "R.5.8.5.R.5.8.5."),
            chords=("0120120120120120", "0123012301230123", "0.0.1.1.2.2.1.1."),
            arps=("0120120120120120", "012301230123012."),
            leads=("x.x.xx.xx.x.x-..", "xxxxx-x-x---x-..", "x-xxx-x-x-x-x---", "x--x--x-xxxxx---",
                   "x-..x-..x-x-x-.."),
        ),
        "3/4": Grooves(
            full=({"kick": "X...........", "snare": "....x...x...", "hat": "x.x.x.x.x.x."},),
            light=({"kick": "X...........", "hat": "....x...x..."},),
            fills=({"snare": "xxxx"},),
            bass=("R...5...8...", "R.8.5.8.5.8."),
            chords=("012012012012", "0.0.1.1.2.2."),
            arps=("012012012012",),
            leads=("x-x-x-x-x---", "x---x-x-x-..", "x-xxx-x-x---"),
        ),
    },
    {"major": POP["major"] + CLASSICAL["major"], "minor": POP["minor"] + CLASSICAL["minor"]},
    minor_share=0.4, three=0.12, form=("verse", "verse", "chorus", "verse", "break", "chorus"),
    intros=(("arp", "bass"), ("chords", "bass"), ("lead", "bass")),
    breaks=(("lead", "bass"), ("chords", "bass")),
    kits=("chip",), bass=("triangle bass",), chords=("pulse arp",), arp=("pulse arp",), lead=("pulse lead",),
    solo=("pulse lead", "pulse arp"), duos=(("pulse lead", "pulse arp"),), lead_chance=0.9, pad_chance=0.0,
    jitter_ms=0.0, bass_low=36, chord_centre=67, lead_shift=1, levels={"drums": -3.0, "lead": -2.0},
    textures={"full": 0.76, "no drums": 0.1, "duo": 0.06, "solo": 0.04, "drums only": 0.02,
              "bass and drums": 0.02},
    mix=Mix("booth", -24.0),
)

AMBIENT = Style(
    "ambient",
    ("ambient", "ambient music", "soundscape", "drone", "meditation music", "atmospheric music"),
    (60, 84),
    ("calm", "ethereal", "peaceful", "floating", "spacious", "soft"),
    {
        "4/4": Grooves(
            bass=("R---------------", "R---------------5---------------"),
            chords=("X---------------", "X---------------X-------x-------", "0---1---2---3---"),
            arps=("0---1---2---3---", "0.....2.....1...", "..0...1...2....."),
            leads=("x-----------....", "....x-------....", "x-------x-------", "................",
                   "................"),
        ),
        "3/4": Grooves(
            bass=("R-----------",), chords=("X-----------", "0---1---2---"), arps=("0---1---2---",),
            leads=("x-----------", "....x-------", "............"),
        ),
    },
    SLOW, scales=MODAL, minor_share=0.45, three=0.2,
    mood_by_mode={"major": ("serene", "hopeful", "bright"), "minor": ("melancholic", "mysterious", "dark")},
    form=("intro", "verse", "chorus", "verse"), intros=(("pad",), ("chords",), ("chords", "bass")),
    breaks=(("chords", "pad"),), bass=("deep synth bass", "contrabass"),
    chords=("warm pad", "new age pad", "halo pad", "choir pad", "sweep pad", "slow strings", "bowed pad"),
    arp=("kalimba", "harp", "vibraphone", "celesta"),
    lead=("grand piano", "vibraphone", "harp", "flute", "glockenspiel", "oohs", "rhodes"),
    pad=("choir", "slow strings", "new age pad"), solo=("warm pad", "slow strings", "new age pad",
                                                        "choir pad", "halo pad"),
    duos=(("grand piano", "warm pad"), ("flute", "halo pad"), ("cello", "slow strings")),
    arp_chance=0.4, lead_chance=0.6, pad_chance=0.5, jitter_ms=4.0, echo=1.0,
    textures={"full": 0.0, "no drums": 0.6, "duo": 0.2, "solo": 0.2},
    levels={"chords": -3.0, "pad": -5.0, "bass": -5.0, "lead": -5.0},
    mix=Mix("space", -5.0, low_pass_hz=9000.0),
)
# fmt: on
