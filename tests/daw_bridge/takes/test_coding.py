from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import TakeError
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.track import PhraseChroma
from daw_bridge.takes.coding import (
    Array,
    array_name,
    decode_array,
    decode_tokens,
    decode_value,
    encode_array,
    encode_tokens,
    encode_value,
)
from genmodels.conditioning.attributes import Conditions, WeightedPrompt, WeightGlide
from genmodels.conditioning.harmony import ChordProgression, ConstantChroma, RecordedChroma
from genmodels.conditioning.timing import Transport
from genmodels.lm.sampling import SamplingParams

reals = st.floats(allow_nan=False, allow_infinity=False)
transports = st.builds(
    Transport,
    bpm=st.floats(20, 400),
    beats_per_bar=st.integers(1, 16),
    beat=reals,
    frame=st.integers(0, 10**7),
    frame_rate=st.sampled_from([25.0, 50.0, 75.0]),
)
phrases = st.just(Phrase((Note(60, 0.5, 1.25), Note(127, 3.9999, 4.0, 1)), 4.0))
conditions = st.builds(
    Conditions,
    prompts=st.lists(
        st.builds(WeightedPrompt, st.text(), st.floats(1e-6, 100)), max_size=4
    ).map(tuple),
    chroma=st.none()
    | st.builds(PhraseChroma, phrases, transports)
    | st.builds(ConstantChroma, st.tuples(*[st.floats(0, 1)] * 12))
    | st.builds(ChordProgression, st.just(("Am", "F", "C7")), transports),
    transport=st.none() | transports,
    sampling=st.builds(SamplingParams, temperature=st.floats(0, 2), top_k=st.integers(0, 2048)),
    cfg_coef=st.floats(0, 10),
)  # fmt: skip


def through_json(value: object) -> object:
    arrays: dict[str, Array] = {}

    def keep(array: Array) -> str:
        name = array_name(array)
        arrays[name] = decode_array(json.loads(json.dumps(encode_array(array))))
        return name

    return decode_value(json.loads(json.dumps(encode_value(value, keep))), arrays)


@given(conditions)
def test_conditions_come_back_to_the_last_bit(value: Conditions) -> None:
    assert through_json(value) == value


def test_a_glide_of_weights_comes_back_to_the_last_bit() -> None:
    prompts = (WeightedPrompt("a", 1 / 3), WeightedPrompt("b", 2 / 3))
    value = Conditions(prompts, glide=WeightGlide((0.1, 0.7), 17.3, 117.9))
    assert through_json(value) == value


def test_recorded_chroma_keeps_its_numbers() -> None:
    values = np.random.default_rng(0).random((70, 12), dtype=np.float32)
    back = through_json(Conditions(chroma=RecordedChroma(values, 17)))
    assert isinstance(back, Conditions)
    assert isinstance(back.chroma, RecordedChroma)
    assert back.chroma.start == 17
    assert back.chroma.values.dtype == np.float32
    assert np.array_equal(back.chroma.values, values)


def test_a_recording_keeps_its_numbers() -> None:
    from genmodels.conditioning.recording import Recording

    assert "recording" in {field.name for field in fields(Conditions)}
    wav = np.random.default_rng(0).random((2, 3000), dtype=np.float32)
    value = Conditions(recording=Recording(wav, 32000))
    assert through_json(value) == value


@given(st.integers(1, 9), st.integers(0, 40))
def test_tokens_come_back(codebooks: int, frames: int) -> None:
    tokens = np.random.default_rng(frames).integers(-1, 2048, (codebooks, frames)).astype(np.int16)
    assert np.array_equal(decode_tokens(json.loads(json.dumps(encode_tokens(tokens)))), tokens)


def test_equal_arrays_have_one_name_and_others_another() -> None:
    array = np.arange(6, dtype=np.int16)
    names = {array_name(a) for a in (array, array.reshape(2, 3), array.astype(np.int32), array + 1)}
    assert len(names) == 4
    assert array_name(array.copy()) == array_name(array)


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        encode_value(object(), array_name)
    with pytest.raises(TakeError, match="Popen"):
        decode_value({"is": "Popen", "args": "true"}, {})
    with pytest.raises(TakeError, match="does not fit"):
        decode_value({"is": "Conditions", "colour": 3}, {})
    with pytest.raises(TakeError, match="lacks array"):
        decode_value({"array": "00"}, {})
