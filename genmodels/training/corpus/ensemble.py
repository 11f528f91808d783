"""Who plays: the instruments of a piece by role."""

from __future__ import annotations

from random import Random

from genmodels.training.corpus.instruments import INSTRUMENTS
from genmodels.training.corpus.piece import Role, Texture
from genmodels.training.corpus.styles import Style

LEVELS: dict[Role, float] = {
    "drums": 0.0,
    "bass": -1.0,
    "chords": -5.0,
    "arp": -7.0,
    "lead": -3.0,
    "pad": -9.0,
}
"""Usual loudness of the roles, in dB."""

Ensemble = dict[Role, str]


def choose_texture(rng: Random, style: Style, drums: bool) -> Texture:
    """A texture by the style's weights, of those that it has instruments for."""
    weights = dict(style.textures)
    if not style.solo:
        weights.pop("solo", None)
    if not style.duos:
        weights.pop("duo", None)
    if not drums:
        for texture in ("full", "drums only", "bass and drums"):
            weights.pop(texture, None)
    return rng.choices(list(weights), list(weights.values()))[0]


def choose_ensemble(rng: Random, style: Style, texture: Texture) -> Ensemble:
    """Instruments by role; a solo instrument may play several roles."""
    drums, bass, chords, lead = (rng.choice(c) for c in (style.kits, style.bass, style.chords, style.lead))
    if texture == "drums only":
        return {"drums": drums}
    if texture == "bass and drums":
        return {"drums": drums, "bass": bass}
    if texture == "solo":
        return _solo(rng, rng.choice(style.solo))
    if texture == "duo":
        melody, accompaniment = rng.choice(style.duos)
        return {"chords": accompaniment, "lead": melody}
    ensemble: Ensemble = {"drums": drums} if texture == "full" else {}
    if texture == "full" or rng.random() < 0.6:
        ensemble["bass"] = bass
    ensemble["chords"] = chords
    if style.arp and rng.random() < style.arp_chance:
        ensemble["arp"] = rng.choice(style.arp)
    if rng.random() < style.lead_chance or (texture == "no drums" and "bass" not in ensemble):
        ensemble["lead"] = lead
    others = [pad for pad in style.pad if pad != chords]
    if others and rng.random() < style.pad_chance:
        ensemble["pad"] = rng.choice(others)
    return ensemble


def _solo(rng: Random, name: str) -> Ensemble:
    instrument = INSTRUMENTS[name]
    if instrument.family == "bass":
        return {"bass": name}
    if instrument.solo_line:
        return {"lead": name}
    ensemble: Ensemble = {"chords": name}
    if rng.random() < 0.8:
        ensemble["lead"] = name
    if rng.random() < 0.7 and instrument.decay_s < 10:
        ensemble["bass"] = name
    return ensemble


def level_of(rng: Random, style: Style, role: Role) -> float:
    """Loudness of a role in a mix, in dB, a little different in each piece."""
    return round(style.levels.get(role, LEVELS[role]) + rng.uniform(-1.5, 1.5), 2)
