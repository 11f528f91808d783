"""Capture: played notes, or what an input hears, become a phrase of whole bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from daw_bridge.errors import MelodyError
from daw_bridge.melody.chroma_phrase import AnyPhrase
from daw_bridge.melody.held import Pressed
from daw_bridge.melody.phrase import MAX_BEATS, MIN_LENGTH, Note, Phrase, quantised
from daw_bridge.melody.sound_capture import SoundCapture
from daw_bridge.melody.status import CaptureState

EARLY_BEATS = 0.5


@dataclass(frozen=True)
class Span:
    """Where a recording lies, in beats of the song."""

    begin: float
    end: float

    @property
    def beats(self) -> float:
        """Its length."""
        return self.end - self.begin


def next_span(beat: float, beats_per_bar: int, bars: int, count_in: int = 0) -> Span:
    """The span of ``bars`` bars that begins ``count_in`` whole bars after the next bar line at or after
    ``beat``; bar lines are multiples of ``beats_per_bar``.

    Raises:
        MelodyError: fewer than one bar, or more than a phrase can have.
    """
    if bars < 1 or bars * beats_per_bar > MAX_BEATS or count_in < 0:
        raise MelodyError(
            f"{bars} bars of {beats_per_bar} beats after {count_in} of count-in cannot be captured: "
            f"at least 1 bar, at most {MAX_BEATS:g} beats"
        )
    lines = -(-beat // beats_per_bar)
    begin = (lines + count_in) * beats_per_bar
    return Span(begin, begin + bars * beats_per_bar)


@dataclass
class Capture:
    """Records the notes of a span of beats, or what an input hears in it, and lays more notes on a phrase.

    A note that was begun at most half a beat early counts as begun on the first beat; one that is held beyond
    the end sounds to the end. The phrase repeats by the song's beats, so that it goes on where it was played.

    Attributes:
        grid: onsets go to the nearest line of a grid of so many beats; 0 leaves them where they were played.
        phrase: what has been captured, or is to be laid over; None before.
        span: where the recording lies that waits or runs.
    """

    grid: float = 0.0
    phrase: AnyPhrase | None = None
    span: Span | None = None
    overdubbing: bool = False
    _down: dict[Pressed, tuple[float, int]] = field(default_factory=dict)
    _notes: list[Note] = field(default_factory=list)
    _sound: SoundCapture | None = None

    def state(self, beat: float) -> CaptureState:
        """What it does at a beat."""
        if self.span is not None:
            return "recording" if beat >= self.span.begin else "count-in"
        return "overdub" if self.overdubbing and isinstance(self.phrase, Phrase) else "idle"

    def beats_left(self, beat: float) -> float:
        """Beats until the recording begins or, once it has, until it ends; 0 where none waits or runs."""
        if self.span is None:
            return 0.0
        return max(0.0, (self.span.begin if beat < self.span.begin else self.span.end) - beat)

    def arm(self, span: Span, sound: bool = False) -> None:
        """Record the notes of a span, or what is heard in it; what was captured before stays until the span
        has been played."""
        self.span = span
        self._notes = []
        self._sound = SoundCapture(span.begin, span.end) if sound else None

    def cancel(self) -> None:
        """Record nothing; the phrase stays."""
        self.span = None
        self._sound = None
        self._notes = []
        self._down.clear()

    def clear(self) -> None:
        """Forget the phrase too."""
        self.cancel()
        self.phrase = None

    def press(self, key: Pressed, velocity: int, beat: float) -> None:
        """A note begins."""
        self._down[key] = beat, velocity

    def hear(self, beat: float, chroma: Sequence[float]) -> None:
        """An input has heard twelve strengths from C at a beat."""
        if self._sound is not None:
            self._sound.hear(beat, chroma)

    def release(self, key: Pressed, beat: float) -> Phrase | None:
        """A note ends; returns the phrase where the note has changed it."""
        begun = self._down.pop(key, None)
        if begun is None:
            return None
        note = Note(key[1], begun[0], max(beat - begun[0], MIN_LENGTH), begun[1])
        if self.span is not None:
            self._notes.append(note)
            return None
        if not self.overdubbing or not isinstance(self.phrase, Phrase):
            return None
        self.phrase = self.phrase.plus([quantised(note, self.grid)])
        return self.phrase

    def advance(self, beat: float) -> AnyPhrase | None:
        """Time goes on; returns the phrase when its span has been played."""
        span = self.span
        if span is None or beat < span.end:
            return None
        if self._sound is not None:
            return self._advance_sound(self._sound, beat)
        held = [
            Note(pitch, begun, max(span.end - begun, MIN_LENGTH), velocity)
            for (_, pitch), (begun, velocity) in self._down.items()
            if begun < span.end
        ]
        kept = (_within(note, span, self.grid) for note in (*self._notes, *held))
        self.phrase = Phrase.of((note for note in kept if note is not None), span.beats)
        self.span, self._notes = None, []
        # a note that began after the end belongs to what comes next
        self._down = {key: begun for key, begun in self._down.items() if begun[0] >= span.end}
        return self.phrase

    def _advance_sound(self, sound: SoundCapture, beat: float) -> AnyPhrase | None:
        if not sound.is_over(beat):
            return None
        self.cancel()
        self.phrase = sound.phrase()
        return self.phrase


def _within(note: Note, span: Span, grid: float) -> Note | None:
    """The part of a note that belongs to a span; None where it has none."""
    end = note.start + note.length
    early = span.begin - EARLY_BEATS <= note.start < span.begin
    if note.start >= span.end or (note.start < span.begin and not early):
        return None
    start = max(note.start, span.begin)
    kept = replace(note, start=start, length=max(min(end, span.end) - start, MIN_LENGTH))
    return quantised(kept, grid)
