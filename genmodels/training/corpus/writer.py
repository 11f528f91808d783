"""Writes the notes of a piece, bar by bar; its vocabulary is small, as a band's is within one song."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from genmodels.training.corpus import melody, parts
from genmodels.training.corpus.drums import build_bar, drum_bar, vary
from genmodels.training.corpus.ensemble import Ensemble
from genmodels.training.corpus.feel import played
from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import STEPS_PER_BEAT, Note, Role, Section
from genmodels.training.corpus.styles import Grooves, Style
from genmodels.training.corpus.theory import SCALES, scale_pitches

_ARP_CENTRE, _PAD_CENTRE = 72, 64


class Writer:
    """Draws a piece's vocabulary and writes its parts.

    Args:
        rng: source of all choices.
        style, grooves: the style and its vocabulary in the meter of the piece.
        ensemble: instruments by role.
        harmony: chords by bar.
        scale: name of the melody's scale, on `tonic`.
        beats_per_bar, bpm: quarter notes a bar and a minute.
    """

    def __init__(
        self, rng: Random, style: Style, grooves: Grooves, ensemble: Ensemble, harmony: Harmony, tonic: int,
        scale: str, beats_per_bar: int, bpm: float,
    ) -> None:  # fmt: skip
        self._rng, self._style, self._ensemble, self._harmony = rng, style, ensemble, harmony
        self._beats, self._beat_s = beats_per_bar, 60.0 / bpm
        self._drums = {
            False: rng.choice(grooves.light or grooves.full or ({},)),
            True: rng.choice(grooves.full or ({},)),
        }
        self._fills = grooves.fills
        self._bass = [rng.choice(grooves.bass) for _ in range(2)]
        self._comp = [rng.choice(grooves.chords) for _ in range(2)]
        self._arp = rng.choice(grooves.arps or grooves.chords)
        self._voicings = {
            "chords": harmony.voicings(style.chord_centre),
            "arp": harmony.voicings(_ARP_CENTRE),
            "pad": harmony.voicings(_PAD_CENTRE),
        }
        self._phrases = [melody.make_phrase(rng, grooves.leads) for _ in range(2)]
        self._scale, self._centre = self._register(tonic, scale)

    def _register(self, tonic: int, scale: str) -> tuple[tuple[int, ...], int]:
        instrument = INSTRUMENTS[self._ensemble.get("lead", "grand piano")]
        shift = 12 * self._style.lead_shift
        low, high = instrument.low + shift, instrument.high + shift
        return scale_pitches(tonic, SCALES[scale], low, high), (low + high) // 2

    def write(self, sections: tuple[Section, ...]) -> dict[Role, tuple[Note, ...]]:
        """Notes by role, with swing and human timing, sorted by start."""
        written: defaultdict[Role, list[Note]] = defaultdict(list)
        for number, section in enumerate(sections):
            for bar in range(section.start_bar, section.end_bar):
                force = 0.82 + 0.18 * section.energy + 0.02 * (bar % 4)
                for role in section.roles:
                    notes = played(
                        self._bar(role, bar, section, number), role, self._ensemble[role], self._style,
                        self._rng, self._beat_s, min(force, 1.05),
                    )  # fmt: skip
                    start = bar * self._beats
                    written[role] += [
                        Note(max(0.0, start + n.start), n.length, n.pitch, n.velocity) for n in notes
                    ]
        return {
            role: tuple(sorted(written[role], key=lambda n: (n.start, n.pitch))) for role in self._ensemble
        }

    def _bar(self, role: Role, bar: int, section: Section, number: int) -> list[Note]:
        beats, harmony = self._beats, self._harmony
        full = section.energy > 0.9
        if role == "drums":
            return self._drum_bar(bar, section, number)
        if role == "bass":
            pattern = self._bass[full]
            if pattern == parts.WALK:
                return parts.walking_bar(bar, beats, harmony, self._style.bass_low, self._rng)
            return parts.bass_bar(pattern, bar, beats, harmony, self._style.bass_low)
        if role == "pad":
            held = "X" + "-" * (STEPS_PER_BEAT * beats - 1)
            return parts.chord_bar(held, bar, beats, harmony, self._voicings["pad"])
        if role == "lead":
            ideas = self._phrases[full][bar % 4]
            return melody.melody_bar(ideas, bar, harmony, self._scale, self._centre)
        pattern = self._comp[full] if role == "chords" else self._arp
        notes = parts.chord_bar(pattern, bar, beats, harmony, self._voicings[role])
        return notes if role == "arp" else self._powerful(notes)

    def _powerful(self, notes: list[Note]) -> list[Note]:
        """Power chords of two tones get the octave that guitarists add."""
        if "guitar" not in self._ensemble["chords"]:
            return notes
        by_start: defaultdict[float, list[Note]] = defaultdict(list)
        for note in notes:
            by_start[note.start].append(note)
        octaves = [
            Note(root.start, root.length, root.pitch + 12, root.velocity)
            for root, *others in by_start.values()
            if len(others) == 1
        ]
        return sorted(notes + octaves, key=lambda note: (note.start, note.pitch))

    def _drum_bar(self, bar: int, section: Section, number: int) -> list[Note]:
        rng, beats = self._rng, self._beats
        if section.name == "build":
            return build_bar(bar - section.start_bar, section.bars, beats)
        phrase_end = bar % 4 == 3
        last = bar == section.end_bar - 1
        pattern = self._drums[section.energy > 0.9]
        pattern = vary(pattern, rng) if phrase_end else pattern
        fills = self._fills and (last or (phrase_end and rng.random() < self._style.fill_chance))
        notes = drum_bar(pattern, bar, beats, rng.choice(self._fills) if fills else None)
        if bar == section.start_bar and number > 0 and "snare" in pattern:
            notes += drum_bar({"crash": "X" + "." * (STEPS_PER_BEAT * beats - 1)}, 0, beats)
        return notes
