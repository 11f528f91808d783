"""The form of a piece: sections, and which roles play in them."""

from __future__ import annotations

from itertools import groupby
from random import Random

from genmodels.training.corpus.piece import Role, Section
from genmodels.training.corpus.styles import Style

PHRASE_BARS = 4
ENERGY = {"intro": 0.5, "verse": 0.7, "groove": 0.75, "break": 0.45, "build": 0.8, "chorus": 1.0, "drop": 1.0}
_FULL = ("chorus", "drop", "verse", "groove")
_INTRO_SHARE = 0.4


def make_form(
    rng: Random, style: Style, roles: tuple[Role, ...], bars: int, entry: bool
) -> tuple[Section, ...]:
    """Sections that fill `bars` (a multiple of 4): the style's form from its intro or from inside it.

    With `entry` everything plays from the first bar, as after a prompt that asks for it. Pieces of one or two
    roles have no sections without one of them."""
    phrases = bars // PHRASE_BARS
    form = style.form
    start = 0 if rng.random() < _INTRO_SHARE and not entry else _first_full(rng, form)
    names = [form[(start + i) % len(form)] if i else form[start] for i in range(phrases)]
    names = ["verse" if name == "intro" and i else name for i, name in enumerate(names)]
    if len(roles) < 3:
        names = [name if name in _FULL else "verse" for name in names]
    sections, bar = [], 0
    lead_rests = rng.random() < 0.3
    for number, (name, group) in enumerate(groupby(names)):
        length = PHRASE_BARS * len(list(group))
        playing = roles if number == 0 and entry else _playing(rng, style, roles, name, lead_rests)
        sections.append(Section(name, bar, length, playing, ENERGY[name]))
        bar += length
    return tuple(sections)


def _first_full(rng: Random, form: tuple[str, ...]) -> int:
    return rng.choice([place for place, name in enumerate(form) if name in _FULL])


def _playing(
    rng: Random, style: Style, roles: tuple[Role, ...], name: str, lead_rests: bool
) -> tuple[Role, ...]:
    if name in ("intro", "break"):
        wanted = rng.choice(style.intros if name == "intro" else style.breaks)
        return tuple(role for role in roles if role in wanted) or roles
    if name == "build":
        return tuple(role for role in roles if role != "bass") or roles
    if name in ("verse", "groove") and lead_rests and len(roles) > 3:
        return tuple(role for role in roles if role != "lead")
    return roles
