"""Played notes as frame-synchronous chroma."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daw_bridge.clock.tempo_map import TempoMap
from daw_bridge.melody.chroma_phrase import AnyPhrase, ChromaPhrase
from daw_bridge.melody.phrase import Note, Phrase
from genmodels.conditioning.harmony import Chroma, ChromaTrack, normalise
from genmodels.conditioning.timing import Transport

TOUCH = 1e-5


def chroma_of_notes(
    notes: Sequence[Note], begins: npt.ArrayLike, ends: npt.ArrayLike, loop: float = 0.0
) -> Chroma:
    """Which pitch classes sound in each span of beats.

    A note counts by its velocity and by the share of the span in which it sounds, so that one shorter than a
    span is there too; a touch of less than a hundred-thousandth of the span is rounding, and is not.

    Args:
        begins, ends: [n] beats, in any order: span i is [begins[i], ends[i]), not empty.
        loop: the notes repeat every so many beats, and are no longer than that; 0: they do not repeat.
    Returns:
        [n, 12] float32 in [0, 1]: each span's largest value is 1, silence is 0.
    """
    starts = np.asarray(begins, dtype=np.float64)[:, None]
    spans = np.asarray(ends, dtype=np.float64)[:, None] - starts
    chroma = np.zeros((len(spans), 12), dtype=np.float32)
    if not notes or not len(spans):
        return chroma
    onset = np.array([note.start for note in notes])[None] - starts
    length = np.array([note.length for note in notes])[None]
    if loop:
        onset = np.mod(onset, loop)
        sounding = _overlap(onset, length, spans) + _overlap(onset - loop, length, spans)
    else:
        sounding = _overlap(onset, length, spans)
    share = np.where(sounding > TOUCH * spans, sounding / spans, 0.0)
    strength = share * np.array([note.velocity / 127.0 for note in notes])[None]
    np.add.at(chroma.T, np.array([note.pitch % 12 for note in notes]), strength.T.astype(np.float32))
    return normalise(chroma)


def played_chroma(
    notes: Sequence[Note], tempo_map: TempoMap, origin: int, frame_rate: float, count: int
) -> Chroma:
    """The chroma of notes laid on a song's beats, at a stream's frames, whatever the tempo does.

    Args:
        notes: in beats of the tempo map.
        origin: output sample at which frame 0 begins.
        frame_rate: frames a second.
        count: number of frames.
    Returns:
        [count, 12] float32, as from `chroma_of_notes`.
    """
    samples = origin + np.arange(count + 1) * (tempo_map.sample_rate / frame_rate)
    edges = [tempo_map.beat_at(sample) for sample in samples]
    return chroma_of_notes(notes, edges[:-1], edges[1:])


@dataclass(frozen=True)
class PhraseChroma:
    """A phrase that repeats from the transport's beat 0, as a `ChromaTrack`."""

    phrase: Phrase
    transport: Transport

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        """Chroma [n, 12] at the frames [n], in any order."""
        begins = np.mod(self.transport.beats_at(frames), self.phrase.beats)
        ends = begins + self.transport.bpm / 60.0 / self.transport.frame_rate
        return chroma_of_notes(self.phrase.notes, begins, ends, self.phrase.beats)


@dataclass(frozen=True)
class SteppedChroma:
    """A phrase of chroma that repeats from the transport's beat 0, as a `ChromaTrack`."""

    phrase: ChromaPhrase
    transport: Transport

    def at(self, frames: npt.NDArray[np.int64]) -> Chroma:
        """Chroma [n, 12] at the frames [n], in any order; each with its largest value 1."""
        steps = self.phrase.values
        # a whisker later, so that rounding cannot put a step's first frame into the step before
        place = np.mod(self.transport.beats_at(frames) + TOUCH, self.phrase.beats) / self.phrase.beats
        return normalise(steps[np.minimum((place * len(steps)).astype(np.int64), len(steps) - 1)])


def phrase_track(phrase: AnyPhrase, transport: Transport) -> ChromaTrack:
    """A phrase of either kind, repeating from the transport's beat 0."""
    if isinstance(phrase, ChromaPhrase):
        return SteppedChroma(phrase, transport)
    return PhraseChroma(phrase, transport)


def _overlap(
    onset: npt.NDArray[np.float64], length: npt.NDArray[np.float64], span: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Beats of [onset, onset + length) within [0, span)."""
    overlap: npt.NDArray[np.float64] = np.clip(
        np.minimum(onset + length, span) - np.maximum(onset, 0.0), 0.0, None
    )
    return overlap
