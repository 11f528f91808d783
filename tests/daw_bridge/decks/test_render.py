import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.decks.protocol import RenderRequest
from daw_bridge.decks.render import render_clip
from daw_bridge.errors import ClipError, EngineError, ModelError
from tests.daw_bridge.fake_model import LOADER


def request(out: Path, **options: object) -> RenderRequest:
    chosen: dict[str, object] = {"prompts": (("400", 1.0),), "bars": 3, "tempo": 92.0, "model": "fake"}
    return RenderRequest(out=out, **{**chosen, **options})  # type: ignore[arg-type]


def test_a_clip_is_bar_exact_at_any_rate_and_carries_its_facts(tmp_path: Path) -> None:
    shares: list[float] = []
    out = tmp_path / "clip.wav"
    assert render_clip(request(out, sample_rate=44100, seed=9), shares.append, LOADER) == out
    info = soundfile.info(out)
    assert info.frames == round(3 * 4 * 60 / 92 * 44100)
    assert (info.samplerate, info.channels, info.subtype) == (44100, 1, "PCM_24")
    samples, _ = soundfile.read(out)
    expected = 0.5 * np.sin(2 * np.pi * 400 * np.arange(info.frames) / 44100)
    assert np.abs(samples[200:-200] - expected[200:-200]).max() < 1e-3
    assert samples[-1] == 0.0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    facts = json.loads(out.with_suffix(".json").read_text())
    assert (facts["seed"], facts["samples"], facts["tempo"]) == (9, info.frames, 92.0)
    assert {path.name for path in tmp_path.iterdir()} == {"clip.wav", "clip.json"}


def test_failures_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="absent"):
        render_clip(request(tmp_path / "a.wav", model="fake:absent"), None, LOADER)
    with pytest.raises(ModelError, match="precision 'half' is not for sines"):
        render_clip(request(tmp_path / "a.wav", precision="half"), None, LOADER)
    with pytest.raises(EngineError, match="told to fail"):
        render_clip(request(tmp_path / "a.wav", model="fake:fail=50"), None, LOADER)
    with pytest.raises(ClipError, match="no folder"):
        render_clip(request(tmp_path / "no" / "a.wav"), None, LOADER)
    assert not list(tmp_path.iterdir())
