"""The chords of a piece by bar and beat, and their voicings."""

from __future__ import annotations

from itertools import pairwise

from genmodels.training.corpus.theory import Chord, Mode, roman_chord, voice

Changes = tuple[tuple[float, Chord], ...]
"""The chords of one bar, each with the beat on which it begins; the first begins on 0."""


class Harmony:
    """A progression repeated over the bars of a piece.

    Args:
        progression: roman numerals, one a bar; two joined by a dash share a bar, the second from its middle.
        bars: length of the piece.
    Raises:
        ValueError: a symbol cannot be read.
    """

    def __init__(self, progression: str, tonic: int, mode: Mode, bars: int, beats_per_bar: int) -> None:
        middle = 2.0 if beats_per_bar == 4 else 1.5
        loop: list[Changes] = []
        for symbols in progression.split():
            chords = [roman_chord(symbol, tonic, mode) for symbol in symbols.split("-")]
            loop.append(tuple(zip((0.0, middle), chords, strict=False)))
        self.bars = tuple(loop[bar % len(loop)] for bar in range(bars))

    def at(self, bar: int, beat: float) -> Chord:
        """The chord that sounds on a beat of a bar."""
        return [chord for start, chord in self.bars[bar % len(self.bars)] if start <= beat][-1]

    def after(self, bar: int, beat: float) -> Chord:
        """The chord that begins next after a beat of a bar."""
        later = [chord for start, chord in self.bars[bar % len(self.bars)] if start > beat]
        return later[0] if later else self.bars[(bar + 1) % len(self.bars)][0][1]

    def split(self, bar: int, beat: float, length: float) -> list[tuple[float, float]]:
        """A note of a bar as (beat, length), cut where the chord changes under it."""
        cuts = [start for start, _ in self.bars[bar] if beat < start < beat + length]
        edges = [beat, *cuts, beat + length]
        return [(start, end - start) for start, end in pairwise(edges)]

    def names(self) -> tuple[str, ...]:
        """The chords of each bar, as 'Dm7 G7'."""
        return tuple(" ".join(chord.name for _, chord in bar) for bar in self.bars)

    def voicings(self, centre: int) -> dict[Chord, tuple[int, ...]]:
        """A close voicing of each chord near a MIDI pitch, led from the chord before it."""
        known: dict[Chord, tuple[int, ...]] = {}
        previous: tuple[int, ...] | None = None
        for bar in self.bars:
            for _, chord in bar:
                if chord not in known:
                    known[chord] = voice(chord, previous, centre)
                previous = known[chord]
        return known
