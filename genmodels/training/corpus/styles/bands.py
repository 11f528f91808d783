"""Rock, metal, funk, reggae and blues."""

from __future__ import annotations

from genmodels.training.corpus.piece import Mix
from genmodels.training.corpus.styles.progressions import BLUES_FORM, METAL, POWER, REGGAE, VAMP
from genmodels.training.corpus.styles.style import BLUES, HARD_MOODS, PENTATONIC, Grooves, Style

# fmt: off
ROCK = Style(
    "rock",
    ("rock", "rock band", "hard rock", "punk rock", "guitar rock", "indie rock", "classic rock"),
    (100, 164),
    ("powerful", "energetic", "raw", "driving", "loud", "rebellious"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.......X.x.....", "stick": "....X.......X...", "hat": "x.o.x.o.x.o.x.o."},
        ),
        full=(
            {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X.....x.x.......", "snare": "....X.......X...", "ride": "X.x.X.x.X.x.X.x."},
            {"kick": "X..x....x.xx....", "snare": "....X.......X...", "open": "X...X...X...X..."},
            {"kick": "X.x...x.X.x.....", "snare": "....X.......X..x", "open": "X.x.X.x.X.x.X.x."},
        ),
        fills=({"snare": "xxXx", "kick": "X..."}, {"snare": "x.xx....", "tom": "....xx..",
                                                   "low tom": "......xX"},
               {"high tom": "xx..", "tom": "..x.", "low tom": "...X"}, {"snare": "X.X.", "kick": ".x.x"}),
        bass=("R-r-r-r-r-r-r-r-", "R-..r-r-R-..r-r-", "R---r---r---r-5-", "R-r-r-r-r-r-5-a-"),
        chords=("X-x-x-x-X-x-x-x-", "X---------------", "X-----X-------x-", "X-..x-..X-..x-x-",
                "X-x-..x-X-x-..x-"),
        leads=("x-x-x---x-x-x---", "x---..x-x-x-x---", "X-----x-x-x-----", "xxx-x---x-x-x---",
               "................"),
    )},
    POWER, scales=PENTATONIC, minor_share=0.5,
    intros=(("chords",), ("chords", "drums"), ("drums", "bass")),
    breaks=(("chords", "lead"), ("drums", "bass")),
    kits=("power", "standard"), bass=("pick bass", "finger bass"),
    chords=("overdriven guitar", "distorted guitar"),
    lead=("distorted guitar", "overdriven guitar", "clean guitar", "rock organ"), pad=("rock organ",),
    solo=("overdriven guitar", "clean guitar"), duos=(("overdriven guitar", "steel guitar"),),
    lead_chance=0.5, pad_chance=0.15, jitter_ms=2.5, chord_centre=54, levels={"chords": -4.5, "drums": 1.0},
    mix=Mix("room", -14.0, drive=0.5),
)

METAL_STYLE = Style(
    "metal",
    ("metal", "heavy metal", "metal band", "thrash metal", "death metal riff", "metal guitar riffs"),
    (120, 176),
    ("aggressive", "brutal", "heavy", "furious", "crushing", "extreme"),
    {"4/4": Grooves(
        light=({"kick": "X.x.X.x.X.x.X.x.", "snare": "........X.......", "crash": "X..............."},),
        full=(
            {"kick": "XxxxXxxxXxxxXxxx", "snare": "....X.......X...", "ride": "X...X...X...X..."},
            {"kick": "X.xxX.xxX.xxX.xx", "snare": "....X.......X...", "open": "X...X...X...X..."},
            {"kick": "x.x.x.x.x.x.x.x.", "snare": "..x...x...x...x.", "ride": "X.x.X.x.X.x.X.x."},
            {"kick": "X..x..x.X..x..xx", "snare": "........X.......", "crash": "X.......X......."},
        ),
        fills=({"snare": "xxxx....", "low tom": "....xxxx", "kick": "xxxxxxxx"},
               {"high tom": "xxxx....", "tom": "....xx..",
               "low tom": "......xx"}, {"snare": "xxXx", "kick": "xxxx"}),
        bass=("RrrrRrrrRrrrRrrr", "R.rrR.rrR.rrR.rr", "R..r..r.R..r..rr"),
        chords=("XxxxXxxxXxxxXxxx", "X.xxX.xxX.xxX.xx", "X..x..x.X..x..xx", "X-------x.x.X---"),
        leads=("xxxxxxxxxxxxxxxx", "x-x-xxxxx-x-xxxx", "X-------xxxxx---", "xxxxx---xxxxx---",
               "................"),
    )},
    METAL, mood_by_mode=HARD_MOODS, scales={"major": ("blues",), "minor": ("phrygian", "harmonic minor")},
    minor_share=0.95, form=("intro", "verse", "chorus", "verse", "break", "chorus"),
    intros=(("chords",), ("chords", "drums")), breaks=(("chords", "drums"), ("chords",)),
    kits=("power",), bass=("pick bass",), chords=("distorted guitar",), lead=("distorted guitar",),
    solo=("distorted guitar",), lead_chance=0.4, pad_chance=0.0, jitter_ms=1.5, bass_low=28, chord_centre=45,
    levels={"chords": -2.0, "drums": 1.5, "lead": -3.0},
    textures={"full": 0.86, "solo": 0.06, "drums only": 0.04, "no drums": 0.04},
    mix=Mix("booth", -16.0, drive=1.4),
)

