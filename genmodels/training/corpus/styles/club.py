"""House, techno, trance, disco and drum and bass."""

from __future__ import annotations

from genmodels.training.corpus.piece import Mix
from genmodels.training.corpus.styles.progressions import DARK, POP, SOUL
from genmodels.training.corpus.styles.style import DARK_SCALES, HARD_MOODS, Grooves, Style

_CLUB_FORM = ("intro", "groove", "drop", "break", "build", "drop")

# fmt: off
HOUSE = Style(
    "house",
    ("house", "house music", "deep house", "house beat", "club music", "piano house"),
    (118, 128),
    ("groovy", "driving", "energetic", "warm", "soulful", "danceable"),
    {"4/4": Grooves(
        light=(
            {"kick": "X...X...X...X...", "open": "..x...x...x...x."},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "hat": "..x...x...x...x."},
        ),
        full=(
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X."},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X.",
             "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "X...X...X...X...", "clap": "....X.......X..o", "open": "..X...X...X...X.",
             "shaker": "oxooxoxooxooxoxo"},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X.",
             "conga": "..x..x....x..x.x", "low conga": "x......x........"},
        ),
        fills=({"kick": "X...", "clap": ".x.X"}, {"kick": "X...X...", "snare": "..x.x.xx"},
               {"open": "X...", "clap": "x..x"}),
        bass=("..R-..R-..R-..R-", "R-.r..r-R-.r..8-", "R-..r-..r-.8..r-", "R..r..r...R..8r."),
        chords=("..X-....X-....X-", "X-..X-..X-..X-..", "X--x--x-X--x--x-", "..X-..X-..X-..X-",
                "x..x..x..x..x.x."),
        arps=("0.2.1.3.0.2.1.3.", "0.12.0.30.12.0.3"),
        leads=("x.x..x.x--......", "..x-..x-x-x---..", "x--x--x---......", "................"),
    )},
    SOUL, minor_share=0.5, form=_CLUB_FORM,
    intros=(("drums",), ("drums", "bass"), ("drums", "chords")),
    breaks=(("chords", "pad", "lead"), ("chords", "lead"), ("pad", "chords", "arp")),
    kits=("909", "909", "electronic"), bass=("synth bass", "saw bass", "finger bass"),
    chords=("bright piano", "hammond", "stab", "rhodes", "analog poly"), arp=("pluck",),
    lead=("analog lead", "alto sax", "vibraphone", "flute"), pad=("warm pad", "synth strings"),
    solo=("bright piano", "rhodes", "hammond"), duos=(("alto sax", "rhodes"),),
    arp_chance=0.2, lead_chance=0.45, pad_chance=0.4, jitter_ms=0.8, pump=True, echo=0.75,
    mix=Mix("plate", -15.0, sweep=True),
)

TECHNO = Style(
    "techno",
    ("techno", "minimal techno", "dark techno", "techno beat", "acid techno", "warehouse techno"),
    (126, 144),
    ("hypnotic", "driving", "intense", "mechanical", "relentless", "industrial"),
    {"4/4": Grooves(
        light=(
            {"kick": "X...X...X...X...", "hat": "..x...x...x...x."},
            {"kick": "X...X...X...X...", "hat": "xoxoxoxoxoxoxoxo"},
        ),
        full=(
            {"kick": "X...X...X...X...", "open": "..X...X...X...X.", "hat": "xoxoxoxoxoxoxoxo",
             "clap": "............X..."},
            {"kick": "X...X...X...X...", "open": "..X...X...X...X.", "clap": "....X.......X...",
             "low tom": "...x..x....x..x."},
            {"kick": "X...X...X...X...", "ride": "..X...X...X...X.", "hat": "xxxxxxxxxxxxxxxx",
             "stick": "...x..x..x..x..."},
        ),
        fills=({"kick": "....", "hat": "xxxx"}, {"kick": "X.......", "low tom": "..x.xx.x"},
               {"clap": "X.XX", "kick": "X..."}),
        bass=(".rRr.rRr.rRr.rRr", "rrRrrrRrrrRrrrR8", "..R-..R-..R-..R-", "r8r.r.8rr.8r.r5r",
              "R.r8..r.R.r8.7r."),
        chords=("X..X..X.........", "..x...x...x...x.", "X..x..x.X..x..x.", "......X.........",
                "..X..X....X..X.."),
        arps=("0213021302130213", "0.2.1.2.0.2.1.3."),
        leads=("x..x..x.x..x..x.", "xxx.xxx.xxx.xxx.", "..x...x...x.x...", "................"),
    )},
    DARK, mood_by_mode=HARD_MOODS, scales=DARK_SCALES, minor_share=0.92,
    form=("intro", "groove", "groove", "drop", "break", "drop"),
    intros=(("drums",), ("drums", "bass")), breaks=(("pad", "chords"), ("bass", "arp"), ("bass",)),
    kits=("909",), bass=("acid bass", "acid bass", "reese bass", "saw bass"), chords=("stab", "polysynth"),
    arp=("pluck", "acid bass"), lead=("analog lead", "pulse lead"), pad=("sweep pad", "halo pad"),
    solo=("acid bass", "stab"), arp_chance=0.4, lead_chance=0.2, pad_chance=0.35, jitter_ms=0.4, pump=True,
    echo=0.75, bass_low=33, levels={"drums": 2.0, "bass": -2.0, "chords": -8.0},
    textures={"full": 0.72, "drums only": 0.1, "bass and drums": 0.1, "no drums": 0.04, "solo": 0.04},
    mix=Mix("plate", -13.0, drive=1.0, sweep=True),
)

