"""Whether the bundled model plays the melody that it is asked to: chroma asked for against what sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.manner import DEFAULT, Manner
from benchmarks.results import Figure, Outcome
from daw_bridge.melody.likeness import likeness, reordered
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.sound import recording_of
from daw_bridge.melody.track import PhraseChroma
from genmodels.conditioning.attributes import Conditions, Transport, WeightedPrompt
from genmodels.conditioning.harmony import Chroma, chroma_of
from genmodels.generate.musicgen import MusicGen

PROMPTS = ("solo piano", "warm electric piano, calm", "acoustic guitar alone", "synth lead", "strings, slow")
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "pentatonic": (0, 3, 5, 7, 10),
}
BEATS = 8.0
LENGTHS = (0.5, 1.0, 1.0, 1.5, 2.0)
REST = 0.1
TOGETHER = 8
FIRST_SEED = 70_000


@dataclass(frozen=True)
class Melody:
    """A phrase, the tempo at which it is asked for, and the words beside it."""

    phrase: Phrase
    bpm: float
    prompt: str


def random_melody(seed: int) -> Melody:
    """A walk on a scale: key, scale, tempo, steps, lengths and rests are drawn; none is taken from music."""
    rng = np.random.default_rng(seed)
    scale = SCALES[str(rng.choice(list(SCALES)))]
    pitches = [60 + int(rng.integers(12)) + 12 * octave + step for octave in (-1, 0, 1) for step in scale]
    place = int(rng.integers(len(scale), 2 * len(scale)))
    notes, beat = [], 0.0
    while beat < BEATS:
        length = min(float(rng.choice(LENGTHS)), BEATS - beat)
        if rng.random() >= REST:
            notes.append(Note(pitches[place], beat, length))
        place = int(np.clip(place + rng.choice((-2, -1, -1, 1, 1, 2)), 0, len(pitches) - 1))
        beat += length
    prompt = PROMPTS[seed % len(PROMPTS)]
    return Melody(Phrase(tuple(notes), BEATS), float(rng.integers(70, 151)), prompt)


def melody(melodies: int, seconds: float, model_name: str = "mini", manner: Manner = DEFAULT) -> Outcome:
    """Mean cosine similarity, frame by frame, between the chroma asked for and the chroma that sounds; as
    floors, that sound against other melodies of the set, and against its own notes in another order; as the
    ceiling, the notes asked for as plain tones."""
    model = MusicGen.get_pretrained(model_name)
    model.set_generation_params(duration=seconds)
    asked = [random_melody(FIRST_SEED + number) for number in range(melodies)]
    sounding: list[Chroma] = []
    for first in range(0, melodies, TOGETHER):
        sounding += _played(model, asked[first : first + TOGETHER], manner)
    own = [likeness(_chroma(m.phrase, m, heard), heard) for m, heard in zip(asked, sounding, strict=True)]
    others = [
        likeness(_chroma(other.phrase, other, heard), heard)
        for other, heard in zip([*asked[1:], asked[0]], sounding, strict=True)
    ]
    orders = [
        likeness(_chroma(reordered(m.phrase, n), m, heard), heard)
        for n, (m, heard) in enumerate(zip(asked, sounding, strict=True))
    ]
    tones = [_plain(m, seconds) for m in asked]
    plain = [likeness(_chroma(m.phrase, m, heard), heard) for m, heard in zip(asked, tones, strict=True)]
    note = f"{melodies} melodies of {seconds:g} s, 70 to 150 BPM, {len(PROMPTS)} prompts"
    return Outcome(
        "melody",
        [
            Figure("chroma asked for and sounding, cosine", float(np.mean(own)), "", note=note),
            Figure("against another melody", float(np.mean(others)), "", note="floor"),
            Figure("against its own notes in another order", float(np.mean(orders)), "", note="floor"),
            Figure("the notes themselves as plain tones", float(np.mean(plain)), "", note="ceiling"),
            Figure("nearer to the one asked for than to another", _share(own, others), "%"),
            Figure("nearer to its order than to another", _share(own, orders), "%"),
        ],
    )


def _played(model: MusicGen, asked: Sequence[Melody], manner: Manner) -> list[Chroma]:
    """The chroma of what the model makes of melodies."""
    conditions = []
    for each in asked:
        transport = Transport(each.bpm)
        track = PhraseChroma(each.phrase, transport)
        conditions.append(manner.of(Conditions((WeightedPrompt(each.prompt),), track, transport)))
    sound = model.generate_audio(model.generate_tokens(conditions, seed=1))
    return [chroma_of(each[0].cpu().numpy(), model.sample_rate, model.frame_rate) for each in sound]


def _plain(melody: Melody, seconds: float) -> Chroma:
    """The chroma of a melody as plain tones: what the analysis can make of it at best."""
    turn = recording_of(melody.phrase, melody.bpm)
    count = round(seconds * turn.sample_rate)
    return chroma_of(np.resize(turn.wav[0], count), turn.sample_rate, 50.0)


def _chroma(phrase: Phrase, melody: Melody, heard: Chroma) -> Chroma:
    return PhraseChroma(phrase, Transport(melody.bpm)).at(np.arange(len(heard)))


def _share(own: Sequence[float], other: Sequence[float]) -> float:
    return 100.0 * float(np.mean(np.array(own) > np.array(other)))
