"""Items of the corpus: a piece, or pieces that change style, arrangement or tempo on a bar line."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.compose import ODD_TEMPOS, Wishes, compose
from genmodels.training.corpus.piece import Piece
from genmodels.training.corpus.styles import STYLE_NAMES, STYLES

CHANGE_SHARE = 0.4
_PART_S = (9.0, 18.0)
_KINDS = {"style": 0.55, "arrangement": 0.3, "tempo": 0.15}
_PART_SEEDS = 10_000_000


def compose_item(seed: int) -> tuple[Piece, ...]:
    """The pieces of an item, one after the other, always the same for the same seed.

    Of 100 items 60 are single pieces. The others have two or three shorter parts of 9 to 18 s, and what
    follows is what a player's new prompt asks for: another style in the same tempo, meter and (mostly) key,
    another arrangement of the same style, or another tempo. Styles take turns, so that any run of 20 seeds
    begins with each of them once.
    """
    rng = Random(f"item {seed}")
    style = STYLE_NAMES[seed % len(STYLE_NAMES)]
    if rng.random() >= CHANGE_SHARE:
        return (compose(seed, style),)
    parts = [compose(seed, wishes=Wishes(style, seconds=_PART_S))]
    for number in range(1, rng.choice((2, 2, 3))):
        parts.append(compose(seed + number * _PART_SEEDS, wishes=_next(rng, parts[-1])))
    return tuple(parts)


def _next(rng: Random, before: Piece) -> Wishes:
    kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
    style, bpm, tonic, mode = before.style, round(before.bpm), before.tonic, before.mode
    if kind == "style":
        style = rng.choice([s.name for s in STYLES if s.name != style and before.meter in s.grooves])
        if rng.random() < 0.35:
            tonic = rng.randrange(12)
    elif kind == "tempo":
        factor = rng.choice((0.75, 0.85, 0.92, 1.08, 1.18, 1.3))
        bpm = max(ODD_TEMPOS[0], min(ODD_TEMPOS[1], round(bpm * factor)))
    return Wishes(style, None, bpm, before.meter, tonic, mode, _PART_S, entry=True)
