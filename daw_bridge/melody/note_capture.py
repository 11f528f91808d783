"""NoteCapture: notes that are played over a span of beats become a phrase."""

from __future__ import annotations

from dataclasses import replace

from daw_bridge.melody.phrase import MAX_NOTES, MIN_LENGTH, Note, Phrase, quantised

EARLY_BEATS = 0.5


class NoteCapture:
    """The notes of a span, as many as a phrase can have.

    One that was begun at most half a beat early counts as begun on the first beat; one that is held beyond
    the end sounds to the end.

    Args:
        begin, end: beats of the song.
        grid: onsets go to the nearest line of a grid of so many beats; 0 leaves them where they were played.

    Attributes:
        left_out: how many notes had no room.
    """

    def __init__(self, begin: float, end: float, grid: float = 0.0) -> None:
        self.left_out = 0
        self._begin = begin
        self._end = end
        self._grid = grid
        self._notes: dict[tuple[float, int], Note] = {}

    @property
    def heard(self) -> bool:
        """Whether there is anything yet."""
        return bool(self._notes)

    def add(self, note: Note) -> None:
        """A note of the song; what of it lies in the span is kept, where there is room."""
        kept = self._within(note)
        if kept is None:
            return
        key = kept.start, kept.pitch
        known = self._notes.get(key)
        if known is None and len(self._notes) >= MAX_NOTES:
            self.left_out += 1
        elif known is None or known.length < kept.length:
            self._notes[key] = kept

    def move(self, beats: float) -> None:
        """The song's beats are counted otherwise: so many more than before."""
        self._begin += beats
        self._end += beats
        moved = (replace(note, start=note.start + beats) for note in self._notes.values())
        self._notes = {(note.start, note.pitch): note for note in moved}

    def phrase(self) -> Phrase:
        """What was played, where it was played."""
        return Phrase.of(self._notes.values(), self._end - self._begin)

    def first(self, beats: float) -> Phrase:
        """What was played, as a phrase of the span's first beats only, from bar 1 on."""
        notes = (replace(note, start=note.start - self._begin) for note in self._notes.values())
        return Phrase.of(notes, beats)

    def _within(self, note: Note) -> Note | None:
        """The part of a note that belongs to the span; None where it has none."""
        end = note.start + note.length
        early = self._begin - EARLY_BEATS <= note.start < self._begin
        if note.start >= self._end or (note.start < self._begin and not early):
            return None
        start = max(note.start, self._begin)
        kept = replace(note, start=start, length=max(min(end, self._end) - start, MIN_LENGTH))
        return quantised(kept, self._grid)
