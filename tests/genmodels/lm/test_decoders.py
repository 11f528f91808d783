"""Every decoder with every kind of model that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import ConditionProvider
from genmodels.errors import ConfigError
from genmodels.lm.decoder import Decoder, ModuleDecoder, make_decoder
from genmodels.lm.half import half_transformer, halve_layers, settle_layers, suitable_dtype
from genmodels.lm.int8 import Int8Decoder
from genmodels.lm.model import LMModel
from genmodels.lm.native import NativeDecoder
from genmodels.lm.patterns import (
    CoarseFirstPattern,
    CodebooksPatternProvider,
    DelayedPatternProvider,
    MusicLMPattern,
    UnrolledPatternProvider,
)
from genmodels.lm.two_step import TwoStepDecoder
from tests.genmodels.lm.musicgen_twin import GivenTensors
from tests.genmodels.tiny import CARD

STEREO = DelayedPatternProvider(8, [0, 0, 1, 1, 2, 2, 3, 3])
TEXTS = {"piano": 3, "a long description": 7}
DECODERS = ["fp32", "half", "int8", "native", "two steps", "two steps native"]


def model(fused: str, provider: CodebooksPatternProvider, attend_padding: bool = False) -> LMModel:
    """A model whose texts are given vectors, one each where they are added to the input."""
    torch.manual_seed(0)
    same = {"sum": 1, "prepend": 5}
    known = {text: 2 * torch.randn(same.get(fused, length), 64) for text, length in TEXTS.items()}
    lm = LMModel(
        provider.n_q, CARD, 64, 2, 2, 2, provider, ConditionProvider({"description": GivenTensors(known)}),
        ConditionFuser({fused: ["description"]}), attend_padding=attend_padding,
    ).eval()  # fmt: skip
    with torch.no_grad():
        for head in lm.linears:
            head.weight.mul_(20)
    return lm


def decoder_of(lm: LMModel, kind: str) -> Decoder:
    if kind.startswith("two steps"):
        return TwoStepDecoder(decoder_of(lm, "native" if kind.endswith("native") else "fp32"))
    decoder = make_decoder(lm, kind)  # type: ignore[arg-type]
    types = {"int8": Int8Decoder, "native": NativeDecoder}
    assert type(decoder) is types.get(kind, ModuleDecoder)
    return decoder


def asked(*texts: str) -> list[ConditioningAttributes]:
    return [ConditioningAttributes({"description": text}) for text in texts]


def regret(lm: LMModel, codes: torch.Tensor, items: list[ConditioningAttributes]) -> float:
    """How far the exact logits of the chosen tokens are below the highest ones, at most, in standard
    deviations."""
    both = lm.encode_conditions([*items, *(item.null() for item in items)])
    out = lm.compute_predictions(codes.repeat(2, 1, 1), both)
    cond, null = out.logits.chunk(2)
    guided = null + 3.0 * (cond - null)
    chosen = guided.gather(-1, codes[..., None])[..., 0]
    behind = (guided.amax(-1) - chosen)[out.mask[: len(items)]]
    return float(behind.max() / guided.std())


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("fused", ["cross", "prepend", "sum"])
@pytest.mark.parametrize(
    "provider",
    [STEREO, MusicLMPattern(4), CoarseFirstPattern(3, [0, 1]), UnrolledPatternProvider(4, [0, 1, 1, 2])],
    ids=["stereo", "musiclm", "coarse first", "unrolled"],
)
def test_greedy_tokens_are_the_likeliest_of_the_exact_model(
    kind: str, fused: str, provider: CodebooksPatternProvider, native_library: Path
) -> None:
    lm = model(fused, provider)
    items = asked(*TEXTS)
    with torch.no_grad():
        codes = lm.generate(None, items, max_gen_len=16, use_sampling=False, decoder=decoder_of(lm, kind))
        exact = kind in ("fp32", "two steps")
        assert regret(lm, codes, items) < (1e-4 if exact else 0.2)
        other = lm.generate(None, asked("piano", "piano"), max_gen_len=16, use_sampling=False)
    assert not torch.equal(codes[1], other[1])


@pytest.mark.parametrize("kind", DECODERS)
def test_padding_is_attended_by_every_decoder_if_the_model_asks_for_it(
    kind: str, native_library: Path
) -> None:
    hidden, attended = (model("cross", STEREO, attend) for attend in (False, True))
    for lm, same in ((hidden, True), (attended, False)):
        decoder = decoder_of(lm, kind)
        alone, beside = (
            lm.generate(None, asked(*texts), max_gen_len=30, use_sampling=False, decoder=decoder)[0]
            for texts in (["piano"], list(TEXTS))
        )
        assert torch.equal(alone, beside) == same


@pytest.mark.parametrize("kind", DECODERS)
def test_caches_with_a_prefix_are_cut_copied_and_gathered(kind: str, native_library: Path) -> None:
    lm = model("prepend", STEREO)
    decoder = decoder_of(lm, kind)
    tokens = torch.randint(0, CARD, (3, 8, 20), generator=torch.Generator().manual_seed(0)).numpy()
    prefix = torch.randn(3, 5, 64, generator=torch.Generator().manual_seed(1))
    cache = decoder.new_cache(3, 25)
    decoder.run_prefix(prefix, None, cache)
    plain = decoder.run(tokens, None, None, cache)
    assert plain is not None
    assert cache.length == 25
    cache.truncate(15)
    gathered = cache.gather_rows([2, 0, 1, 2])
    again = decoder.run(tokens[[2, 0, 1, 2], :, 10:], None, None, gathered)
    assert again is not None
    torch.testing.assert_close(again, plain[[2, 0, 1, 2]], rtol=0, atol=2e-2 * float(plain.std()))
    cache.copy_row(2, 0)
    copied = decoder.run(tokens[[2, 1, 2], :, 10:], None, None, cache)
    assert copied is not None
    torch.testing.assert_close(copied, plain[[2, 1, 2]], rtol=0, atol=2e-2 * float(plain.std()))


def test_half_precision_shares_what_is_not_a_matrix_and_leaves_the_model_alone() -> None:
    lm = model("cross", STEREO)
    before = {name: value.clone() for name, value in lm.state_dict().items()}
    half = half_transformer(lm.transformer)
    assert half.layer_dtype == torch.bfloat16
    for (name, ours), theirs in zip(half.named_parameters(), lm.transformer.parameters(), strict=True):
        assert (ours is theirs) == (ours.ndim == 1), name
    assert half.positions is lm.transformer.positions
    assert lm.transformer.layer_dtype == torch.float32
    assert all(torch.equal(value, before[name]) for name, value in lm.state_dict().items())


def test_layers_that_are_half_already_are_not_copied_and_never_called_fp32() -> None:
    lm, exact = model("cross", STEREO), model("cross", STEREO)
    halve_layers(lm)
    assert half_transformer(lm.transformer) is lm.transformer
    assert lm.out_norm.weight.dtype == lm.emb[0].weight.dtype == torch.float32
    items = asked(*TEXTS)
    with torch.no_grad():
        codes = lm.generate(None, items, max_gen_len=16, use_sampling=False, decoder=make_decoder(lm, "half"))
        assert regret(exact, codes, items) < 0.2
    with pytest.raises(ConfigError, match="bfloat16 already"):
        make_decoder(lm, "fp32")


@pytest.mark.parametrize(
    ("device", "precision", "expected"),
    [
        ("cpu", "half", torch.float32), ("cuda", "fp32", torch.float32), ("cuda", "half", torch.float16),
        ("cuda", "auto", torch.float16),
    ],
)  # fmt: skip
def test_layers_are_halved_for_good_only_where_they_are_played_so_off_the_cpu(
    device: str, precision: str, expected: torch.dtype
) -> None:
    """Before they get there, so that a GPU never holds both."""
    lm = model("cross", STEREO)
    settle_layers(lm, precision, torch.device(device))
    assert lm.transformer.layer_dtype == expected
    assert lm.device.type == "cpu"


def test_weights_beyond_the_range_of_float16_become_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genmodels.lm.half.half_dtype", lambda device: torch.float16)
    lm = model("cross", STEREO)
    assert suitable_dtype(lm.transformer) == torch.float16
    with torch.no_grad():
        lm.transformer.layers[0].linear1.weight[0, 0] = 1e5
    assert suitable_dtype(lm.transformer) == torch.bfloat16
