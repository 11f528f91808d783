"""What no training ever hears or reads: seeds of held-out pieces, and prompts worded in other ways."""

from __future__ import annotations

from dataclasses import dataclass

from genmodels.training.corpus.instruments import Family

VALIDATION_SEEDS = range(900_001, 1_000_000)
"""Seeds of held-out items; training takes those below."""


@dataclass(frozen=True)
class HeldOutPrompt:
    """A prompt and what an answer to it must be; None where the prompt does not say."""

    text: str
    style: str | None = None
    drums: bool | None = None
    lead_family: Family | None = None


HELD_OUT_PROMPTS: tuple[HeldOutPrompt, ...] = (
    HeldOutPrompt("a dusty lofi track for late night studying", "lo-fi"),
    HeldOutPrompt("mellow lo-fi with a soft rhodes and lazy drums", "lo-fi", True),
    HeldOutPrompt("hard trap with rattling hi-hats and a deep 808", "trap", True),
    HeldOutPrompt("cold trap instrumental for a rapper", "trap"),
    HeldOutPrompt("a house track for a rooftop party", "house", True),
    HeldOutPrompt("four to the floor deep house with warm chords", "house", True),
    HeldOutPrompt("pounding techno for a dark warehouse", "techno", True),
    HeldOutPrompt("hypnotic acid techno that never stops", "techno", True),
    HeldOutPrompt("a euphoric trance anthem with big saws", "trance"),
    HeldOutPrompt("festival edm with a soaring lead", "trance"),
    HeldOutPrompt("disco from the seventies with strings and funky guitar", "disco", True),
    HeldOutPrompt("sparkling disco to dance all night", "disco", True),
    HeldOutPrompt("rolling drum and bass with a growling reese", "drum and bass", True),
    HeldOutPrompt("jungle breaks at full speed", "drum and bass", True),
    HeldOutPrompt("synthwave for a night drive in 1985", "synthwave"),
    HeldOutPrompt("retro eighties synths with a gated snare", "synthwave", True),
    HeldOutPrompt("music from an old 8-bit console game", "chiptune"),
    HeldOutPrompt("chiptune boss fight", "chiptune"),
    HeldOutPrompt("ambient textures drifting without any beat", "ambient", False),
    HeldOutPrompt("a calm soundscape to fall asleep to, no drums", "ambient", False),
    HeldOutPrompt("loud rock with crunchy guitars", "rock", True),
    HeldOutPrompt("a driving rock song for the highway", "rock", True),
    HeldOutPrompt("brutal metal with double kick drums", "metal", True),
    HeldOutPrompt("thrash metal guitars at high speed", "metal"),
    HeldOutPrompt("tight funk with slap bass and horn stabs", "funk", True),
    HeldOutPrompt("a funky jam with syncopated guitar", "funk", True),
    HeldOutPrompt("roots reggae on the beach with skanking guitar", "reggae", True),
    HeldOutPrompt("heavy dub with echoes and deep bass", "reggae", True),
    HeldOutPrompt("a slow blues in a smoky bar", "blues"),
    HeldOutPrompt("twelve bar blues with wailing harmonica", "blues", None, "winds"),
    HeldOutPrompt("a jazz trio in a small club", "jazz trio", True),
    HeldOutPrompt("swinging bebop with walking bass and ride cymbal", "jazz trio", True),
    HeldOutPrompt("bossa nova on a sunny terrace with nylon guitar", "bossa nova"),
    HeldOutPrompt("gentle brazilian guitar and soft percussion", "bossa nova", True),
    HeldOutPrompt("a folk tune around the campfire", "folk"),
    HeldOutPrompt("celtic folk dance with fiddle", "folk", None, "strings"),
    HeldOutPrompt("a lonely piano in an empty hall", "solo piano", False, "piano"),
    HeldOutPrompt("tender piano piece, nothing else", "solo piano", False, "piano"),
    HeldOutPrompt("epic orchestra for a film trailer", "orchestral"),
    HeldOutPrompt("sweeping strings and horns, symphonic and grand", "orchestral"),
    HeldOutPrompt("nothing but drums", None, True, "drums"),
    HeldOutPrompt("an unaccompanied drum kit", None, True, "drums"),
    HeldOutPrompt("a single acoustic guitar by itself", None, False, "guitar"),
    HeldOutPrompt("lone saxophone, no band", None, False, "winds"),
    HeldOutPrompt("string quartet feeling, no percussion at all", None, False, "strings"),
    HeldOutPrompt("church organ filling the room, no drums please", None, False, "organ"),
)
"""None of these is ever a caption; tests see to it."""

HELD_OUT_TEXTS = frozenset(prompt.text.lower() for prompt in HELD_OUT_PROMPTS)
