import numpy as np
import pytest

from daw_bridge.decks.conditions import build_conditions, default_values, key_chords
from daw_bridge.melody.track import PhraseChroma
from genmodels.conditioning.harmony import ConstantChroma
from genmodels.conditioning.timing import Transport
from genmodels.errors import ConditionError

TRANSPORT = Transport(92.0)


def test_the_tables_defaults_make_plain_conditions() -> None:
    conditions = build_conditions(default_values(), TRANSPORT)
    assert [p.text for p in conditions.prompts] == [""]
    assert conditions.chroma is None
    assert conditions.transport == TRANSPORT
    assert conditions.cfg_coef == 3.0


def test_prompts_without_weight_are_left_out() -> None:
    values = default_values() | {"prompts": ("piano", 0.7, "drums", 0.0, "bass", 0.3)}
    assert [(p.text, p.weight) for p in build_conditions(values, TRANSPORT).prompts] == [
        ("piano", 0.7),
        ("bass", 0.3),
    ]


def test_chords_overrule_the_key_and_the_key_overrules_the_pitch_classes() -> None:
    values = default_values() | {"chroma": (1.0,) + (0.0,) * 11}
    first = np.array([0])
    c_alone = build_conditions(values, TRANSPORT).chroma
    assert c_alone is not None
    assert c_alone.at(first)[0].nonzero()[0].tolist() == [0]
    values["key"] = ("A minor",)
    in_key = build_conditions(values, TRANSPORT).chroma
    assert in_key is not None
    assert in_key.at(first)[0].nonzero()[0].tolist() == [0, 4, 9]
    values["chords"] = ("F G",)
    chords = build_conditions(values, TRANSPORT).chroma
    assert chords is not None
    assert chords.at(first)[0].nonzero()[0].tolist() == [0, 5, 9]
    values["chroma/enable"] = (False,)
    assert build_conditions(values, TRANSPORT).chroma is None


@pytest.mark.parametrize(
    ("key", "chords"),
    [
        ("C major", ("C", "G", "Am", "F")),
        ("a minor", ("Am", "F", "C", "G")),
        ("Eb", ("D#", "A#", "Cm", "G#")),
        ("EB major", ("D#", "A#", "Cm", "G#")),
        ("F#m", ("F#m", "D", "A", "E")),
        ("", ()),
    ],
)
def test_a_key_is_established_by_four_chords(key: str, chords: tuple[str, ...]) -> None:
    assert key_chords(key) == chords


def test_a_chord_that_the_model_cannot_read_is_refused() -> None:
    with pytest.raises(ConditionError, match="Hx"):
        build_conditions(default_values() | {"chords": ("Am Hx",)}, TRANSPORT)


def test_what_is_played_overrules_the_phrase_and_the_phrase_all_other_harmony() -> None:
    values = default_values() | {"chords": ("Am",), "phrase": ("4 C4@0+1",)}
    phrase = build_conditions(values, TRANSPORT).chroma
    assert isinstance(phrase, PhraseChroma)
    assert phrase.transport == TRANSPORT
    played = (0.0,) * 7 + (0.8,) + (0.0,) * 4
    assert build_conditions(values | {"melody": played}, TRANSPORT).chroma == ConstantChroma(played)
    off = values | {"melody": played, "chroma/enable": (False,)}
    assert build_conditions(off, TRANSPORT).chroma is None
