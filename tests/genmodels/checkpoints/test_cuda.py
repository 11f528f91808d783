"""Codecs, whole models and loading on a GPU, against the same on the CPU.

The trainers take a GPU by themselves: the tests of `training` run on it where there is one.
"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from genmodels.codec.base import CompressionModel
from genmodels.codec.factory import build_codec
from genmodels.conditioning.recording import Recording
from genmodels.generate.audiogen import AudioGen
from genmodels.generate.musicgen import MusicGen
from tests.genmodels.checkpoints import audiocraft_writer as writer
from tests.genmodels.checkpoints.audiocraft_writer import CodecShape, LmShape

DEVICE = "cuda"

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")

SEANET = {"n_filters": 4, "dimension": 16, "ratios": [4, 2]}
DAC = {
    "encoder_hidden_size": 4, "decoder_hidden_size": 64, "hidden_size": 64, "downsampling_ratios": [4, 2],
    "upsampling_ratios": [2, 4], "n_codebooks": 4, "codebook_size": 64, "sampling_rate": 16000,
}  # fmt: skip
CODECS = {
    "non-causal EnCodec": {"kind": "encodec", "n_q": 4, "bins": 64, "seanet": SEANET},
    "causal EnCodec": {"kind": "encodec", "n_q": 4, "bins": 64, "seanet": {**SEANET, "causal": True}},
    "stereo": {"kind": "stereo", "inner": {"kind": "encodec", "n_q": 4, "bins": 64, "seanet": SEANET}},
    "spectral": {"kind": "spectral", "n_q": 4, "bins": 64, "encoder_dim": 16, "decoder_dim": 16},
    "DAC": {"kind": "dac", "config": DAC},
}


def pair(config: dict[str, object]) -> tuple[CompressionModel, CompressionModel]:
    """The same codec on the CPU and on the GPU."""
    torch.manual_seed(0)
    codec = build_codec(config).eval()
    return codec, copy.deepcopy(codec).to(DEVICE)


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_sounds_as_on_the_cpu_and_streamed_as_whole(name: str) -> None:
    slow, fast = pair(CODECS[name])
    codes = torch.randint(0, 64, (1, slow.total_codebooks, 30))
    with torch.no_grad():
        exact = slow.decode(codes)
        whole = fast.decode(codes.to(DEVICE))
        stream = fast.streaming_decoder()
        pushed = [stream.push(codes[..., i : i + 7].to(DEVICE)) for i in range(0, 30, 7)]
        streamed = torch.cat([*pushed, stream.flush()], -1)
    scale = float(exact.abs().max())
    torch.testing.assert_close(whole.cpu(), exact, atol=2e-3 * scale, rtol=0)
    torch.testing.assert_close(streamed, whole, atol=2e-3 * scale, rtol=0)


@pytest.mark.parametrize("name", CODECS)
def test_most_codes_are_those_of_the_cpu(name: str) -> None:
    """All but those that lie between two entries."""
    slow, fast = pair(CODECS[name])
    sound = 0.3 * torch.randn(1, slow.channels, 40 * slow.hop_length)
    with torch.no_grad():
        expected, found = slow.encode(sound)[0], fast.encode(sound.to(DEVICE))[0].cpu()
    assert (found == expected).float().mean() > 0.9


@pytest.mark.parametrize("wav", [None, "chroma_stem"])
def test_a_published_layout_generates_the_greedy_tokens_of_the_cpu(
    t5_folder: Path, tmp_path: Path, wav: str | None
) -> None:
    writer.write_model(tmp_path, LmShape(t5=str(t5_folder), wav=wav))
    melody = Recording(torch.randn(1, 32000).numpy(), 32000) if wav else None
    codes = []
    for device in ("cpu", DEVICE):
        model = MusicGen.get_pretrained(tmp_path, device, "fp32")
        model.set_generation_params(use_sampling=False, duration=0.5)
        sound, tokens = model.generate(["warm piano", None], return_tokens=True, recording=melody)
        assert sound.device.type == "cpu"
        assert sound.isfinite().all()
        codes.append(tokens)
    assert (codes[0] == codes[1]).float().mean() > 0.9


def test_audiogen_in_half_precision_continues_sound(t5_folder: Path, tmp_path: Path) -> None:
    shape = LmShape(t5=str(t5_folder), solver="audiogen", segment_duration=10)
    writer.write_model(tmp_path, shape, CodecShape(ratios=(8, 5, 4, 2), sample_rate=16000))
    model = AudioGen.get_pretrained(tmp_path, DEVICE)
    model.set_generation_params(duration=0.6)
    prompt = 0.1 * torch.randn(1, model.sample_rate // 5)
    first = model.generate_continuation(prompt, model.sample_rate, ["rain"], seed=3)
    again = model.generate_continuation(prompt, model.sample_rate, ["rain"], seed=3)
    assert torch.equal(first, again)
