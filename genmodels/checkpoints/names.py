"""The published models that load by name: what they are, what they need, and on what terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["musicgen", "audiogen", "codec"]

LM_FILE = "state_dict.bin"
"""AudioCraft's file of a language model and its conditioners."""

CODEC_FILE = "compression_state_dict.bin"
"""AudioCraft's file of a codec, or of the name of one."""

TRANSFORMERS_CONFIG = "config.json"
"""What tells a folder in Transformers' format."""

NON_COMMERCIAL = "CC-BY-NC 4.0 (non-commercial use only)"
_NOT_STATED = "none stated by its publisher (treat as non-commercial)"


@dataclass(frozen=True)
class PublishedModel:
    """A model that loads by its name.

    Args:
        name: hub id, or the name of what comes with this package.
        kind: which class plays it; 'codec' for `load_codec`.
        licence: of the weights.
        parameters: of the language model and its conditioners' own layers; of a codec all values of its file;
            None for what is here already.
        size: bytes to fetch, codec included, text encoder and the like (`needs`) not.
        sample_rate: samples a second.
        channels: 1 mono, 2 stereo.
        window: seconds of the longest window; None for a codec, and where the configuration says it.
        needs: other hub ids that are fetched when the model is first used.
        aliases: short names.
        layout: how its files are laid out.
    """

    name: str
    kind: Kind
    licence: str
    parameters: int | None
    size: int
    sample_rate: int
    channels: int = 1
    window: float | None = None
    needs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    layout: Literal["audiocraft", "transformers", "mini", "built in"] = "audiocraft"

    @property
    def files(self) -> tuple[str, ...]:
        """What is fetched from the hub."""
        if self.layout == "audiocraft":
            return LM_FILE, CODEC_FILE
        return (TRANSFORMERS_CONFIG, "model.safetensors") if self.layout == "transformers" else ()


_CODEC_32KHZ = 58_990_022 * 4


def _lm(name: str, parameters: int, *needs: str, alias: str = "", kind: Kind = "musicgen") -> PublishedModel:
    """A language model as AudioCraft publishes them: float16, with a float32 codec."""
    stereo = "stereo" in name
    return PublishedModel(
        name=f"facebook/{name}",
        kind=kind,
        licence=NON_COMMERCIAL,
        parameters=parameters,
        size=2 * parameters + _CODEC_32KHZ,
        sample_rate=16000 if kind == "audiogen" else 32000,
        channels=2 if stereo else 1,
        window=10.0 if kind == "audiogen" else 30.0,
        needs=needs,
        aliases=(alias,) if alias else (),
    )


def _codec(
    name: str, licence: str, parameters: int, sample_rate: int, channels: int = 1, alias: str = ""
) -> PublishedModel:
    return PublishedModel(
        name, "codec", licence, parameters, 4 * parameters, sample_rate, channels,
        aliases=(alias,) if alias else (), layout="transformers",
    )  # fmt: skip


def _own(name: str, licence: str, layout: Literal["mini", "built in"]) -> PublishedModel:
    return PublishedModel(name, "musicgen", licence, None, 0, 32000, layout=layout)


_T5 = "t5-base"

MODELS: tuple[PublishedModel, ...] = (
    _own("mini", "MIT (comes with this package)", "mini"),
    _own("debug", "MIT (random weights, for trying programs out)", "built in"),
    _lm("musicgen-small", 420_371_456, _T5, alias="small"),
    _lm("musicgen-medium", 1_838_737_920, _T5, alias="medium"),
    _lm("musicgen-large", 3_256_956_928, _T5, alias="large"),
    _lm("musicgen-melody", 1_385_625_600, _T5, alias="melody"),
    _lm("musicgen-melody-large", 2_451_480_576, _T5),
    _lm("musicgen-style", 1_411_969_536, _T5, "m-a-p/MERT-v1-95M", alias="style"),
    _lm("musicgen-stereo-small", 437_152_768, _T5),
    _lm("musicgen-stereo-medium", 1_863_909_888, _T5),
    _lm("musicgen-stereo-large", 3_290_519_552, _T5),
    _lm("musicgen-stereo-melody", 1_410_797_568, _T5),
    _lm("musicgen-stereo-melody-large", 2_485_043_200, _T5),
    _lm("audiogen-medium", 1_839_131_136, "t5-large", kind="audiogen"),
    _codec("facebook/encodec_32khz", NON_COMMERCIAL, 58_990_022, 32000),
    _codec("facebook/encodec_24khz", _NOT_STATED, 23_273_218, 24000),
    _codec("facebook/encodec_48khz", "MIT", 19_066_998, 48000, 2),
    _codec("descript/dac_44khz", "MIT", 76_620_777, 44100, alias="dac_44khz"),
    _codec("descript/dac_24khz", "MIT", 74_653_857, 24000, alias="dac_24khz"),
    _codec("descript/dac_16khz", "MIT", 74_141_697, 16000, alias="dac_16khz"),
)
"""Every model that has a name."""

_BY_NAME = {key: model for model in MODELS for key in (model.name, *model.aliases)}


def published(name: str) -> PublishedModel | None:
    """The model of a name or alias, or None. AudioCraft's prefix '//pretrained/' is accepted."""
    return _BY_NAME.get(name.removeprefix("//pretrained/"))
