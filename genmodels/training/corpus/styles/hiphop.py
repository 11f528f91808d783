"""Lo-fi and trap."""

from __future__ import annotations

from genmodels.training.corpus.piece import Mix
from genmodels.training.corpus.styles.progressions import DARK, SOUL
from genmodels.training.corpus.styles.style import DARK_SCALES, HARD_MOODS, PENTATONIC, Grooves, Style

# fmt: off
LOFI = Style(
    "lo-fi",
    ("lo-fi hip hop", "lofi", "lo-fi", "lofi beat", "chillhop", "lofi hip hop", "lo-fi beats to study to"),
    (68, 92),
    ("warm", "chill", "mellow", "relaxed", "dusty", "nostalgic", "laid back", "cozy"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.........x.....", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "X.....x.........", "stick": "....X.......X...", "hat": "x...x...x...x..."},
        ),
        full=(
            {"kick": "X.....x.x.......X..x......x.....", "snare": "....X.......X.......X.......X..o",
             "hat": "x.o.x.o.x.o.x.ox.o.x.o.x.o.x.oxo"},
            {"kick": "X......x..x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.xo"},
            {"kick": "X..x......x.....", "snare": "....X..o.o..X...", "hat": "o.x.o.x.o.x.o.x.",
             "maracas": "..o...o...o...o."},
        ),
        fills=({"kick": "X.x.", "snare": "..oX"}, {"kick": "x...", "snare": ".oxo"},
               {"kick": "x...", "hat": "...."}),
        bass=("R-----r-5---....", "R-------....r-5-", "R---..r-r-----8-", "R-----....r---a-"),
        chords=("X-----------....", "X-----..x-------", "x-..x-----..o---", "X--..-x-------..",
                "0-1-2-3-2-1-2-1-"),
        leads=("..x-x-x---......", "x---..x-x---....", "......x-x-x-x---", "x-x-..x---......",
               "................"),
    )},
    SOUL, scales=PENTATONIC, minor_share=0.55,
    form=("intro", "verse", "chorus", "verse", "break", "chorus"),
    intros=(("chords",), ("chords", "pad"), ("chords", "bass")),
    breaks=(("chords", "lead"), ("chords", "bass")),
    kits=("standard", "room", "brushes"), bass=("upright bass", "finger bass", "fretless bass"),
    chords=("rhodes", "rhodes", "grand piano", "fm piano", "jazz guitar"),
    lead=("vibraphone", "grand piano", "flute", "alto sax", "nylon guitar", "muted trumpet", "kalimba"),
    pad=("warm pad",), solo=("rhodes", "grand piano", "nylon guitar"),
    duos=(("alto sax", "rhodes"), ("vibraphone", "jazz guitar")),
    lead_chance=0.55, swing=0.6, jitter_ms=3.0, late_ms={"drums": 3.0, "bass": 5.0, "lead": 6.0},
    levels={"chords": -4.0, "drums": -1.0},
    mix=Mix("room", -13.0, low_pass_hz=4200.0, high_pass_hz=50.0, drive=1.2, noise_db=-52.0),
)

TRAP = Style(
    "trap",
    ("trap", "hip hop", "trap beat", "rap beat", "hip hop beat", "808 beat", "drill beat"),
    (130, 156),
    ("hard", "heavy", "cold", "street", "bouncy"),
    {"4/4": Grooves(
        light=(
            {"clap": "........X.......", "hat": "x.x.x.x.x.x.x.x.", "kick": "X..............."},
            {"clap": "........X.......", "hat": "x...x...x...x.d."},
        ),
        full=(
            {"kick": "X.....x.....x...", "clap": "........X.......", "hat": "x.x.x.x.x.x.xtx."},
            {"kick": "X.........x.....X..x......x...x.", "clap": "........X...............X.......",
             "hat": "x.x.x.xdx.x.xxxxx.x.xtx.x.x.xddd"},
            {"kick": "X.....x.......x.x...............", "snare": "........X...............X.......",
             "hat": "x.x.x.x.x.x.xxxxx.x.xxx.x.x.dddd", "open": "..............x................."},
        ),
        fills=({"hat": "dddd", "kick": "x..."}, {"hat": "ttttdddd", "clap": "....X..."},
               {"snare": "..dd", "kick": "x..."}),
        bass=("R-----r-----....", "R-------..r-----", "R-------------8-", "R-----....r-r-a-"),
        chords=("X---------------", "0-2-1-2-3-2-1-2-", "0---2---1---2---", "X-------x-------"),
        arps=("0-2-1-2-3-2-1-2-", "0.1.2...0.1.3..."),
        leads=("x---x-x---......", "x-x-x---....x---", "..x-..x-..x-x---", "x-----------....",
               "................"),
    )},
    DARK, mood_by_mode=HARD_MOODS, scales=DARK_SCALES, minor_share=0.88,
    form=("intro", "verse", "chorus", "verse", "break", "chorus"),
    intros=(("chords",), ("chords", "pad"), ("lead", "chords"), ("arp",)),
    breaks=(("chords", "lead", "pad"), ("drums", "bass"), ("chords", "arp")),
    kits=("808",), bass=("sub bass",), chords=("music box", "grand piano", "glockenspiel", "new age pad",
                                               "choir"),
    arp=("pluck", "celesta"), lead=("flute", "glockenspiel", "analog lead", "koto", "pizzicato"),
    pad=("choir", "sweep pad", "slow strings"), solo=("music box", "grand piano", "choir"),
    arp_chance=0.25, lead_chance=0.5, pad_chance=0.35, jitter_ms=0.8, bass_low=28,
    levels={"bass": 2.0, "chords": -6.0}, mix=Mix("plate", -14.0, drive=0.6),
)
# fmt: on
