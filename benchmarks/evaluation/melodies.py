"""Melodies that no training has heard: asked for as chroma, and played by an instrument for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks.evaluation.clips import Asked, Player, Wish
from benchmarks.evaluation.features import RATE, Samples
from benchmarks.evaluation.judge import LISTENING, RENDERING
from benchmarks.evaluation.material import through
from benchmarks.evaluation.workers import each_of
from benchmarks.results import Figure, mean
from daw_bridge.melody.likeness import likeness, reordered
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.track import PhraseChroma
from genmodels.codec.base import CompressionModel
from genmodels.conditioning.attributes import Transport
from genmodels.conditioning.harmony import Chroma, chroma_of
from genmodels.training.corpus.piece import Note as PlayedNote
from genmodels.training.corpus.piece import Piece, Section, Track
from genmodels.training.corpus.render import render

FRAME_RATE = 50.0
CLIP_S = 10.0
PROMPTS = {
    "a lonely piano in an empty hall": ("grand piano", "bright piano"),
    "a single acoustic guitar by itself": ("steel guitar", "nylon guitar"),
    "lone saxophone, no band": ("alto sax", "tenor sax"),
    "string quartet feeling, no percussion at all": ("strings", "synth strings"),
    "tender piano piece, nothing else": ("grand piano", "bright piano"),
}
"""Held-out prompts, an instrument that answers each, and another like it. An organ is not among them: its
twelfths are louder than its notes."""
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "pentatonic": (0, 3, 5, 7, 10),
}
BEATS = 8.0
LENGTHS = (0.5, 1.0, 1.0, 1.5, 2.0)
REST = 0.1
VELOCITY = 96
FIRST_SEED = 70_000
ATTACK_S, HEARD_S = 0.06, 0.4
"""Of a note, what is left out at its beginning, and how far it is listened to."""


@dataclass(frozen=True)
class Melody:
    """A phrase that repeats, the tempo at which it is asked for, the words beside it, and the clip's seed."""

    phrase: Phrase
    bpm: float
    prompt: str
    seed: int

    @property
    def asked(self) -> Asked:
        """The clip that it is asked for in."""
        chroma = PhraseChroma(self.phrase, Transport(self.bpm))
        return Asked(((0.0, Wish(self.prompt, self.bpm, self.seed, chroma=chroma)),), CLIP_S)


def random_melody(seed: int) -> Melody:
    """A walk on a scale: key, scale, tempo, steps, lengths and rests are drawn; none is taken from music."""
    rng = np.random.default_rng(seed)
    scale, key = SCALES[str(rng.choice(list(SCALES)))], 60 + int(rng.integers(12))
    pitches = [key + 12 * octave + step for octave in (-1, 0, 1) for step in scale]
    place = int(rng.integers(len(scale), 2 * len(scale)))
    notes, beat = [], 0.0
    while beat < BEATS:
        length = min(float(rng.choice(LENGTHS)), BEATS - beat)
        if rng.random() >= REST:
            notes.append(Note(pitches[place], beat, length))
        place = int(np.clip(place + rng.choice((-2, -1, -1, 1, 1, 2)), 0, len(pitches) - 1))
        beat += length
    bpm, prompt = float(rng.integers(70, 151)), list(PROMPTS)[seed % len(PROMPTS)]
    return Melody(Phrase(tuple(notes), BEATS), bpm, prompt, seed)


def melodies(count: int, first: int = 0) -> list[Melody]:
    """So many, from one of the row on."""
    return [random_melody(FIRST_SEED + first + number) for number in range(count)]