FUNK = Style(
    "funk",
    ("funk", "funky", "funk groove", "funky groove", "soul funk", "funk band", "70s funk"),
    (92, 116),
    ("groovy", "tight", "energetic", "playful", "sassy", "syncopated"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.....x...x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X..x......x.....", "snare": "....X.......X..o", "hat": "x.x.x.x.x.x.x.x."},
        ),
        full=(
            {"kick": "X..x..x...x.....", "snare": "....X..o.o..X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X.x.......x..x..", "snare": "....X..o.o..X..o", "hat": "x.x.x.x.x.x.x.x.",
             "open": "......x........."},
            {"kick": "X.x.......xx....", "snare": "....X..o.o.oX..o", "hat": "xxxoxxxoxxxoxxxo"},
            {"kick": "X..x......x..x..X.x...x...x.....", "snare": "....X..o.o..X..o....X..o....X.o.",
             "hat": "xoxoxoxoxoxoxoxoxoxoxoxoxoxox.xo", "conga": "...x..x....x..x....x..x....x..x."},
        ),
        fills=({"snare": "xoxX", "kick": "X..."}, {"snare": "o.xox.xX"}, {"kick": "x.x.", "snare": "X.oX"},
               {"high tom": "x.x.", "snare": ".x.X"}),
        bass=("R..rg.8.rg5.8.7.", "R.rg..8.g.r.5.a.", "R--.r.8g..r.5g8.", "Rg.r.g8..gr.7.8.",
              "R...g.7.8.g.r.a."),
        chords=("..x.o.X..ox.o..x", "X..x..x...x.x...", "....X..x....X..x", "xoxXxoxXxoxXxoxX",
                "..X....x..X....."),
        leads=("X-..x.x-........", "....x.X-..x.X-..", "X.x.X---........", "xx.xX---....x.X-",
               "................"),
    )},
    VAMP, scales={"major": ("mixolydian", "blues"), "minor": ("dorian", "blues")}, minor_share=0.6,
    form=("intro", "verse", "verse", "chorus", "break", "chorus"),
    intros=(("drums",), ("drums", "bass"), ("drums", "chords")),
    breaks=(("drums", "bass"), ("drums",), ("drums", "chords")),
    kits=("standard", "room"), bass=("slap bass", "finger bass", "slap bass"),
    chords=("clean guitar", "muted guitar", "clavinet", "hammond"),
    lead=("brass", "alto sax", "trumpet", "tenor sax"),
    solo=("slap bass", "clean guitar", "clavinet"), duos=(("alto sax", "clean guitar"),), swing=0.54,
    jitter_ms=2.0,
    lead_chance=0.75, pad_chance=0.0, levels={"bass": 0.5, "lead": -3.0}, mix=Mix("booth", -15.0),
)

