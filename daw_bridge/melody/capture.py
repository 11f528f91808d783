"""Capture: played notes, or what an input hears, become a phrase of whole bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from daw_bridge.errors import MelodyError
from daw_bridge.melody.chroma_phrase import AnyPhrase
from daw_bridge.melody.held import Pressed
from daw_bridge.melody.note_capture import NoteCapture
from daw_bridge.melody.phrase import MAX_BEATS, MAX_NOTES, MIN_LENGTH, Note, Phrase, quantised
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.sound_capture import SoundCapture
from daw_bridge.melody.status import CaptureState

# a jump keeps the beat when it is a whole number of beats within this; clocks that are followed wander less
IN_TIME_BEATS = 0.1
# what was planned on the very line where the meter changes is seen a little after it
LATE_BEATS = 1.0


@dataclass(frozen=True)
class Span:
    """Where a recording lies, in beats of the song."""

    begin: float
    end: float

    @property
    def beats(self) -> float:
        """Its length."""
        return self.end - self.begin


@dataclass(frozen=True)
class Captured:
    """What came of playing.

    Attributes:
        phrase: the phrase that repeats from now on; None where it stays as it was.
        notice: what whoever plays should know; empty where there is nothing.
    """

    phrase: AnyPhrase | None
    notice: str = ""


def next_span(beat: float, beats_per_bar: int, bars: int, count_in: int = 0) -> Span:
    """The span of ``bars`` bars that begins ``count_in`` whole bars after the next bar line at or after
    ``beat``; bar lines are multiples of ``beats_per_bar``, the first is 0.

    Raises:
        MelodyError: fewer than one bar, or more than a phrase can have.
    """
    if bars < 1 or bars * beats_per_bar > MAX_BEATS or count_in < 0:
        raise MelodyError(
            f"{bars} bars of {beats_per_bar} beats after {count_in} of count-in cannot be captured: "
            f"at least 1 bar, at most {MAX_BEATS:g} beats"
        )
    lines = -(-max(0.0, beat) // beats_per_bar)
    begin = (lines + count_in) * beats_per_bar
    return Span(begin, begin + bars * beats_per_bar)


@dataclass
class Capture:
    """Records the notes of a span of beats, or what an input hears in it, and lays more notes on a phrase.

    The phrase repeats by the song's beats, so that it goes on where it was played.

    Attributes:
        grid: see `NoteCapture`.
        phrase: what has been captured, or is to be laid over; None before.
        span: where the recording lies that waits or runs.
    """

    grid: float = 0.0
    phrase: AnyPhrase | None = None
    span: Span | None = None
    overdubbing: bool = False
    _down: dict[Pressed, tuple[float, int]] = field(default_factory=dict)
    _recording: NoteCapture | SoundCapture | None = None
    _count_in: int = 0
    _place: SongPlace | None = None
    _broken_off: Captured | None = None
    _full: AnyPhrase | None = None

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

    def arm(self, span: Span, count_in: int = 0, sound: bool = False) -> None:
        """Record the notes of a span, or what is heard in it; what was captured before stays until the span
        has been played.

        Args:
            count_in: bars that are counted before it, also where the song jumps before it begins.
        """
        self.span = span
        self._count_in = count_in
        kind = SoundCapture(span.begin, span.end) if sound else NoteCapture(span.begin, span.end, self.grid)
        self._recording = kind

    def cancel(self) -> None:
        """Record nothing; the phrase stays."""
        self.span = self._recording = self._broken_off = None
        self._down.clear()

    def clear(self) -> None:
        """Forget the phrase too."""
        self.cancel()
        self.phrase = None

    def follow(self, place: SongPlace) -> None:
        """The song is here now; to be told before anything else that happens at a place.

        Where it has jumped, a recording that waits begins on the first bar line after its count-in from
        there; where only the meter is another, on the line of the bar that it was to begin in. One that runs
        goes on where the beat does, and ends otherwise: `advance` tells.
        """
        before, self._place = self._place, place
        if before is None:
            return
        jump = before.origin - place.origin
        beats = float(round(jump))
        in_time = abs(jump - beats) <= IN_TIME_BEATS
        if in_time and not beats and place.beats_per_bar == before.beats_per_bar:
            return
        if self.span is not None and self._recording is not None:
            if before.beat < self.span.begin:
                self._wait_anew(self.span, before, place)
            elif in_time:
                self.span = Span(self.span.begin + beats, self.span.end + beats)
                self._recording.move(beats)
            else:
                self._break_off(self.span, self._recording, place.beat - jump, before.beats_per_bar)
        moved = beats if in_time else jump
        self._down = {key: (begun + moved, velocity) for key, (begun, velocity) in self._down.items()}

    def press(self, key: Pressed, velocity: int, beat: float) -> None:
        """A note begins."""
        self._down[key] = beat, velocity

    def hear(self, beat: float, chroma: Sequence[float]) -> None:
        """An input has heard twelve strengths from C at a beat."""
        if isinstance(self._recording, SoundCapture):
            self._recording.hear(beat, chroma)

    def release(self, key: Pressed, beat: float) -> Captured | None:
        """A note ends; returns the phrase where the note has changed it, or had no room in it."""
        begun = self._down.pop(key, None)
        if begun is None:
            return None
        note = Note(key[1], begun[0], max(beat - begun[0], MIN_LENGTH), begun[1])
        if self.span is not None:
            if isinstance(self._recording, NoteCapture):
                self._recording.add(note)
            return None
        if not self.overdubbing or not isinstance(self.phrase, Phrase):
            return None
        return self._lay(self.phrase, quantised(note, self.grid))

    def advance(self, beat: float) -> Captured | None:
        """Time goes on; returns the phrase when its span has been played, or was broken off."""
        broken_off, self._broken_off = self._broken_off, None
        span, recording = self.span, self._recording
        if span is None or recording is None or beat < span.end:
            return broken_off
        if isinstance(recording, SoundCapture):
            if not recording.is_over(beat):
                return None
            self.cancel()
        else:
            self._end_held(recording, span.end)
        return self._end(recording, recording.phrase())

    def _end(self, recording: NoteCapture | SoundCapture, phrase: AnyPhrase, notice: str = "") -> Captured:
        self.span = self._recording = None
        self.phrase = phrase
        if isinstance(recording, NoteCapture) and recording.left_out:
            full = f"{recording.left_out} notes more were played than the {MAX_NOTES} that a phrase can have"
            notice = f"{notice}; {full}" if notice else f"melody: {full}: they are left out"
        return Captured(phrase, notice)

    def _end_held(self, recording: NoteCapture, beat: float) -> None:
        """What is held has sounded until a beat; a note that began later belongs to what comes next."""
        for (_, pitch), (begun, velocity) in self._down.items():
            if begun < beat:
                recording.add(Note(pitch, begun, max(beat - begun, MIN_LENGTH), velocity))
        self._down = {key: begun for key, begun in self._down.items() if begun[0] >= beat}

    def _lay(self, phrase: Phrase, note: Note) -> Captured | None:
        """Lay a note on the phrase; where that is full, say so once."""
        if len(phrase.notes) < MAX_NOTES:
            self.phrase = phrase.plus([note])
            return Captured(self.phrase)
        if self._full is phrase:
            return None
        self._full = phrase
        return Captured(
            None, f"melody: the phrase has {MAX_NOTES} notes and can have no more: others are left out"
        )

    def _wait_anew(self, span: Span, before: SongPlace, place: SongPlace) -> None:
        """Begin later or sooner than was meant, as the song has jumped or has another meter."""
        bars = round(span.beats / before.beats_per_bar)
        try:
            anew = next_span(place.beat, place.beats_per_bar, bars, self._count_in)
        except MelodyError as error:
            self.span = self._recording = None
            self._broken_off = Captured(None, f"melody: {error}")
            return
        if place.beats_per_bar != before.beats_per_bar:
            line = float(round(span.begin / before.beats_per_bar) * place.beats_per_bar)
            if place.beat - LATE_BEATS <= line < anew.begin:
                anew = Span(line, line + anew.beats)
        self.arm(anew, self._count_in, isinstance(self._recording, SoundCapture))

    def _break_off(
        self, span: Span, recording: NoteCapture | SoundCapture, beat: float, beats_per_bar: int
    ) -> None:
        """The song has jumped off the beat: keep what was played in the bars begun before ``beat``."""
        if isinstance(recording, NoteCapture):
            self._end_held(recording, min(beat, span.end))
        bars = max(1, math.ceil((min(beat, span.end) - span.begin) / beats_per_bar))
        beats = min(bars * beats_per_bar, span.beats)
        ended = f"melody: the song has jumped, and the capture has ended in its bar {bars}"
        if recording.heard:
            kept = f"{ended}; what was played until then is kept"
            self._broken_off = self._end(recording, recording.first(beats), kept)
        else:
            self._broken_off = Captured(None, f"{ended}; nothing had been played, the phrase stays as it was")
            self.span = self._recording = None
