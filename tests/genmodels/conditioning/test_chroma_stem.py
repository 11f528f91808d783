from __future__ import annotations

import gc
import sys
import warnings
import weakref
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from genmodels.conditioning import stems
from genmodels.conditioning.attributes import Recording
from genmodels.conditioning.chroma_stem import ChromaStemConditioner
from genmodels.conditioning.excerpt import Span, excerpt
from genmodels.errors import CheckpointError, ConditionError, ConfigError

RATE = 32000


def tone(*frequencies: float, seconds: float = 2.0, rate: int = RATE) -> Recording:
    time = np.arange(int(seconds * rate)) / rate
    wav = sum(np.sin(2 * np.pi * frequency * time) for frequency in frequencies)
    return Recording(np.asarray(wav, dtype=np.float32)[None] * 0.2, rate)


@pytest.fixture
def fresh_stems() -> Iterator[None]:
    """Without what other tests have separated, or said."""
    caches = (stems.melody_of, stems._say_mix)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def demucs(monkeypatch: pytest.MonkeyPatch, fresh_stems: None) -> list[dict[str, object]]:
    """A separator after the optional package's fashion: its stems are the halves of the spectrum."""
    calls: list[dict[str, object]] = []

    class Model:
        sources = ("drums", "bass", "other", "vocals")
        samplerate = 44100
        audio_channels = 2

        def eval(self) -> Model:
            return self

    def apply_model(model: Model, wav: torch.Tensor, **options: object) -> torch.Tensor:
        calls.append({"shape": tuple(wav.shape), **options})
        spectrum = torch.fft.rfft(wav)
        low, high = spectrum.clone(), spectrum.clone()
        half = int(300 * wav.shape[-1] / model.samplerate)
        low[..., half:] = 0
        high[..., :half] = 0
        parts = [torch.fft.irfft(part, n=wav.shape[-1]) for part in (low, high)]
        silent = torch.zeros_like(wav)
        return torch.stack([silent, parts[0], parts[1], silent], 1)

    modules = {
        "demucs": ModuleType("demucs"),
        "demucs.pretrained": SimpleNamespace(get_model=lambda name: Model()),
        "demucs.apply": SimpleNamespace(apply_model=apply_model),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    monkeypatch.setattr(stems, "stems_available", lambda: True)
    monkeypatch.setattr("genmodels.conditioning.chroma_stem.stems_available", lambda: True)
    return calls


def strongest(conditioner: ChromaStemConditioner, recording: Recording) -> int:
    wav = conditioner.prepare([recording])["wav"][0]
    return int(conditioner.features(wav).sum(0).argmax())


@pytest.mark.parametrize(("frequency", "pitch_class"), [(261.63, 0), (440.0, 9), (493.88, 11), (1108.7, 1)])
def test_the_pitch_class_of_a_tone_is_found(frequency: float, pitch_class: int) -> None:
    conditioner = ChromaStemConditioner(8, stems="mix")
    assert strongest(conditioner, tone(frequency)) == pitch_class
    assert strongest(conditioner, tone(frequency, rate=44100)) == pitch_class


def test_conditions_have_the_length_of_training_and_an_absent_one_is_the_first_class() -> None:
    conditioner = ChromaStemConditioner(8, stems="mix")
    assert conditioner.chroma_len == 235
    recordings = [tone(440.0), tone(440.0, seconds=31.0), None]
    values, mask = conditioner(conditioner.prepare(recordings))
    assert values.shape == (3, 235, 8)
    assert mask.all()
    first = conditioner.output_proj.weight[:, 0] + conditioner.output_proj.bias
    torch.testing.assert_close(values[2], first.expand(235, 8))
    torch.testing.assert_close(values[0, :17], values[0, 17:34])


def test_without_matched_lengths_conditions_are_masked_and_an_absent_one_is_zero() -> None:
    conditioner = ChromaStemConditioner(8, stems="mix", match_len_on_eval=False)
    recordings = [tone(440.0), None, tone(440.0, seconds=1.0)]
    values, mask = conditioner(conditioner.prepare(recordings))
    assert mask.sum(-1).tolist() == [2 * RATE // 4096 + 1, 0, RATE // 4096 + 1]
    assert not values[~mask].any()
    alone, _ = conditioner(conditioner.prepare(recordings[2:]))
    torch.testing.assert_close(values[2:, : alone.shape[1]], alone)


def test_all_classes_can_be_kept() -> None:
    conditioner = ChromaStemConditioner(8, stems="mix", argmax=False)
    chroma = conditioner.features(torch.from_numpy(tone(440.0, 523.25).wav[0].copy()))
    assert chroma.amax(-1).allclose(torch.ones(len(chroma)))
    assert chroma[5].topk(2).indices.sort().values.tolist() == [0, 9]


def test_the_state_has_the_published_names() -> None:
    state = ChromaStemConditioner(8, stems="mix").state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "output_proj.weight": (8, 12), "output_proj.bias": (8,), "chroma.spec.window": (16384,)
    }  # fmt: skip


def test_drums_and_bass_are_separated_off(demucs: list[dict[str, object]]) -> None:
    mixed = tone(110.0, 110.0, 110.0, 659.26)
    assert strongest(ChromaStemConditioner(8, stems="mix"), mixed) == 9
    conditioner = ChromaStemConditioner(8, stems="demucs")
    assert strongest(conditioner, mixed) == 4
    strongest(conditioner, mixed)
    # once for the whole recording, and without the random shift
    assert demucs == [{"shape": (1, 2, 88200), "shifts": 0, "device": "cpu"}]


def test_the_separator_goes_with_the_last_model_that_uses_it(demucs: list[dict[str, object]]) -> None:
    first, second = ChromaStemConditioner(8), ChromaStemConditioner(8)
    for conditioner in (first, second):
        conditioner.prepare([tone(440.0)])
    held = weakref.ref(stems.separator())
    assert first.state_dict().keys() == {"output_proj.weight", "output_proj.bias", "chroma.spec.window"}
    del first, conditioner
    gc.collect()
    assert held() is not None
    del second
    gc.collect()
    assert held() is None


def test_a_separator_without_weights_says_what_to_do(
    demucs: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(name: str) -> object:
        raise OSError("no route to host")

    monkeypatch.setattr(sys.modules["demucs.pretrained"], "get_model", offline)
    with pytest.raises(CheckpointError, match="'htdemucs' cannot be loaded: no route to host"):
        ChromaStemConditioner(8).prepare([tone(440.0)])


def test_the_full_mix_is_used_and_said_once_where_nothing_separates(
    fresh_stems: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stems, "stems_available", lambda: False)
    conditioner = ChromaStemConditioner(8)
    with pytest.warns(UserWarning, match="demucs is not installed"):
        assert strongest(conditioner, tone(440.0)) == 9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert strongest(conditioner, tone(493.88)) == 11
        strongest(ChromaStemConditioner(8, stems="mix"), tone(440.0))
    monkeypatch.setattr("genmodels.conditioning.chroma_stem.stems_available", lambda: False)
    with pytest.raises(ConfigError, match="not installed"):
        ChromaStemConditioner(8, stems="demucs")
    with pytest.raises(ConfigError, match="stems is 'all'"):
        ChromaStemConditioner(8, stems="all")  # type: ignore[arg-type]


def test_an_excerpt_goes_round_the_recording() -> None:
    recording = Recording(np.arange(10, dtype=np.float32)[None], 10)
    assert excerpt(recording, None).tolist() == list(range(10))
    assert excerpt(recording, Span(0.25, 0.5)).tolist() == [2, 3, 4, 5, 6]
    assert excerpt(recording, Span(0.8, 1.3)).tolist() == [8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert excerpt(recording, Span(17.2, 0.2)).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("wav", "rate", "message"),
    [
        (np.zeros(4), 8000, r"shape \(4,\)"),
        (np.zeros((1, 0)), 8000, r"shape \(1, 0\)"),
        (np.full((1, 4), np.nan), 8000, "not finite"),
        (np.zeros((1, 4)), 0, "sample_rate is 0"),
    ],
)
def test_what_is_no_recording_is_refused(wav: np.ndarray, rate: int, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        Recording(wav, rate)
