"""Captions in the words that people type into a prompt, from the facts of a piece."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Piece
from genmodels.training.corpus.theory import key_name

CAPTIONS_PER_PIECE = 24
_DRUM_WORDS = ("drums", "drums", "drum beat", "drum kit", "beat")
_DRUMS_ONLY = (
    "drums only", "drum solo", "just drums", "drum loop", "drum beat", "solo drums", "drums", "drums alone",
    "only drums, no melody", "drum groove", "percussion only", "beat without melody",
)  # fmt: skip
_NO_DRUMS = ("no drums", "without drums", "drumless", "no percussion", "no beat")
_BASS_AND_DRUMS = ("bass and drums", "bass and drums only", "drums and bass only", "bass line and drums")
_KIT_WORDS = {
    40: ("brushed drums", "brushes", "soft drums"),
    32: ("jazz drums", "brushes"),
    24: ("electronic drums", "drum machine"),
    25: ("808 drums", "drum machine", "electronic drums"),
    16: ("big drums", "heavy drums"),
}


def captions(piece: Piece, rng: Random) -> str:
    """One caption of a piece; each call words it anew and mentions other facts of it."""
    if piece.texture == "drums only":
        return _drums_only(piece, rng)
    if piece.texture == "solo":
        return _solo(piece, rng)
    return _band(piece, rng)


def caption_set(piece: Piece, seed: int, count: int = CAPTIONS_PER_PIECE) -> list[str]:
    """`count` captions of a piece, the same for the same seed; short ones occur more than once."""
    rng = Random(seed)
    return [captions(piece, rng) for _ in range(count)]


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


def _band(piece: Piece, rng: Random) -> str:
    names = _names(piece)
    name = rng.choice(names) if rng.random() < 0.6 else names[0]
    shape = rng.random()
    if shape < 0.14:
        return rng.choice(
            (name, f"{name} beat" if piece.has_drums and "beat" not in name else name, f"{name} music")
        )
    mood = rng.choice(piece.moods) if rng.random() < 0.5 else ""
    style = name if rng.random() < 0.88 else ""
    tempo = rng.choice(tempo_words(piece.bpm)) if rng.random() < 0.18 else ""
    head = " ".join(word for word in (mood, tempo if " " not in tempo else "", style) if word)
    wanted = rng.choice((0, 1, 1, 2, 2, 3, 4))
    instruments = _some(piece, rng, max(wanted, 0 if style else 2))
    if shape < 0.6 and head and instruments:
        text = f"{head} {rng.choice(('with', 'with', 'featuring', 'played on'))} {_joined(instruments, rng)}"
        parts = [text]
    else:
        parts = [part for part in (head, *instruments) if part]
        if rng.random() < 0.3:
            rng.shuffle(parts)
    if " " in tempo:
        parts.append(tempo)
    if not piece.has_drums and rng.random() < 0.5:
        parts.append(rng.choice(_NO_DRUMS))
    if piece.texture == "bass and drums" and rng.random() < 0.6:
        parts = [rng.choice(_BASS_AND_DRUMS)]
        if rng.random() < 0.7:
            parts.append(name)
    return ", ".join(parts + _facts(piece, rng))


def _solo(piece: Piece, rng: Random) -> str:
    instrument = rng.choice(_words(piece)[0])
    plain = rng.choice(
        (
            f"solo {instrument}",
            f"solo {instrument}",
            f"{instrument} solo",
            f"{instrument} only",
            f"{instrument} alone",
            f"just {instrument}",
            f"unaccompanied {instrument}",
            instrument,
        )
    )
    if rng.random() < 0.3:
        return plain
    parts = [plain]
    if rng.random() < 0.4:
        parts.append(rng.choice(piece.moods))
    if rng.random() < 0.4:
        parts.insert(rng.randrange(2), rng.choice(_names(piece)))
    if rng.random() < 0.25:
        parts.append(rng.choice(tempo_words(piece.bpm)))
    if rng.random() < 0.35:
        parts.append(rng.choice(_NO_DRUMS))
    return ", ".join(parts + _facts(piece, rng))


def _drums_only(piece: Piece, rng: Random) -> str:
    plain = rng.choice(_DRUMS_ONLY)
    name = rng.choice(_names(piece))
    shape = rng.random()
    if shape < 0.25:
        return plain
    if shape < 0.5:
        text = rng.choice((f"{name} drums", f"{name} drum loop", f"{name} drum beat", f"{name} drums only"))
    elif shape < 0.75:
        text = f"{plain}, {name}"
    else:
        text = f"{plain}, {rng.choice(piece.moods)}"
    if rng.random() < 0.2:
        text = f"{rng.choice(tempo_words(piece.bpm))} {text}"
    return ", ".join([text, *_facts(piece, rng, with_key=False)])


def _facts(piece: Piece, rng: Random, with_key: bool = True) -> list[str]:
    """Tempo, key, meter and 'no vocals' as loose ends of a caption, each by chance."""
    facts = []
    if rng.random() < 0.4:
        bpm = round(piece.bpm)
        facts.append(rng.choice((f"{bpm} bpm", f"{bpm} bpm", f"{bpm} BPM", f"{bpm}bpm", f"tempo {bpm}")))
    if with_key and rng.random() < 0.28:
        key = key_name(piece.tonic, piece.mode)
        facts.append(rng.choice((key, f"in {key}", f"key of {key}", key, piece.mode)))
    if piece.beats_per_bar == 3 and rng.random() < 0.4:
        facts.append(rng.choice(("3/4", "waltz", "3/4 time", "in three")))
    if rng.random() < 0.1:
        facts.append(rng.choice(("no vocals", "instrumental", "instrumental music", "no voice")))
    if len(facts) > 1 and rng.random() < 0.3:
        rng.shuffle(facts)
    return facts


def _names(piece: Piece) -> tuple[str, ...]:
    """The style's names that are true of this piece: no 'beat' without drums, no 'band' of one."""
    untrue = []
    if not piece.has_drums:
        untrue.append("beat")
    if piece.texture in ("solo", "drums only", "bass and drums"):
        untrue.extend(("trio", "band", "orchestra"))
    if "piano" not in piece.instruments:
        untrue.append("piano")
    if not any("guitar" in name for name in piece.instruments):
        untrue.append("guitar")
    return tuple(name for name in piece.names if not any(word in name for word in untrue)) or piece.names


def _words(piece: Piece) -> list[tuple[str, ...]]:
    """For each instrument, the most prominent first, the words for it."""
    by_role = {track.role: track for track in piece.tracks}
    words: list[tuple[str, ...]] = []
    for role in ("lead", "chords", "drums", "bass", "pad"):
        track = by_role.get(role)
        if track is None:
            continue
        names = (
            _DRUM_WORDS + _KIT_WORDS.get(track.program, ()) if track.is_drums else _weighted(track.program)
        )
        if names not in words:
            words.append(names)
    return words


def _weighted(program: int) -> tuple[str, ...]:
    names = INSTRUMENTS[program].names
    return (names[0], *names)


def _some(piece: Piece, rng: Random, count: int) -> list[str]:
    words = _words(piece)
    chosen = sorted(rng.sample(range(len(words)), min(count, len(words))))
    if rng.random() < 0.3:
        rng.shuffle(chosen)
    return [rng.choice(words[index]) for index in chosen]


def _joined(words: list[str], rng: Random) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {rng.choice(('and', 'and', '&'))} {words[-1]}"
