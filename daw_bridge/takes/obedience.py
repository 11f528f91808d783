"""Whether what sounds in a take is what was asked for: its onsets lie on its beats, its harmony is the one
that the model was told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from daw_bridge.audio.analysis import BeatAgreement, brightness, grid_agreement
from daw_bridge.melody.likeness import likeness, reordered
from daw_bridge.melody.track import PhraseChroma
from daw_bridge.takes.take import Samples, Take
from genmodels.conditioning.harmony import CHROMA_WINDOW, Chroma, ChromaTrack, chroma_of

FASTER = 1.1
ORDERS = 20
MODEL_RATE = 32000


@dataclass(frozen=True)
class MelodyLikeness:
    """Chroma that sounds against the melody asked for, and (mean) against its notes in other orders."""

    asked: float
    reordered: float


@dataclass(frozen=True)
class Obedience:
    """Of a stretch of a take.

    Attributes:
        beat: onsets against the beats of the take's clock, see `grid_agreement`; None under two beats.
        faster: F-measure of the same onsets against a grid a tenth faster: what is there without obeying.
        brightness: share of the energy above 5 kHz.
        melody: None where no phrase of notes was asked for.
    """

    beat: BeatAgreement | None
    faster: float
    brightness: float
    melody: MelodyLikeness | None


@dataclass(frozen=True)
class Told:
    """Frames of a voice within a stretch, what they were told, and the rows of the stretch's chroma at which
    they sound."""

    track: ChromaTrack
    frames: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def mono(take: Take, first: int, stop: int) -> Samples:
    """The sound between two output samples, its channels averaged.

    Raises:
        TakeError: there is none, or it cannot be read.
    """
    blocks = [*take.read_sound(first - take.first_sample, stop - first)]
    mixed: Samples = np.concatenate(blocks).mean(axis=1)
    return mixed


def obedience(take: Take, deck: int, first: int, stop: int) -> Obedience:
    """The figures of a stretch between two output samples in which only this deck sounds.

    Raises:
        TakeError: the take has no sound, or it cannot be read.
    """
    sound = mono(take, first, stop)
    beat, faster = (_beat(take, sound, first, stop, pace) for pace in (1.0, FASTER))
    return Obedience(
        beat,
        faster.f_measure if faster else 0.0,
        brightness(sound, take.sample_rate),
        _melody(take, deck, sound, first, stop),
    )


def harmony(take: Take, deck: int, first: int, stop: int) -> tuple[Chroma, Chroma]:
    """Chroma that a deck's model was told and chroma that sounds between two output samples: [n, 12] twice,
    one row a frame of the model; a row is zero where nothing was asked for."""
    heard = _heard(take, mono(take, first, stop))
    asked = np.zeros_like(heard)
    for told in _told(take, deck, first, len(heard)):
        asked[told.rows] = told.track.at(told.frames)
    return asked, heard


def _beat(take: Take, sound: Samples, first: int, stop: int, pace: float) -> BeatAgreement | None:
    clock = take.clock
    begin, end = clock.beat_at(first - 0.5), clock.beat_at(stop)
    beats = np.ceil(begin) + np.arange(int((end - np.ceil(begin)) * pace) + 1) / pace
    if len(beats) < 2:
        return None
    seconds = (np.array([clock.sample_at(beat) for beat in beats]) - first) / take.sample_rate
    return grid_agreement(sound, take.sample_rate, seconds)


def _melody(take: Take, deck: int, sound: Samples, first: int, stop: int) -> MelodyLikeness | None:
    heard = _heard(take, sound)
    told = [each for each in _told(take, deck, first, len(heard)) if isinstance(each.track, PhraseChroma)]
    if not told:
        return None
    rows = np.concatenate([each.rows for each in told])

    def like(seed: int | None) -> float:
        asked = [_order(each.track, seed).at(each.frames) for each in told]
        return likeness(np.concatenate(asked), heard[rows])

    return MelodyLikeness(like(None), float(np.mean([like(seed) for seed in range(ORDERS)])))


def _order(track: ChromaTrack, seed: int | None) -> ChromaTrack:
    if seed is None or not isinstance(track, PhraseChroma):
        return track
    return replace(track, phrase=reordered(track.phrase, seed))


def _heard(take: Take, sound: Samples) -> Chroma:
    # as long a window as the analysis of melodies has at the usual rate of models
    window = 2 * round(CHROMA_WINDOW / 2 * take.sample_rate / MODEL_RATE)
    return chroma_of(sound, take.sample_rate, _frame_rate(take), window)


def _told(take: Take, deck: int, first: int, count: int) -> list[Told]:
    """What a deck's voices were told of harmony in the rows 0 .. count - 1 after an output sample."""
    found = []
    per_frame = take.sample_rate / _frame_rate(take)
    for voice in take.voices.values():
        if voice.deck != deck:
            continue
        conditions = take.conditions(voice)
        ends = [frame for frame, _ in conditions[1:]]
        begin, end = take.sounded(voice)
        for (start, told), stop in zip(conditions, [*ends, end], strict=True):
            frames = np.arange(max(start, begin), min(stop, end), dtype=np.int64)
            rows = np.rint((voice.origin + frames * per_frame - first) / per_frame).astype(np.int64)
            inside = (rows >= 0) & (rows < count)
            if told.chroma is not None and inside.any():
                found.append(Told(told.chroma, frames[inside], rows[inside]))
    return found


def _frame_rate(take: Take) -> float:
    return float(take.model["sample_rate"]) / float(take.model["hop_length"])
