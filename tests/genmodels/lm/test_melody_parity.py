"""Our melody models against Transformers' independent implementation of MusicGen-melody, on the same random
weights and the same sounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import (
    EncodecConfig,
    MusicgenMelodyConfig,
    MusicgenMelodyDecoderConfig,
    MusicgenMelodyFeatureExtractor,
    MusicgenMelodyForConditionalGeneration,
    T5Config,
)

from genmodels.conditioning.attributes import ConditioningAttributes, Recording
from genmodels.conditioning.chroma_stem import ChromaStemConditioner, chroma_filters
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import ConditionProvider
from genmodels.lm.model import LMModel
from genmodels.lm.patterns import DelayedPatternProvider
from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.render import RenderError, find_fluidsynth, find_soundfont, render
from tests.genmodels.lm.musicgen_twin import SharedT5, enliven, our_state, tokens

RATE = 32000
CARD = 32
CHROMA_LEN = 24
TEXT = "a warm piano over soft strings"


def no_renderer() -> str:
    try:
        find_fluidsynth()
        find_soundfont()
    except RenderError as error:
        return str(error)
    return ""


def melody(seconds: float, seed: int = 0) -> np.ndarray:
    """Three voices with overtones over soft noise, new notes three times a second."""
    generator = np.random.default_rng(seed)
    samples = int(seconds * RATE)
    sound = 0.01 * generator.standard_normal(samples)
    for voice in range(3):
        notes = np.repeat(generator.integers(48, 76, samples // 10000 + 1), 10000)[:samples]
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((notes - 69) / 12)) / RATE
        sound += sum(np.sin(k * phase) / k**2 for k in range(1, 5)) / (voice + 3)
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def theirs() -> MusicgenMelodyForConditionalGeneration:
    torch.manual_seed(0)
    config = MusicgenMelodyConfig(
        text_encoder=T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2),
        audio_encoder=EncodecConfig(
            num_filters=2, hidden_size=8, codebook_dim=8, codebook_size=CARD, upsampling_ratios=[2, 2]
        ),
        decoder=MusicgenMelodyDecoderConfig(
            vocab_size=CARD, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=128,
            num_codebooks=4, activation_function="gelu", pad_token_id=CARD, bos_token_id=CARD, dropout=0.0,
        ),
        num_chroma=12,
        chroma_length=CHROMA_LEN,
    )  # fmt: skip
    model = MusicgenMelodyForConditionalGeneration(config).eval()
    enliven(model)
    model.generation_config.pad_token_id = CARD
    model.generation_config.decoder_start_token_id = CARD
    return model


@pytest.fixture(scope="module")
def ours(theirs: MusicgenMelodyForConditionalGeneration) -> LMModel:
    # 23 hops of 4096 samples and the frame at the end
    chroma = ChromaStemConditioner(32, duration=23.5 * 4096 / RATE, stems="mix")
    assert chroma.chroma_len == CHROMA_LEN
    chroma.output_proj = theirs.audio_enc_to_dec_proj
    lm = LMModel(
        4, CARD, 32, 4, 2, 4, DelayedPatternProvider(4, (0, 1, 2, 3)),
        ConditionProvider({"description": SharedT5(theirs), "self_wav": chroma}),
        ConditionFuser({"prepend": ["self_wav", "description"]}),
    )  # fmt: skip
    missing, unexpected = lm.load_state_dict(our_state(theirs.decoder), strict=False)
    assert not unexpected
    assert all(name.startswith("condition_provider.") for name in missing)
    return lm.eval()


def asked(sound: np.ndarray | None, text: str | None = TEXT) -> ConditioningAttributes:
    wav = None if sound is None else Recording(sound[None], RATE)
    return ConditioningAttributes({"description": text}, wav={"self_wav": wav})


def their_features(sound: np.ndarray | None) -> dict[str, Tensor]:
    if sound is None:
        return {}
    extracted = MusicgenMelodyFeatureExtractor()(sound, sampling_rate=RATE, return_tensors="pt")
    return {"input_features": extracted["input_features"]}


def their_codes(
    model: MusicgenMelodyForConditionalGeneration,
    sound: np.ndarray | None,
    frames: int,
    guidance: float | None,
) -> Tensor:
    heard: list[Tensor] = []

    class Silent:
        audio_values = torch.zeros(1, 1, 1)

    def decode(codes: Tensor, audio_scales: object) -> Silent:
        heard.append(codes[0])
        return Silent()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.audio_encoder, "decode", decode)
        model.generate(
            **tokens([TEXT]), **their_features(sound), do_sample=False, guidance_scale=guidance,
            max_length=frames + 4,
        )  # fmt: skip
    return heard[0]


@pytest.mark.parametrize("seconds", [None, 1.1, 5.0], ids=["absent", "shorter", "longer"])
def test_logits_equal_those_of_transformers(
    theirs: MusicgenMelodyForConditionalGeneration, ours: LMModel, seconds: float | None
) -> None:
    sound = None if seconds is None else melody(seconds)
    sequence = torch.randint(0, CARD + 1, (1, 4, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(**tokens([TEXT]), **their_features(sound), decoder_input_ids=sequence[0]).logits
        got = ours(sequence, [asked(sound)])
    # theirs has predictions of the positions in front as well
    expected = expected.view(1, 4, -1, CARD)[:, :, -40:]
    assert got.std() > 0.5
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("guidance", [None, 3.0])
@pytest.mark.parametrize("seconds", [None, 5.0], ids=["text", "text and melody"])
def test_greedy_tokens_are_those_of_transformers_over_a_whole_generation(
    theirs: MusicgenMelodyForConditionalGeneration,
    ours: LMModel,
    seconds: float | None,
    guidance: float | None,
) -> None:
    sound = None if seconds is None else melody(seconds)
    got = ours.generate(
        None, [asked(sound)], max_gen_len=150, use_sampling=False, cfg_coef=guidance or 1.0
    )  # fmt: skip
    assert torch.equal(got, their_codes(theirs, sound, 150, guidance))
    assert len(got.unique()) > CARD // 4
    if sound is not None:
        other = ours.generate(None, [asked(None)], max_gen_len=150, use_sampling=False)
        assert not torch.equal(got, other)


@pytest.mark.parametrize("seconds", [0.3, 2.0, 7.3])
def test_chroma_equals_that_of_transformers(seconds: float) -> None:
    sound = melody(seconds, seed=2)
    conditioner = ChromaStemConditioner(8, stems="mix", match_len_on_eval=False)
    ours = conditioner.features(torch.from_numpy(sound))
    expected = their_features(sound)["input_features"][0]
    assert torch.equal(ours, expected)
    assert seconds < 1 or len(ours.argmax(-1).unique()) > 2
    repeated = ChromaStemConditioner(8, stems="mix", duration=5.0).features(torch.from_numpy(sound))
    places = torch.arange(5 * RATE // 4096 + 1) % len(expected)
    assert torch.equal(repeated, expected[places])


@pytest.mark.skipif(bool(no_renderer()), reason=no_renderer() or "present")
@pytest.mark.parametrize("seed", [1, 4])
def test_chroma_of_played_music_equals_that_of_transformers(seed: int) -> None:
    sound = render(compose(seed))[: 20 * RATE]
    ours = ChromaStemConditioner(8, stems="mix", match_len_on_eval=False).features(torch.from_numpy(sound))
    assert torch.equal(ours, their_features(sound)["input_features"][0])
    assert len(ours.argmax(-1).unique()) > 2


def test_filters_equal_those_of_transformers() -> None:
    from transformers.audio_utils import chroma_filter_bank

    expected = chroma_filter_bank(num_frequency_bins=16384, num_chroma=12, sampling_rate=RATE)
    np.testing.assert_allclose(chroma_filters(RATE, 16384).numpy(), expected, atol=1e-6)
