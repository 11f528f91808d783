"""Captions in the words that people type into a prompt, from the facts of a scene."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.held_out import HELD_OUT_TEXTS
from genmodels.training.corpus.instruments import words_for
from genmodels.training.corpus.scenes import Scene
from genmodels.training.corpus.theory import key_name
from genmodels.training.corpus.words import (
    BASS_AND_DRUMS,
    DENSE,
    DRUMS_ONLY,
    METER_WORDS,
    NO_DRUMS,
    NO_VOICE,
    SECTION_WORDS,
    SPARSE,
    moods,
    style_names,
    tempo_words,
)

CAPTIONS_PER_SCENE = 24


def caption(scene: Scene, rng: Random) -> str:
    """One caption of a scene; each call words it anew and mentions other facts of it.

    It is never one of the prompts that are held out for evaluation."""
    writer = {"drums only": _drums_only, "solo": _solo}.get(scene.texture, _band)
    while True:
        text = writer(scene, rng)
        if text.lower() not in HELD_OUT_TEXTS:
            return text


def caption_set(scene: Scene, seed: str, count: int = CAPTIONS_PER_SCENE) -> list[str]:
    """`count` captions of a scene, the same for the same seed; short ones occur more than once."""
    rng = Random(seed)
    return [caption(scene, rng) for _ in range(count)]


def _band(scene: Scene, rng: Random) -> str:
    names = style_names(scene)
    name = rng.choice(names) if rng.random() < 0.6 else names[0]
    shape = rng.random()
    if shape < 0.14:
        beat = f"{name} beat" if scene.has_drums and "beat" not in name else name
        return rng.choice((name, beat, name if "music" in name else f"{name} music"))
    if scene.texture == "bass and drums" and rng.random() < 0.6:
        parts = [rng.choice(BASS_AND_DRUMS)]
        if rng.random() < 0.7:
            parts.append(name)
        return ", ".join(parts + _facts(scene, rng))
    mood = rng.choice(moods(scene)) if rng.random() < 0.5 else ""
    style = name if rng.random() < 0.88 else ""
    tempo = rng.choice(tempo_words(scene.piece.bpm)) if rng.random() < 0.2 else ""
    head = " ".join(word for word in (mood, tempo if " " not in tempo else "", style) if word)
    instruments = _some(scene, rng, max(rng.choice((0, 1, 1, 2, 2, 3, 4)), 0 if style else 2))
    if shape < 0.6 and head and instruments:
        text = f"{head} {rng.choice(('with', 'with', 'featuring', 'played on'))} {_joined(instruments, rng)}"
        parts = [text]
    else:
        parts = [part for part in (head, *instruments) if part]
        if rng.random() < 0.3:
            rng.shuffle(parts)
    if " " in tempo:
        parts.append(tempo)
    if not scene.has_drums and rng.random() < 0.5:
        parts.append(rng.choice(NO_DRUMS))
    return ", ".join(parts + _facts(scene, rng))


def _solo(scene: Scene, rng: Random) -> str:
    instrument = rng.choice(words_for(scene.instruments[0]))
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
        parts.append(rng.choice(moods(scene)))
    if rng.random() < 0.4:
        parts.insert(rng.randrange(2), rng.choice(style_names(scene)))
    if rng.random() < 0.25:
        parts.append(rng.choice(tempo_words(scene.piece.bpm)))
    if rng.random() < 0.35:
        parts.append(rng.choice(NO_DRUMS))
    return ", ".join(parts + _facts(scene, rng))


def _drums_only(scene: Scene, rng: Random) -> str:
    plain = rng.choice(DRUMS_ONLY)
    name = rng.choice(style_names(scene))
    shape = rng.random()
    if shape < 0.25:
        return plain
    if shape < 0.5:
        text = rng.choice(
            (f"{name} drums", f"{name} drum loop", f"{name} drum pattern", f"{name} drums only")
        )
    elif shape < 0.75:
        text = f"{plain}, {name}"
    else:
        text = f"{plain}, {rng.choice(words_for(scene.instruments[0]))}"
    if rng.random() < 0.2:
        text = f"{rng.choice(tempo_words(scene.piece.bpm))} {text}"
    return ", ".join([text, *_facts(scene, rng)])


def _facts(scene: Scene, rng: Random) -> list[str]:
    """Tempo, key, meter, density, section and 'no vocals' as loose ends of a caption, each by chance."""
    piece = scene.piece
    facts = []
    if rng.random() < 0.4:
        bpm = round(piece.bpm)
        facts.append(rng.choice((f"{bpm} bpm", f"{bpm} bpm", f"{bpm} BPM", f"{bpm}bpm", f"tempo {bpm}")))
    if scene.texture != "drums only" and rng.random() < 0.28:
        key = key_name(piece.tonic, piece.mode)
        facts.append(rng.choice((key, f"in {key}", f"key of {key}", key, piece.mode)))
    if rng.random() < (0.4 if piece.meter != "4/4" else 0.04):
        facts.append(rng.choice(METER_WORDS[piece.meter]))
    if rng.random() < 0.18:
        words = _density(scene)
        facts += [rng.choice(words)] if words else []
    if len(scene.sections) == 1 and rng.random() < 0.08 and scene.sections[0] in SECTION_WORDS:
        facts.append(rng.choice(SECTION_WORDS[scene.sections[0]]))
    if rng.random() < 0.08:
        facts.append(rng.choice(NO_VOICE))
    if len(facts) > 1 and rng.random() < 0.3:
        rng.shuffle(facts)
    return facts


def _density(scene: Scene) -> tuple[str, ...]:
    if scene.texture in ("solo", "duo", "drums only"):
        return SPARSE
    return DENSE if scene.texture == "full" and len(scene.roles) > 3 else ()


def _some(scene: Scene, rng: Random, count: int) -> list[str]:
    """Words for some of the instruments, the most prominent first."""
    words: list[tuple[str, ...]] = []
    for instrument in scene.instruments:
        names = words_for(instrument)
        if names not in words:
            words.append((names[0], *names))
    chosen = sorted(rng.sample(range(len(words)), min(count, len(words))))
    if rng.random() < 0.3:
        rng.shuffle(chosen)
    return list(dict.fromkeys(rng.choice(words[index]) for index in chosen))


def _joined(words: list[str], rng: Random) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {rng.choice(('and', 'and', '&'))} {words[-1]}"
