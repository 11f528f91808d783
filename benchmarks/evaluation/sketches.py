"""Short pieces that the judge learns from beside whole items: styles and leading instruments in turn."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import get_args

from genmodels.training.corpus.compose import ODD_TEMPOS, Wishes, compose
from genmodels.training.corpus.instruments import Family, family_of
from genmodels.training.corpus.piece import Piece, Texture
from genmodels.training.corpus.scenes import scenes
from genmodels.training.corpus.styles import STYLES, Style

SECONDS = (10.0, 13.0)
ODD_TEMPO_SHARE = 0.3
ENSEMBLES: tuple[Texture, ...] = ("solo", "solo", "solo", "duo", "no drums", "full")
"""Of sketches that show a leading instrument."""
FAMILIES: tuple[Family, ...] = get_args(Family)
CANDIDATES = 1000


def sketch(seed: int) -> tuple[Piece, ...]:
    """One piece of about 12 s, everything from the first bar, always the same for the same seed.

    Even seeds take the styles in turn, as bands where the style has drums; odd ones the families of the
    leading instrument, by itself or with others. Three in ten are at any tempo."""
    rng = Random(f"sketch {seed}")
    turn = seed // 2
    if seed % 2 == 0:
        style = STYLES[turn % len(STYLES)]
        return (_composed(rng, seed, style, "full" if _has_drums(style) else None),)
    wanted = FAMILIES[turn % len(FAMILIES)]
    return (next(piece for piece in _shown(rng, seed, wanted) if scenes([piece])[0].lead_family == wanted),)


def _shown(rng: Random, seed: int, wanted: Family) -> Iterator[Piece]:
    """Candidates: a style that has such instruments, any of the ensembles that it has."""
    styles = [style for style in STYLES if wanted in _leading(style)]
    for number in range(CANDIDATES):
        style, texture = rng.choice(styles), rng.choice(ENSEMBLES)
        missing = (texture == "solo" and not style.solo) or (texture == "duo" and not style.duos)
        if missing or (texture == "full" and not _has_drums(style)):
            continue
        if wanted == "drums":
            texture = "drums only"
        elif wanted == "bass" and texture != "solo" and _has_drums(style):
            texture = "bass and drums"
        yield _composed(rng, seed + 1_000_000 * number, style, texture)


def _leading(style: Style) -> set[Family]:
    """Families of what may lead in a style."""
    names = {*style.solo, *style.lead, *style.chords, *(melody for melody, _ in style.duos)}
    beat: set[Family] = {"drums"} if _has_drums(style) else set()
    return {family_of(name) for name in names} | beat


def _composed(rng: Random, seed: int, style: Style, texture: Texture | None) -> Piece:
    bpm = rng.randint(*ODD_TEMPOS) if rng.random() < ODD_TEMPO_SHARE else None
    return compose(seed, wishes=Wishes(style.name, texture, bpm, seconds=SECONDS, entry=True))


def _has_drums(style: Style) -> bool:
    return any(grooves.full for grooves in style.grooves.values())
