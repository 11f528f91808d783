"""Generation with decoding: the stream that the daemon plays, times real time."""

from __future__ import annotations

import tempfile
import time

import torch

from benchmarks.results import Figure, Outcome
from benchmarks.settings import CONDITIONS, config
from genmodels.checkpoints.builders import build_codec, build_lm
from genmodels.checkpoints.bundled import BUNDLED, save_mini
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Precision


def realtime(seconds: float, threads: int = 1) -> Outcome:
    """Seconds of music a second of the stream that the daemon plays: guidance, sampling, decoding."""
    figures = [_realtime(seconds, threads, "cpu", "auto")]
    if torch.cuda.is_available():
        figures.append(_realtime(seconds, threads, "cuda", "auto"))
    return Outcome("realtime", figures)


def _realtime(seconds: float, threads: int, device: str, precision: Precision) -> Figure:
    torch.set_num_threads(threads)
    model, what = bundled_model(device, precision)
    stream = Continuation(model, CONDITIONS, 1)
    frames = round(seconds * stream.frame_rate)
    stream.advance(25)
    warm = stream.pcm_frame
    begun = time.perf_counter()
    for frame in range(50, 25 + frames + 1, 25):
        stream.advance(frame)
    took = time.perf_counter() - begun
    music = (stream.pcm_frame - warm) / stream.frame_rate
    target = 2.0 if device == "cpu" else None
    note = f"{music:.0f} s of music, {what}, {threads} thread" + ("s" if threads > 1 else "")
    return Figure(
        f"generation and decoding, {device}", music / took, "x real time", at_least=target, note=note
    )


def bundled_model(device: str, precision: Precision) -> tuple[MusicGen, str]:
    """The bundled model and a word for it; before it is trained, one of its geometry with random weights."""
    if (BUNDLED / "lm.safetensors").is_file():
        return MusicGen.get_pretrained("mini", device, precision), "mini"
    codec, lm = config("mini_codec"), config("mini_lm")
    with tempfile.TemporaryDirectory() as folder:
        save_mini(
            folder,
            build_codec(codec["codec"]),
            build_lm(lm["lm"]),
            {"codec": codec["codec"], "lm": lm["lm"]},
            {},
        )
        return MusicGen.get_pretrained(folder, device, precision), "random weights"
