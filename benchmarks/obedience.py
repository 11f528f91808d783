"""Whether the bundled model does what it is asked: keeps the asked beat, plays drums when asked for drums."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.results import Figure, Outcome
from daw_bridge.audio.analysis import brightness, grid_agreement
from genmodels.conditioning.attributes import Transport
from genmodels.generate.musicgen import MusicGen

Samples = npt.NDArray[np.float32]

RATE = 32000
RHYTHMIC = ("house beat", "techno", "rock with drums and electric guitar", "funk", "drums only")
TEMPOS = (80.0, 100.0, 124.0, 150.0)
DRUMS = ("drums only", "drum loop", "drum beat, no melody")
PIANO = ("solo piano", "piano alone, calm", "unaccompanied piano, no drums")


def obedience(seconds: float, seeds: int) -> Outcome:
    """Beat agreement with the asked tempo, and with a tempo a tenth off as the floor; and how well a single
    number, the share of energy above 5 kHz, separates drums from piano (area under the ROC curve)."""
    model = MusicGen.get_pretrained("mini")
    model.set_generation_params(duration=seconds)
    asked, wrong = [], []
    for prompt, bpm in product(RHYTHMIC, TEMPOS):
        for seed in range(seeds):
            sound = _clip(model, prompt, bpm, seed)
            asked.append(_f_measure(sound, bpm))
            wrong.append(_f_measure(sound, bpm * 1.1))
    drums, piano = (
        [brightness(_clip(model, p, 110, s), RATE) for p in prompts for s in range(2 * seeds)]
        for prompts in (DRUMS, PIANO)
    )
    note = f"{len(asked)} clips of {seconds:g} s, {TEMPOS[0]:g} to {TEMPOS[-1]:g} BPM"
    return Outcome(
        "obedience",
        [
            Figure("beat F-measure, +-50 ms", float(np.mean(asked)), "", note=note),
            Figure("the same against a grid 10 % faster", float(np.mean(wrong)), "", note="floor"),
            Figure("drums told from piano, AUC", _auc(drums, piano), "", note=f"{len(drums)} clips of each"),
        ],
    )


def _clip(model: MusicGen, prompt: str, bpm: float, seed: int) -> Samples:
    sound = model.generate([prompt], seed=seed, transport=Transport(bpm))
    assert isinstance(sound, torch.Tensor)
    samples: Samples = sound[0, 0].numpy()
    return samples


def _f_measure(sound: Samples, bpm: float) -> float:
    return grid_agreement(sound, RATE, np.arange(0, len(sound) / RATE, 60 / bpm)).f_measure


def _auc(high: list[float], low: list[float]) -> float:
    """Chance that an element of `high` is greater than one of `low`."""
    pairs = [(a > b) + 0.5 * (a == b) for a in high for b in low]
    return float(np.mean(pairs))
