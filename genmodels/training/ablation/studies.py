"""The comparisons: what varies, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genmodels.training.ablation.corpus import OWN
from genmodels.training.ablation.report import Column
from genmodels.training.ablation.study import Outcome, Variant, run_study, untrained
from genmodels.training.config import load_config
from genmodels.training.train_codec import CodecTraining

CONFIGS = Path(__file__).parent.parent / "configs"

QUALITY = (
    Column("mel error", lambda o: f"{o.figures['mel']:.3f}"),
    Column("spectral convergence", lambda o: f"{o.figures['convergence']:.3f}"),
    Column("above 4 kHz, dB off", lambda o: f"{o.figures['high_db']:.2f}"),
    Column("flatness, dB off", lambda o: f"{o.figures['flatness_db']:.2f}"),
    Column("SI-SDR, dB", lambda o: f"{o.figures['si_sdr']:.1f}"),
)


@dataclass(frozen=True)
class Study:
    """A comparison.

    Attributes:
        about: what it compares, in a line.
        run: trains; takes folders of training and held-out pieces, and `key=value` overrides.
        columns: of its table.
        curves: validation figures to draw, with their titles.
        by_minutes: draw them over minutes instead of steps.
    """

    about: str
    run: Callable[[Path, Path, list[str]], list[Outcome]]
    columns: tuple[Column, ...]
    curves: tuple[tuple[str, str], ...]
    by_minutes: bool


def _config(name: str, folder: Path, corpora: tuple[Path, Path], overrides: list[str]) -> CodecTraining:
    fixed = [
        f"corpus={corpora[0]}",
        f"valid_corpus={corpora[1]}",
        f"folder={folder}",
        "device=cpu",
        "loop.clock=cpu",
    ]
    return load_config(CodecTraining, CONFIGS / name, [*fixed, *overrides])


WITHOUT_TONES = ["codec.tones=0", "codec.pitch_fft=0", "tonal_weight=0", "apart_weight=0"]


def discriminators(corpus: Path, held_out: Path, overrides: list[str]) -> list[Outcome]:
    """A trained codec's decoder goes on learning without an adversary, against each, and against all."""
    choices = {
        "none": "",
        "mpd": "mpd",
        "msd": "msd",
        "msstftd": "msstftd",
        "all": "mpd,msd,msstftd",
    }
    variants = [
        Variant(
            name,
            _config(
                "adversarial_codec.yaml",
                OWN / "discriminators" / name,
                (corpus, held_out),
                [*overrides, f"adversaries=[{chosen}]"],
            ),
        )
        for name, chosen in choices.items()
    ]
    return [untrained("start", variants[0].config), *run_study(variants)]


def codecs(corpus: Path, held_out: Path, overrides: list[str]) -> list[Outcome]:
    """A small causal SEANet and the bundled spectral codec, with an inverse STFT and with tones and noise,
    learn from nothing for equally long."""
    budget = [
        "loop.minutes=5", "loop.schedule=cosine", "loop.valid_every=100", "loop.warmup=50", "free_steps=200",
        "valid_items=16",
    ]  # fmt: skip
    own = {
        "seanet": ("seanet_codec.yaml", []),
        "inverse STFT": ("mini_codec.yaml", WITHOUT_TONES),
        "tones and noise": ("mini_codec.yaml", []),
    }
    return run_study(
        [
            Variant(
                name,
                _config(file, OWN / "codecs" / name, (corpus, held_out), [*budget, *settings, *overrides]),
            )
            for name, (file, settings) in own.items()
        ]
    )


STUDIES = {
    "discriminators": Study(
        "the bundled codec's decoder trained on without and with each discriminator",
        discriminators,
        (
            Column("against", lambda o: o.name),
            Column("discriminators, M parameters", lambda o: _or_dash(o, "adversary_parameters", "{:.2f}")),
            Column("s a step", lambda o: f"{o.seconds / o.steps:.2f}" if o.steps else ""),
            *QUALITY,
        ),
        (
            ("mel", "mel error"),
            ("convergence", "spectral convergence"),
            ("high_db", "energy above 4 kHz, dB off"),
            ("flatness_db", "spectral flatness, dB off"),
        ),
        False,
    ),
    "codecs": Study(
        "a small SEANet and the spectral codec, with and without tones, from nothing, for equal minutes",
        codecs,
        (
            Column("codec", lambda o: o.name),
            Column("M parameters", lambda o: f"{o.figures['parameters']:.1f}"),
            Column("steps", lambda o: str(o.steps)),
            Column("minutes", lambda o: f"{o.seconds / 60:.1f}"),
            *QUALITY,
            Column("tonal distance", lambda o: f"{o.figures['tonal']:.3f}"),
            Column("encode + decode, x real time", lambda o: f"{o.figures['speed']:.0f}"),
        ),
        (("mel", "mel error"), ("tonal", "tonal distance")),
        True,
    ),
}


def _or_dash(outcome: Outcome, name: str, form: str) -> str:
    return form.format(outcome.figures[name]) if outcome.figures.get(name) else ""