TRANCE = Style(
    "trance",
    ("trance", "uplifting trance", "edm", "progressive trance", "festival edm", "big room"),
    (130, 142),
    ("euphoric", "soaring", "energetic", "anthemic", "hands in the air", "driving"),
    {"4/4": Grooves(
        light=({"kick": "X...X...X...X...", "open": "..x...x...x...x."},),
        full=(
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X.",
             "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..X...X...X...X.",
             "ride": "x.x.x.x.x.x.x.x."},
        ),
        fills=({"snare": "xxxxxxxxxxxxdddd"}, {"snare": "x.x.xxxx", "kick": "X...X..."}, {"clap": "x.xx"}),
        bass=(".rrr.rrr.rrr.rrr", "..R...R...R...R.", ".rr8.rr8.rr8.rr8"),
        chords=("X---------------", "X..X..X..X..X.X.", "..X...X...X...X."),
        arps=("0123012301230123", "0213203102132031", "0.120.120.120.12", "3210321032103210"),
        leads=("x--x--x-x--x--x-", "x---x-x-x-----x-", "x--x--x---x-x---", "x-----------x---"),
    )},
    POP, minor_share=0.72, form=("intro", "groove", "break", "build", "drop", "drop"),
    intros=(("drums",), ("drums", "bass"), ("arp", "drums")),
    breaks=(("pad", "chords", "lead"), ("arp", "pad"), ("pad", "lead")),
    kits=("909",), bass=("saw bass", "synth bass"), chords=("supersaw",), arp=("pluck", "pluck", "supersaw"),
    lead=("supersaw", "analog lead", "gm saw lead"), pad=("halo pad", "synth strings", "choir pad"),
    solo=("pluck", "supersaw"), arp_chance=0.75, lead_chance=0.65, pad_chance=0.5, jitter_ms=0.4, pump=True,
    echo=0.75, lead_shift=0, levels={"lead": -2.0, "chords": -4.0, "arp": -5.0},
    textures={"full": 0.8, "no drums": 0.1, "solo": 0.05, "drums only": 0.05},
    mix=Mix("hall", -12.0, sweep=True),
)

