"""Words of captions: what people call tempos, moods, textures and styles, and when a style's name is true."""

from __future__ import annotations

from genmodels.training.corpus.instruments import family_of
from genmodels.training.corpus.scenes import Scene

DRUMS_ONLY = (
    "drums only", "drum solo", "just drums", "drum loop", "drum beat", "solo drums", "drums", "drums alone",
    "only drums, no melody", "drum groove", "percussion only", "beat without melody", "drum break",
)  # fmt: skip
NO_DRUMS = ("no drums", "without drums", "drumless", "no percussion", "no beat", "beatless")
BASS_AND_DRUMS = (
    "bass and drums", "bass and drums only", "drums and bass only", "bass line and drums", "rhythm section",
)  # fmt: skip
SPARSE = ("sparse", "minimal", "stripped down", "quiet and sparse", "few instruments", "bare")
DENSE = ("full arrangement", "full band", "busy", "dense", "everything playing")
NO_VOICE = ("no vocals", "instrumental", "instrumental music", "no voice")
METER_WORDS = {
    "4/4": ("4/4", "four four"),
    "3/4": ("3/4", "waltz time", "3/4 time", "in three"),
    "6/8": ("6/8", "6/8 time", "six eight", "in six"),
}
SECTION_WORDS = {
    "intro": ("intro", "opening"),
    "break": ("breakdown", "break"),
    "build": ("build up", "buildup", "rising"),
    "drop": ("drop", "peak time"),
    "chorus": ("chorus", "hook"),
    "verse": ("verse",),
}
_CALM = frozenset({"ambient", "solo piano", "lo-fi", "bossa nova", "folk"})


def tempo_words(bpm: float) -> tuple[str, ...]:
    """What people call a tempo in beats a minute."""
    if bpm < 80:
        return ("slow", "slow tempo", "slow", "downtempo")
    if bpm < 104:
        return ("mid tempo", "medium tempo", "moderate", "laid-back tempo")
    if bpm < 128:
        return ("upbeat", "medium fast", "steady tempo", "danceable")
    if bpm < 150:
        return ("fast", "fast tempo", "uptempo", "fast")
    return ("very fast", "fast", "fast tempo", "high tempo")


def moods(scene: Scene) -> tuple[str, ...]:
    """Moods that fit a scene: those of its piece, and by how much plays."""
    words = scene.piece.moods
    if not scene.has_drums and scene.piece.style not in _CALM:
        words = tuple(word for word in words if word not in _DRIVEN)
        words += ("gentle", "soft", "calm") if scene.piece.style != "metal" else ("heavy",)
    return words


_DRIVEN = frozenset({
    "driving", "energetic", "relentless", "intense", "danceable", "rolling", "frantic", "bouncy",
    "loud", "aggressive", "brutal", "furious", "crushing", "extreme", "hard", "heavy", "festive", "upbeat",
})  # fmt: skip


def style_names(scene: Scene) -> tuple[str, ...]:
    """The style's names that are true of a scene: no 'beat' without drums, no 'piano house' without a piano.

    Where none is left, the style's key."""
    instruments = scene.instruments
    families = {family_of(name) for name in instruments}
    count = len(instruments)
    needs = {
        "slow": scene.piece.bpm < 90,
        "beat": scene.has_drums,
        "beats": scene.has_drums,
        "groove": scene.has_drums,
        "shuffle": scene.has_drums,
        "drum": scene.has_drums,
        "breakbeat": scene.has_drums,
        "drop": scene.has_drums,
        "trio": count == 3 and scene.has_drums,
        "combo": count >= 3 and scene.has_drums,
        "band": count >= 3 and scene.has_drums,
        "orchestra": count >= 3,
        "orchestral": count >= 2 or "strings" in families,
        "symphonic": count >= 3,
        "piano": "piano" in families,
        "guitar": "guitar" in families,
        "riff": "guitar" in families,
        "808": "808" in instruments or "sub bass" in instruments,
        "acid": "acid bass" in instruments,
        "drone": scene.texture != "duo" and "lead" not in scene.roles,
    }
    names = scene.piece.names
    true = tuple(name for name in names if all(needs.get(word, True) for word in name.split()))
    return true or (scene.piece.style,)
