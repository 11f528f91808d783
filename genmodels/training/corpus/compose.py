"""Composes a piece from a seed: style, key, tempo, ensemble, form, then every bar of every part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from genmodels.training.corpus.ensemble import Ensemble, choose_ensemble, choose_texture, level_of
from genmodels.training.corpus.form import PHRASE_BARS, make_form
from genmodels.training.corpus.harmony import Harmony
from genmodels.training.corpus.piece import METERS, Meter, Note, Piece, Role, Section, Texture, Track
from genmodels.training.corpus.styles import STYLES, Style, style_of
from genmodels.training.corpus.theory import Mode
from genmodels.training.corpus.writer import Writer

ODD_TEMPO_SHARE = 0.12
ODD_TEMPOS = (66, 174)
SECONDS = (24.0, 38.0)
LONGEST_S = 42.0


@dataclass(frozen=True)
class Wishes:
    """What is settled before a piece is composed; None leaves it to chance.

    Attributes:
        style: a name of `STYLE_NAMES`.
        texture: what kind of ensemble.
        bpm: quarter notes a minute.
        meter: time signature; the style must have it.
        tonic, mode: the key.
        seconds: bounds of the length.
        entry: everything plays from the first bar.
    """

    style: str | None = None
    texture: Texture | None = None
    bpm: int | None = None
    meter: Meter | None = None
    tonic: int | None = None
    mode: Mode | None = None
    seconds: tuple[float, float] = SECONDS
    entry: bool = False


def compose(seed: int, style: str | None = None, wishes: Wishes | None = None) -> Piece:
    """The piece of a seed, always the same: about 24 to 42 s long, a multiple of 4 bars.

    `style` is short for the wish of a style. In 12 of 100 pieces the tempo is drawn from 66 to 174 BPM,
    whatever is usual in the style: a player's tempo is the host's. Raises ValueError for a style that does
    not exist or does not have the wished meter."""
    wishes = wishes or Wishes(style)
    rng = Random(f"piece {seed}")
    chosen = style_of(wishes.style) if wishes.style is not None else rng.choice(STYLES)
    meter = wishes.meter or _meter(rng, chosen)
    if meter not in chosen.grooves:
        raise ValueError(f"{chosen.name!r} has no meter {meter!r}; it has: {', '.join(chosen.grooves)}")
    grooves = chosen.grooves[meter]
    bpm = wishes.bpm or _tempo(rng, chosen)
    mode: Mode = wishes.mode or ("minor" if rng.random() < chosen.minor_share else "major")
    tonic = wishes.tonic if wishes.tonic is not None else rng.randrange(12)
    scale = rng.choice(chosen.scales[mode])
    texture = wishes.texture or choose_texture(rng, chosen, bool(grooves.full))
    bars = _bars(rng, bpm, METERS[meter], wishes.seconds)
    ensemble = choose_ensemble(rng, chosen, texture)
    harmony = Harmony(rng.choice(chosen.progressions[mode]), tonic, mode, bars, METERS[meter])
    form = make_form(rng, chosen, tuple(ensemble), bars, wishes.entry)
    notes = Writer(rng, chosen, grooves, ensemble, harmony, tonic, scale, METERS[meter], bpm).write(form)
    mix = chosen.mix if rng.random() < 0.8 else replace(chosen.mix, low_pass_hz=0.0, sweep=False)
    return Piece(
        seed=seed,
        style=chosen.name,
        texture=texture,
        bpm=float(bpm),
        meter=meter,
        bars=bars,
        tonic=tonic,
        mode=mode,
        scale=scale,
        chords=harmony.names(),
        tracks=_tracks(rng, chosen, ensemble, notes),
        sections=_sounding(form, notes, METERS[meter]),
        names=chosen.names,
        moods=chosen.moods + chosen.mood_by_mode[mode],
        swing=chosen.swing,
        swing_unit=chosen.swing_unit,
        mix=mix,
    )


def _meter(rng: Random, style: Style) -> Meter:
    odd = [meter for meter in style.grooves if meter != "4/4"]
    return rng.choice(odd) if odd and rng.random() < style.three else "4/4"


def _tempo(rng: Random, style: Style) -> int:
    return rng.randint(*(ODD_TEMPOS if rng.random() < ODD_TEMPO_SHARE else style.bpm))


def _bars(rng: Random, bpm: float, beats_per_bar: int, seconds: tuple[float, float]) -> int:
    phrase_s = PHRASE_BARS * beats_per_bar * 60.0 / bpm
    phrases = max(1, round(rng.uniform(*seconds) / phrase_s))
    if phrases > 1 and phrases * phrase_s > LONGEST_S:
        phrases -= 1
    return PHRASE_BARS * phrases


def _tracks(
    rng: Random, style: Style, ensemble: Ensemble, notes: dict[Role, tuple[Note, ...]]
) -> tuple[Track, ...]:
    pumped = ("chords", "pad", "bass", "arp") if style.pump and "drums" in ensemble else ()
    echoing = ("lead", "arp")
    return tuple(
        Track(
            role, instrument, notes[role], level_of(rng, style, role), role in pumped,
            style.echo if role in echoing else 0.0,
        )
        for role, instrument in ensemble.items()
        if notes[role]
    )  # fmt: skip


def _sounding(
    form: tuple[Section, ...], notes: dict[Role, tuple[Note, ...]], beats_per_bar: int
) -> tuple[Section, ...]:
    """The sections with the roles that have notes in them."""
    sections = []
    for section in form:
        start, end = section.start_bar * beats_per_bar, section.end_bar * beats_per_bar
        roles = tuple(
            role
            for role in section.roles
            if any(start - 0.1 <= note.start < end - 0.1 for note in notes[role])
        )
        sections.append(replace(section, roles=roles))
    return tuple(sections)