DISCO = Style(
    "disco",
    ("disco", "70s disco", "nu disco", "disco funk", "disco party"),
    (108, 126),
    ("glamorous", "danceable", "festive", "groovy", "sparkling", "upbeat"),
    {"4/4": Grooves(
        light=({"kick": "X...X...X...X...", "hat": "x.x.x.x.x.x.x.x.", "snare": "....x.......x..."},),
        full=(
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open": "..X...X...X...X.",
             "hat": "x.ox.xoxx.ox.xox"},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open": "..X...X...X...X.",
             "tambourine": "oxoxoxoxoxoxoxox"},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "xoxxxoxxxoxxxoxx",
             "cowbell": "x.x...x.x.x...x."},
        ),
        fills=({"snare": "xxxx", "kick": "X..."}, {"high tom": "xx..", "tom": "..xx", "kick": "X..."},
               {"snare": "x.xxx.xx", "kick": "X...X..."}),
        bass=("R.8.R.8.R.8.R.8.", "R.8.r.8.5.8.3.8.", "R..8..8.R..8.R8.", "R.8.R.8.R.8.7.a."),
        chords=("oxXoxoXooxXoxoXo", "..X...X...X...X.", "xoXxxoXxxoXxxoXx", "..xX..xX..xX..xX"),
        leads=("X-----------x-x-", "x-x-x---x-x-x---", "xxxx--..xxxx--..", "..x-x-x-x-------",
               "................"),
    )},
    SOUL, minor_share=0.55, form=("intro", "verse", "chorus", "break", "verse", "chorus"),
    intros=(("drums", "bass"), ("drums", "chords")), breaks=(("drums", "bass"), ("drums", "chords")),
    kits=("standard", "room"), bass=("finger bass", "pick bass", "slap bass"),
    chords=("clean guitar", "muted guitar", "clavinet"), lead=("strings", "brass", "synth strings", "flute"),
    pad=("strings",), solo=("clean guitar", "strings"), duos=(("strings", "bright piano"),),
    lead_chance=0.85, pad_chance=0.35, jitter_ms=2.0, lead_shift=0,
    levels={"lead": -3.0, "chords": -5.0, "bass": 0.5}, mix=Mix("room", -14.0),
)

DRUM_AND_BASS = Style(
    "drum and bass",
    ("drum and bass", "dnb", "drum & bass", "jungle", "liquid drum and bass", "d&b", "breakbeat jungle"),
    (165, 178),
    ("energetic", "rolling", "intense", "frantic", "liquid"),
    {"4/4": Grooves(
        light=(
            {"kick": "X.........x.....", "snare": "....X.......X...", "hat": "x...x...x...x..."},
            {"kick": "X.........x.....", "ride": "x.x.x.x.x.x.x.x.", "stick": "....x.......x..."},
        ),
        full=(
            {"kick": "X.........x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.x.......x.....", "snare": "....X..o.o..X..o", "ride": "x.x.x.x.x.x.x.x."},
            {"kick": "X.x.......xx....X.x.......x.....", "snare": "....X..o.o..X..o....X..o.o.oX.o.",
             "hat": "x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x."},
            {"kick": "X.........X.....X.x.......x.....", "snare": "....X.......X.......X..o.o..X...",
             "hat": "xoxoxoxoxoxoxoxoxoxoxoxoxoxoxoxo"},
        ),
        fills=({"snare": "X.xxX.xx", "kick": "..x....."}, {"snare": "xoxoxxXx"},
               {"kick": "x.x.", "snare": ".xXx"}),
        bass=("R-------------r-", "R-----R-----5-8-", "R---..r---..r-8-", "R-----r-..r---7-",
              "R---------8---a-"),
        chords=("X---------------", "X-----X-----....", "..X-....X-----..", "0-2-1-3-0-2-1-3-"),
        arps=("0.2.1.3.0.2.1.3.",),
        leads=("x-------x-----x-", "x---x---x-------", "....x---x---x---", "................"),
    )},
    SOUL, minor_share=0.7, form=_CLUB_FORM,
    intros=(("pad", "chords"), ("drums",), ("drums", "pad")),
    breaks=(("pad", "chords", "lead"), ("chords", "pad")),
    kits=("power", "electronic", "room"), bass=("reese bass", "reese bass", "sub bass", "deep synth bass"),
    chords=("rhodes", "warm pad", "analog poly", "grand piano"), arp=("pluck",),
    lead=("analog lead", "flute", "vibraphone", "oohs"), pad=("warm pad", "sweep pad", "choir"),
    solo=("rhodes", "reese bass"), arp_chance=0.15, lead_chance=0.5, pad_chance=0.5, jitter_ms=0.9, echo=0.75,
    bass_low=28, levels={"drums": 2.5, "bass": 0.5}, mix=Mix("plate", -14.0, drive=0.5, sweep=True),
)
# fmt: on
