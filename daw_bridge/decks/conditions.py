"""From a deck's values, as the parameter table knows them, to the conditions of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from daw_bridge.melody.chroma_phrase import read_phrase
from daw_bridge.melody.track import phrase_track
from daw_bridge.parameter import Values
from daw_bridge.parameters import PARAMETERS
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.conditioning.harmony import ChordProgression, ChromaTrack, ConstantChroma
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError
from genmodels.lm.sampling_params import SamplingParams

DECK = "/bridge/deck/{deck}/"
GLIDE = "prompts/from"
CONDITIONING = (
    "prompts", "temperature", "top_k", "top_p", "guidance", "melody", "phrase", "key", "chords", "chroma",
    "chroma/enable", "transport/enable",
)  # fmt: skip
ALL = frozenset({"text", "chroma", "transport"})
NEEDED = {
    "text": ("prompts", GLIDE),
    "chroma": ("melody", "phrase", "key", "chords", "chroma", "chroma/enable"),
    "transport": ("transport/enable",),
}
OFF: dict[str, Values] = {
    "prompts": ("", 1.0), GLIDE: (), "melody": (0.0,) * 12, "phrase": ("",), "key": ("",), "chords": ("",),
    "chroma": (0.0,) * 12, "chroma/enable": (False,), "transport/enable": (False,),
}  # fmt: skip
WORDS = {"text": "no text", "chroma": "no harmony", "transport": "no beat"}
PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MAJOR_TURN = ((0, ""), (7, ""), (9, "m"), (5, ""))
MINOR_TURN = ((0, "m"), (8, ""), (3, ""), (10, ""))
_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*(major|minor|maj|min|m|)", re.IGNORECASE)


def default_values(takes: Set[str] = ALL) -> dict[str, Values]:
    """What every deck starts with, by name without the deck's prefix; what the model does not take is off."""
    defaults = {p.path.removeprefix(DECK): p.default for p in PARAMETERS if p.per_deck}
    values: dict[str, Values] = {name: defaults[name] for name in CONDITIONING} | {GLIDE: ()}
    return values | {f"{name}/enable": (False,) for name in ("chroma", "transport") if name not in takes}


def fitted(values: Mapping[str, Values], takes: Set[str]) -> dict[str, Values]:
    """The values with everything off that a model does not take."""
    fit = dict(values)
    for kind, names in NEEDED.items():
        if kind not in takes:
            fit.update((name, OFF[name]) for name in names)
    return fit


def out_of_reach(values: Mapping[str, Values], takes: Set[str]) -> list[str]:
    """What is on in the values and a model does not take, in words."""
    fit = fitted(values, takes)
    asked = {
        "text": any(values["prompts"][::2]),
        "chroma": fit["chroma/enable"] != values["chroma/enable"]
        and harmony(values, Transport(120.0)) is not None,
        "transport": fit["transport/enable"] != values["transport/enable"],
    }
    return [WORDS[kind] for kind, wanted in asked.items() if wanted and kind not in takes]


def build_conditions(values: Mapping[str, Values], transport: Transport, takes: Set[str] = ALL) -> Conditions:
    """Conditions for values by name (all of `CONDITIONING`) at a place in musical time.

    Args:
        takes: what the model can be conditioned on.

    Raises:
        ConditionError, GenerationError: a value that the table let through does not fit (a chord's name), or
            the model takes no such condition.
    """
    words = values["prompts"]
    pairs = zip(words[::2], words[1::2], strict=True)
    prompts = tuple(WeightedPrompt(str(text), float(weight)) for text, weight in pairs if float(weight) > 0)
    # built also when it is off, so that a chord that cannot be read is refused when it is set
    track = harmony(values, transport)
    if (track is not None or values["chroma/enable"][0]) and "chroma" not in takes:
        raise ConditionError("this model takes no harmony: leave key, chords and chroma off")
    if values["transport/enable"][0] and "transport" not in takes:
        raise ConditionError("this model takes no beat, its pulse is free: leave transport/enable off")
    if any(prompt.text for prompt in prompts) and "text" not in takes:
        raise ConditionError("this model takes no text: leave the prompt empty")
    return Conditions(
        prompts=prompts,
        chroma=track if values["chroma/enable"][0] else None,
        transport=transport if values["transport/enable"][0] else None,
        sampling=SamplingParams(
            temperature=float(values["temperature"][0]),
            top_k=int(values["top_k"][0]),
            top_p=float(values["top_p"][0]),
        ),
        cfg_coef=float(values["guidance"][0]),
    )


def harmony(values: Mapping[str, Values], transport: Transport) -> ChromaTrack | None:
    """What steers the harmony: what is played, else the phrase, the chords, the key's turn, the constant
    pitch classes, or None."""
    played = tuple(float(value) for value in values["melody"])
    if any(played):
        return ConstantChroma(played)
    phrase = read_phrase(str(values["phrase"][0]))
    if phrase is not None:
        return phrase_track(phrase, transport)
    chords = tuple(str(values["chords"][0]).split()) or key_chords(str(values["key"][0]))
    if chords:
        return ChordProgression(chords, transport)
    strengths = tuple(float(value) for value in values["chroma"])
    return ConstantChroma(strengths) if any(strengths) else None


def key_chords(key: str) -> tuple[str, ...]:
    """Four chords, one a bar, that establish a key such as ``'A minor'``: I V vi IV, or i VI III VII.

    Models of this kind learn harmony from the notes that sound together; all seven notes of a scale at once
    would be a cluster to them.
    """
    match = _KEY.fullmatch(key.strip())
    if match is None:
        return ()
    root = PITCH_NAMES.index(match[1].upper()) + {"": 0, "#": 1, "b": -1}[match[2].lower()]
    minor = match[3] == "m" or match[3].lower() in ("minor", "min")
    turn = MINOR_TURN if minor else MAJOR_TURN
    return tuple(PITCH_NAMES[(root + step) % 12] + quality for step, quality in turn)