def as_played(melody: Melody, instrument: str) -> Samples:
    """The melody as an instrument of the corpus plays it, over and over, as long as a clip."""
    turns = -(-CLIP_S * melody.bpm / 60.0 // melody.phrase.beats)
    notes = tuple(
        PlayedNote(note.start + turn * melody.phrase.beats, note.length, note.pitch, VELOCITY)
        for turn in range(int(turns))
        for note in melody.phrase.notes
    )
    bars = int(turns * melody.phrase.beats) // 4
    piece = Piece(
        seed=0, style="solo piano", texture="solo", bpm=melody.bpm, meter="4/4", bars=bars, tonic=0,
        mode="major", scale="major", chords=("C",) * bars, tracks=(Track("lead", instrument, notes),),
        sections=(Section("verse", 0, bars, ("lead",)),), names=(), moods=(),
    )  # fmt: skip
    return render(piece)[: round(CLIP_S * RATE)]


@dataclass(frozen=True)
class Judged:
    """How one clip follows its melody.

    Attributes:
        pitch: as AudioCraft measures it, see `pitch_agreement`. notes: see `notes_right`.
        cosine: of the notes' chroma and that of the sound.
    """

    pitch: float
    notes: float
    cosine: float


def pitch_agreement(wanted: Samples, heard: Samples) -> float:
    """The mean cosine of chroma of two sounds, each frame's strongest class alone: how often they agree.

    It is the measure of MusicGen's paper (arXiv:2306.05284) and of AudioCraft's ChromaCosineSimilarityMetric,
    with a window of 0.26 s. Frames in which nothing is wanted do not count; those where nothing is heard do.
    """
    one, other = _chroma(wanted), _chroma(heard)
    sounding = one.max(1) > 0
    agree = (one.argmax(1) == other.argmax(1)) & (other.max(1) > 0)
    return float(np.mean(agree[sounding]))


def notes_right(melody: Melody, heard: Chroma) -> float:
    """Of how many notes the pitch class is the strongest while they sound, from 60 ms after their beginning
    on; chance is a twelfth."""
    beat_s = 60.0 / melody.bpm
    right = []
    for turn in range(int(CLIP_S / beat_s / melody.phrase.beats) + 1):
        for note in melody.phrase.notes:
            onset = (turn * melody.phrase.beats + note.start) * beat_s
            span = np.array([onset + ATTACK_S, min(onset + note.length * beat_s, onset + HEARD_S)])
            first, last = np.rint(span * FRAME_RATE).astype(int)
            if last <= len(heard):
                strengths = heard[first : max(last, first + 1)].mean(0)
                right.append(bool(strengths.max() > 0) and int(strengths.argmax()) == note.pitch % 12)
    return float(np.mean(right))


def judged(melody: Melody, wanted: Samples, sound: Samples) -> Judged:
    """A clip against a melody and that melody as an instrument plays it."""
    heard = _chroma(sound)
    notes = PhraseChroma(melody.phrase, Transport(melody.bpm)).at(np.arange(len(heard)))
    return Judged(pitch_agreement(wanted, sound), notes_right(melody, heard), likeness(notes, heard))


@dataclass(frozen=True)
class Compared:
    """A clip against the melody that was asked for, and against the same notes in another order (floor); and
    another instrument that plays the melody (ceiling)."""

    own: Judged
    order: Judged
    ceiling: Judged


def compared(codec: CompressionModel, task: tuple[Melody, Samples]) -> Compared:
    """A melody and the clip that was to follow it; instruments are heard after the codec, as the clip is."""
    melody, sound = task
    instrument, like_it = PROMPTS[melody.prompt]
    moved = replace(melody, phrase=reordered(melody.phrase, melody.seed))
    wanted, other = (_decoded(codec, each, instrument) for each in (melody, moved))
    return Compared(
        judged(melody, wanted, sound),
        judged(moved, other, sound),
        judged(melody, wanted, _decoded(codec, melody, like_it)),
    )


def comparison_s(asked: Sequence[Melody]) -> float:
    """Seconds that it takes to compare the clips of melodies, on one core."""
    return 3 * CLIP_S * len(asked) * (1 / RENDERING + 1 / LISTENING)


def melody_figures(player: Player, asked: Sequence[Melody], workers: int = 1) -> list[Figure]:
    """How clips follow their melodies, in several ways of measuring it; see `Compared`."""
    tasks = [(melody, player.play(melody.asked)) for melody in asked]
    found = each_of(partial(compared, player.model.compression_model), tasks, "melodies", workers)
    note = f"{len(asked)} melodies of {CLIP_S:g} s, 70 to 150 BPM, {len(PROMPTS)} prompts"
    names = {
        "pitch": ("melody: chroma of the clip and of an instrument that plays it, cosine", 0.75, 0.5, note),
        "notes": ("melody: notes heard right", None, None, "chance 1/12"),
        "cosine": ("melody: chroma of the clip and notes, cosine", None, None, ""),
    }
    figures = []
    for key, (name, at_least, at_most, own_note) in names.items():
        own, order, ceiling = (
            mean([getattr(getattr(each, which), key) for each in found])
            for which in ("own", "order", "ceiling")
        )
        figures += [
            Figure(name, own, "", at_least, note=own_note),
            Figure(f"{name}, notes in another order", order, "", at_most=at_most, note="floor"),
            Figure(f"{name}, another instrument", ceiling, "", note="ceiling, after the codec"),
        ]
    nearer = mean([each.own.pitch > each.order.pitch for each in found])
    return [*figures, Figure("melody: nearer to it than to its notes in another order", 100 * nearer, "%")]


def _decoded(codec: CompressionModel, melody: Melody, instrument: str) -> Samples:
    return through(codec, as_played(melody, instrument))


def _chroma(sound: Samples) -> Chroma:
    return chroma_of(sound, RATE, FRAME_RATE)
