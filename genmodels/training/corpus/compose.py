"""Composes a piece from a seed: style, key, tempo, form, then every bar of every part."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random

from genmodels.training.corpus import parts
from genmodels.training.corpus.drums import drum_bar, vary
from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Note, Piece, Role, Section, Texture, Track
from genmodels.training.corpus.styles import STYLES, Patterns, Style
from genmodels.training.corpus.theory import (
    PENTATONIC,
    SCALES,
    Chord,
    Mode,
    roman_chord,
    scale_pitches,
    voice,
)

MAX_JITTER_S = 0.008
_TEXTURES: dict[str, float] = {
    "full": 0.63,
    "solo": 0.12,
    "drums only": 0.09,
    "no drums": 0.11,
    "bass and drums": 0.05,
}
_VOLUME: dict[Role, int] = {"drums": 96, "bass": 90, "chords": 116, "lead": 116, "pad": 78}
_KIT_TRIM_DB = {0: 3.0, 25: -8.0, 40: 1.0, 48: 1.0}
_PROGRAM_TRIM_DB = {
    0: 1.5,
    9: 6.0,
    10: 3.0,
    38: -1.0,
    39: -6.0,
    49: -3.0,
    88: 3.0,
    91: -8.0,
    95: -3.0,
    73: -1.0,
}
_MONOPHONIC = frozenset({36, 40, 42, 56, 60, 65, 66, 68, 71, 73})
_LOW = frozenset({32, 33, 34, 36, 38, 39})


def compose(seed: int, style_name: str | None = None) -> Piece:
    """The piece of a seed, always the same. 20 to 40 s long, whole bars, a multiple of 4 bars.

    `style_name` forces a style of `styles.STYLE_NAMES`; raises ValueError when there is no such style."""
    rng = Random(seed)
    style = _style(rng, style_name)
    beats_per_bar = rng.choice([meter for meter in style.patterns for _ in range(1 if meter == 4 else 2)])
    patterns = style.patterns[beats_per_bar]
    bpm = rng.randint(*style.bpm)
    mode: Mode = rng.choice(("major", "minor"))
    if style.name in ("techno", "trap", "drum and bass", "synthwave"):
        mode = "minor" if rng.random() < 0.8 else "major"
    tonic = rng.randrange(12)
    texture = _texture(rng, style, patterns)
    phrase_s = 4 * beats_per_bar * 60.0 / bpm
    bars = 4 * max(2, round(rng.uniform(22.0, 36.0) / phrase_s))
    if bars * phrase_s / 4 > 40.0:
        bars -= 4
    programs = _programs(rng, style, texture)
    sections = _form(rng, tuple(programs), bars, texture)
    writer = _Writer(rng, style, patterns, beats_per_bar, bpm, tonic, mode, programs, bars)
    notes = writer.write(sections)
    tracks = tuple(
        Track(role, program, notes[role], _volume(role, program), style.pump and role in ("chords", "pad"))
        for role, program in programs.items()
        if notes[role]
    )
    if texture == "no drums" and len(set(programs.values())) == 1:
        texture = "solo"
    return Piece(
        seed=seed,
        style=style.name,
        texture=texture,
        bpm=float(bpm),
        beats_per_bar=beats_per_bar,
        bars=bars,
        tonic=tonic,
        mode=mode,
        chords=tuple(chord.name for chord in writer.chords),
        tracks=tracks,
        sections=sections,
        instruments=_instrument_names(programs),
        names=style.names,
        moods=style.moods,
        cutoff_hz=style.cutoff_hz if rng.random() < 0.8 else 0.0,
        drive=style.drive,
    )


def _volume(role: Role, program: int) -> int:
    """MIDI volume of a part; the trims even out the soundfont (controller 7 acts as 40 log10)."""
    trim_db = _KIT_TRIM_DB.get(program, 0.0) if role == "drums" else _PROGRAM_TRIM_DB.get(program, 0.0)
    return max(1, min(127, round(float(_VOLUME[role] * 10.0 ** (trim_db / 40.0)))))


def _style(rng: Random, name: str | None) -> Style:
    chosen = rng.choices(STYLES, [style.weight for style in STYLES])[0]
    if name is None:
        return chosen
    for style in STYLES:
        if style.name == name:
            return style
    raise ValueError(f"no style {name!r}; known: {', '.join(style.name for style in STYLES)}")


def _texture(rng: Random, style: Style, patterns: Patterns) -> Texture:
    weights = dict(style.textures or _TEXTURES)
    if not style.solo:
        weights["solo"] = 0.0
    if not patterns.drums:
        for texture in ("full", "drums only", "bass and drums"):
            weights[texture] = 0.0
    names: list[Texture] = ["full", "solo", "drums only", "no drums", "bass and drums"]
    return rng.choices(names, [weights.get(name, 0.0) for name in names])[0]


def _programs(rng: Random, style: Style, texture: Texture) -> dict[Role, int]:
    kit, bass, chords, lead = (
        rng.choice(choice) for choice in (style.kits, style.bass, style.chords, style.lead)
    )
    with_lead = rng.random() < style.lead_chance
    pad = rng.choice(style.pad) if style.pad and rng.random() < style.pad_chance else None
    if texture == "drums only":
        return {"drums": kit}
    if texture == "bass and drums":
        return {"drums": kit, "bass": bass}
    if texture == "solo":
        return _solo(rng, rng.choice(style.solo))
    programs: dict[Role, int] = {"drums": kit} if texture == "full" else {}
    if texture == "full" or rng.random() < 0.6:
        programs["bass"] = bass
    programs["chords"] = chords
    if with_lead or (texture == "no drums" and "bass" not in programs):
        programs["lead"] = lead
    if pad is not None and pad != chords:
        programs["pad"] = pad
    return programs


def _solo(rng: Random, program: int) -> dict[Role, int]:
    if program in _LOW:
        return {"bass": program}
    if program in _MONOPHONIC:
        return {"lead": program}
    programs: dict[Role, int] = {"chords": program}
    if rng.random() < 0.8:
        programs["lead"] = program
    if rng.random() < 0.7:
        programs["bass"] = program
    return programs


def _form(rng: Random, roles: tuple[Role, ...], bars: int, texture: Texture) -> tuple[Section, ...]:
    """Mostly everything plays from the first bar, so that what a caption names is nearly always heard;
    some pieces build up first or break in the middle."""
    sections: list[Section] = []
    intro = 2 if bars <= 8 else 4
    start = 0
    if texture in ("full", "no drums") and len(roles) > 2 and bars >= 8 and rng.random() < 0.3:
        left_out: Role = "lead" if "lead" in roles else roles[-1]
        few = tuple(role for role in roles if role != left_out)
        sections.append(Section("intro", 0, intro, few))
        start = intro
    rest = bars - start
    verse = rest // 2 // 4 * 4 or rest
    sections.append(Section("verse", start, verse, roles))
    start += verse
    if bars - start >= 8 and texture == "full" and rng.random() < 0.25:
        quiet = tuple(role for role in roles if role not in ("drums", "bass")) or roles
        sections.append(Section("break", start, 4, quiet))
        start += 4
    if start < bars:
        sections.append(Section("chorus", start, bars - start, roles))
    return tuple(sections)


def _instrument_names(programs: dict[Role, int]) -> tuple[str, ...]:
    names: list[str] = []
    for role in ("lead", "chords", "drums", "bass", "pad"):
        if role in programs:
            name = "drums" if role == "drums" else INSTRUMENTS[programs[role]].names[0]
            if name not in names:
                names.append(name)
    return tuple(names)


class _Writer:
    """Writes the notes of all parts. The vocabulary of a piece is small: one pattern a part."""

    def __init__(
        self,
        rng: Random,
        style: Style,
        patterns: Patterns,
        beats_per_bar: int,
        bpm: int,
        tonic: int,
        mode: Mode,
        programs: dict[Role, int],
        bars: int,
    ) -> None:
        self._rng = rng
        self._style = style
        self._beats_per_bar = beats_per_bar
        self._seconds_per_beat = 60.0 / bpm
        self._programs = programs
        progression = rng.choice(style.progressions[mode]).split()
        loop = [roman_chord(symbol, tonic, mode) for symbol in progression]
        self.chords = tuple(loop[bar % len(loop)] for bar in range(bars))
        self._drums = rng.choice(patterns.drums) if patterns.drums else {}
        self._bass = rng.choice(patterns.bass)
        self._comp = rng.choice(patterns.chords)
        self._mode = mode
        self._scale_steps = PENTATONIC[mode] if style.name in ("rock", "funk", "reggae") else SCALES[mode]
        self._tonic = tonic
        self._voicings = self._voice(style.chord_centre)
        self._pad_voicings = self._voice(64)
        density = style.lead_density * (0.7 if bpm > 140 else 1.0)
        self._motifs = [parts.make_motif(rng, beats_per_bar, density) for _ in range(2)]
        self._answers = [parts.answer(motif, rng) for motif in self._motifs]

    def write(self, sections: tuple[Section, ...]) -> dict[Role, tuple[Note, ...]]:
        """Notes by role, with swing and human timing, sorted by start."""
        written: defaultdict[Role, list[Note]] = defaultdict(list)
        for number, section in enumerate(sections):
            for bar in range(section.start_bar, section.start_bar + section.bars):
                last = bar == section.start_bar + section.bars - 1
                for role in section.roles:
                    for note in self._bar(role, bar, section, number, last):
                        written[role].append(self._human(note, bar * self._beats_per_bar, role))
        return {
            role: tuple(sorted(written[role], key=lambda n: (n.start, n.pitch))) for role in self._programs
        }

    def _bar(self, role: Role, bar: int, section: Section, number: int, last: bool) -> list[Note]:
        beats = self._beats_per_bar
        chord = self.chords[bar]
        if role == "drums":
            pattern = vary(self._drums, self._rng) if bar % 4 == 3 else self._drums
            fill = self._rng.randrange(4) if last or (bar % 8 == 7 and self._rng.random() < 0.5) else None
            notes = drum_bar(pattern, bar, beats, fill=fill if len(self._drums) > 2 else None)
            if bar == section.start_bar and number > 0 and "snare" in self._drums:
                notes.extend(drum_bar({"crash": "X" + "." * (4 * beats - 1)}, 0, beats))
            return notes
        if role == "bass":
            following = self.chords[(bar + 1) % len(self.chords)]
            return parts.bass_bar(self._bass, bar, beats, chord, following, self._style.bass_low)
        if role == "pad":
            return parts.chord_bar("X" + "-" * (4 * beats - 1), 0, beats, self._pad_voicings[bar])
        if role == "chords":
            return parts.chord_bar(self._comp, bar, beats, self._voicings[bar])
        return self._lead(bar, number)

    def _lead(self, bar: int, number: int) -> list[Note]:
        instrument = INSTRUMENTS[self._programs["lead"]]
        scale = scale_pitches(self._tonic, self._scale_steps, instrument.low, instrument.high)
        motif = self._motifs[number // 2 % 2] if bar % 4 < 2 else self._answers[number // 2 % 2]
        centre = (instrument.low + instrument.high) // 2
        return parts.lead_bar(motif, bar % 4, self._beats_per_bar, self.chords[bar], scale, centre)

    def _voice(self, centre: int) -> tuple[tuple[int, ...], ...]:
        known: dict[Chord, tuple[int, ...]] = {}
        previous: tuple[int, ...] | None = None
        for chord in self.chords:
            if chord not in known:
                known[chord] = voice(chord, previous, centre)
            previous = known[chord]
        return tuple(known[chord] for chord in self.chords)

    def _human(self, note: Note, bar_start: int, role: Role) -> Note:
        style, rng = self._style, self._rng
        jitter = max(-MAX_JITTER_S, min(MAX_JITTER_S, rng.gauss(0.0, style.jitter_ms / 1000.0)))
        if role == "drums":
            jitter *= 0.6
        start = bar_start + swing(note.start, style.swing, style.swing_unit) + jitter / self._seconds_per_beat
        velocity = max(20, min(127, note.velocity + round(rng.gauss(0.0, 3.0))))
        return replace(note, start=max(0.0, start), velocity=velocity)


def swing(beat: float, ratio: float, unit: int) -> float:
    """A straight beat position swung: pairs of `unit` sixteenths, the second one at `ratio` of the pair."""
    pair = unit * 2 / 4
    whole, within = divmod(beat, pair)
    half = pair / 2
    swung = within * ratio / 0.5 if within < half else ratio * pair + (within - half) * (1 - ratio) / 0.5
    return whole * pair + swung