REGGAE_STYLE = Style(
    "reggae",
    ("reggae", "dub", "roots reggae", "reggae groove", "dub reggae", "one drop reggae"),
    (64, 90),
    ("relaxed", "laid back", "deep", "easygoing", "island", "tropical"),
    {"4/4": Grooves(
        light=(
            {"kick": "........X.......", "stick": "........X.......", "hat": "x...x...x...x..."},
        ),
        full=(
            {"kick": "........X.......", "stick": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X...X...X...X...", "stick": "........X.......", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "........X.......", "snare": "........X.....o.", "hat": "x.xxx.xxx.xxx.xx",
             "tambourine": "....o.......o..."},
            {"kick": "X.......X.......", "stick": "........X...x...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        fills=({"high tom": "x.xx", "low tom": "...X"}, {"stick": "x.xx"},
               {"high tom": "xxx.....", "tom": "....x.xX"},
               {"snare": "x.xxx.x."}),
        bass=("R---..r-5---8---", "R-r-....5-r-3---", "R-----3-5-------", "....R-r-5-3-R---",
              "R-..R-..5-3-5-8-"),
        chords=("....X.......X...", "....X.x.....X.x.", "..X...X...X...X."),
        arps=("..0.1...2.1.....", "....0.1.....2.1."),
        leads=("x---x-x---......", "..x-x-x-x---....", "x-----x-x-......", "................",
               "................"),
    )},
    REGGAE, scales=PENTATONIC, minor_share=0.45, form=("intro", "verse", "chorus", "verse", "break",
                                                       "chorus"),
    mood_by_mode={"major": ("sunny", "happy", "bright"), "minor": ("dark", "smoky", "moody")},
    intros=(("drums", "bass"), ("chords", "bass"), ("drums", "chords")),
    breaks=(("drums", "bass"), ("drums", "lead")),
    kits=("standard", "room"), bass=("finger bass", "deep synth bass"),
    chords=("muted guitar", "percussive organ", "clean guitar"),
    arp=("hammond",), lead=("harmonica", "trumpet", "trombone", "rock organ", "steel drums", "tenor sax"),
    solo=("percussive organ",),
    arp_chance=0.35, lead_chance=0.6, pad_chance=0.0, swing=0.55, jitter_ms=2.5,
    late_ms={"bass": 3.0, "chords": 2.0},
    echo=0.75, bass_low=29, levels={"bass": 2.5, "chords": -4.0}, mix=Mix("plate", -13.0, low_pass_hz=9000.0),
)

BLUES_STYLE = Style(
    "blues",
    ("blues", "blues shuffle", "slow blues", "chicago blues", "blues rock", "twelve bar blues",
     "delta blues guitar"),
    (66, 128),
    ("soulful", "gritty", "smoky", "raw", "heartfelt", "earthy"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.......X.......", "stick": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        full=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "ride": "X.x.X.x.X.x.X.x."},
            {"kick": "X.....x.X.....x.", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X...x...X...x...", "snare": "..o.X.o...o.X.o.", "ride": "X.x.X.x.X.x.X.x."},
        ),
        fills=({"snare": "x.x.X.x."}, {"snare": "x.x.....", "tom": "....x.x."},
               {"high tom": "x.x.", "low tom": "..X."}),
        bass=("R---3---5---6---", "R-r-3-3-5-5-6-6-", "R---3---5---a---", "R-----5-6---5---", "walk"),
        chords=("X---....x---....", "....X-......X-..", "X-..x-..X-..x-..", "..X-........X-..",
                "X-------........"),
        arps=("0-1-0-2-0-1-0-2-",),
        leads=("x-x-x---........", "..x-x-x-x---....", "x-----x-x-x-x---", "xxx-x---........",
               "................"),
    )},
    BLUES_FORM, scales=BLUES, minor_share=0.3, mood_by_mode={"major": ("rootsy", "easy"),
                                                             "minor": ("sad", "dark")},
    form=("intro", "verse", "chorus", "chorus", "verse", "break"),
    intros=(("chords", "bass"), ("lead",), ("chords",)), breaks=(("lead", "chords"), ("bass", "drums")),
    kits=("standard", "room"), bass=("finger bass", "upright bass"),
    chords=("hammond", "grand piano", "overdriven guitar", "clean guitar", "honky-tonk"),
    lead=("harmonica", "overdriven guitar", "clean guitar", "tenor sax"),
    solo=("steel guitar", "honky-tonk", "clean guitar"),
    duos=(("harmonica", "steel guitar"), ("harmonica", "honky-tonk")), swing=0.66, swing_unit=2,
    jitter_ms=3.0,
    late_ms={"lead": 4.0}, lead_chance=0.85, pad_chance=0.0,
    textures={"full": 0.62, "no drums": 0.1, "duo": 0.12,
    "solo": 0.1, "drums only": 0.03, "bass and drums": 0.03}, mix=Mix("room", -13.0, drive=0.5),
)
# fmt: on
