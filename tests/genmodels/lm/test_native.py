from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.errors import ConfigError, GenerationError
from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Decoder, ModuleDecoder, make_decoder
from genmodels.lm.int8 import Int8Decoder
from genmodels.lm.model import LMModel
from genmodels.lm.native import NativeDecoder
from genmodels.lm.native_build import build
from genmodels.lm.transformer import CrossContext
from tests.genmodels.tiny import CARD, tiny_lm

LENGTH = 45


@pytest.fixture(scope="module")
def lm() -> LMModel:
    return tiny_lm(dim=64, num_heads=2)


@pytest.fixture(scope="module")
def decoder(lm: LMModel, native_library: Path) -> Decoder:
    return make_decoder(lm, "native")


def random_tokens(rows: int, length: int = LENGTH, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, CARD + 1, (rows, 4, length))


def context_of(lm: LMModel, *texts: str) -> CrossContext:
    tensors = lm.encode_conditions([ConditioningAttributes({"description": text}) for text in texts])
    cross = lm.fuser.cross(tensors)
    assert cross is not None
    with torch.no_grad():
        context = lm.cross_context(*cross)
    assert context is not None
    return context


def row_of(context: CrossContext, row: int) -> CrossContext:
    one = slice(row, row + 1)
    assert context.mask is not None
    return CrossContext(tuple((k[one], v[one]) for k, v in context.keys_values), context.mask[one])


def last_logits(
    decoder: Decoder,
    tokens: np.ndarray,
    bounds: tuple[int, ...] = (),
    context: CrossContext | None = None,
    added: torch.Tensor | None = None,
    cache: KVCache | None = None,
) -> torch.Tensor:
    """Logits after the tokens, taken in as the pieces between bounds."""
    length = tokens.shape[2]
    cache = cache or decoder.new_cache(len(tokens), length)
    logits = None
    for start, stop in zip((0, *bounds), (*bounds, length), strict=True):
        part = None if added is None else added[:, start:stop]
        wanted = stop == length
        logits = decoder.run(tokens[:, :, start:stop], part, context, cache, want_logits=wanted)
        assert (logits is not None) == wanted
    assert logits is not None
    assert cache.length == length
    return logits


@pytest.mark.parametrize(("dim", "heads", "card"), [(64, 2, 32), (128, 2, 32), (96, 1, 37), (128, 1, 32)])
def test_logits_are_as_close_to_the_exact_ones_as_those_of_the_int8_decoder(
    dim: int, heads: int, card: int, native_library: Path
) -> None:
    lm = tiny_lm(dim=dim, num_heads=heads, card=card)
    tokens = random_tokens(3)
    context = context_of(lm, "warm piano", "a very long description of drums")
    added = torch.randn(2, LENGTH, dim, generator=torch.Generator().manual_seed(0))
    exact, int8, native = (
        last_logits(decoder, tokens, (20, 44), context, added)
        for decoder in (ModuleDecoder(lm), Int8Decoder(lm), NativeDecoder(lm))
    )
    assert native.shape == (3, 4, card)
    error, usual = ((logits - exact).norm() / exact.norm() for logits in (native, int8))
    assert error < 1.1 * usual
    assert error < 0.02


def test_logits_are_nearly_exact_for_weights_that_were_8_bit_already(lm: LMModel, decoder: Decoder) -> None:
    from genmodels.lm.quantize import dequantize_rows, quantize_rows

    rounded = tiny_lm(dim=64, num_heads=2)
    with torch.no_grad():
        for name, weight in rounded.named_parameters():
            if weight.ndim == 2 and ("transformer" in name or "linears" in name):
                weight.copy_(dequantize_rows(*quantize_rows(weight)))
    context = context_of(rounded, "warm piano", "drums")
    exact = last_logits(ModuleDecoder(rounded), random_tokens(2), context=context)
    native = last_logits(NativeDecoder(rounded), random_tokens(2), context=context)
    assert (native - exact).norm() / exact.norm() < 0.003


@pytest.mark.parametrize("bounds", [(1,), (32,), (3, 4, 17, 40), tuple(range(1, LENGTH))])
def test_how_positions_are_cut_changes_no_bit(lm: LMModel, decoder: Decoder, bounds: tuple[int, ...]) -> None:
    tokens, context = random_tokens(2), context_of(lm, "warm piano")
    added = torch.randn(1, LENGTH, 64, generator=torch.Generator().manual_seed(0))
    whole = last_logits(decoder, tokens, (), context, added)
    assert torch.equal(last_logits(decoder, tokens, bounds, context, added), whole)


@pytest.mark.parametrize("bounds", [(), tuple(range(1, LENGTH))])
def test_neighbours_change_no_bit_of_a_row(lm: LMModel, decoder: Decoder, bounds: tuple[int, ...]) -> None:
    tokens = random_tokens(7)
    texts = ("piano", "loud drums and bass", "strings")
    contexts = context_of(lm, *texts)
    together = last_logits(decoder, tokens, bounds, contexts)
    for row in range(7):
        context = row_of(contexts, row) if row < len(texts) else None
        assert torch.equal(last_logits(decoder, tokens[row : row + 1], bounds, context)[0], together[row])


def test_rolled_back_copied_and_gathered_caches_go_on_as_fresh_ones(decoder: Decoder) -> None:
    tokens = random_tokens(2)
    plain = last_logits(decoder, tokens)
    cache = decoder.new_cache(2, LENGTH)
    last_logits(decoder, random_tokens(2, seed=1), cache=cache)
    cache.truncate(0)
    last_logits(decoder, tokens[:, :, :30], cache=cache)
    cache.truncate(20)
    assert torch.equal(decoder.run(tokens[:, :, 20:], None, None, cache), plain)
    cache.copy_row(1, 0)
    cache.truncate(30)
    both = decoder.run(tokens[[1, 1], :, 30:], None, None, cache)
    assert both is not None
    assert torch.equal(both[0], plain[1])
    cache.truncate(30)
    gathered = cache.gather_rows([1, 0, 1])
    three = decoder.run(tokens[[1, 1, 1], :, 30:], None, None, gathered)
    assert three is not None
    assert torch.equal(three[2], plain[1])


def test_prepended_conditions_come_before_the_tokens(native_library: Path) -> None:
    lm = tiny_lm(
        dim=64,
        num_heads=2,
        conditioners={"description": {"kind": "words"}},
        fuser={"prepend": ["description"]},
    )
    prefix = torch.randn(2, 5, 64, generator=torch.Generator().manual_seed(0))
    results = []
    for decoder in (ModuleDecoder(lm), NativeDecoder(lm)):
        cache = decoder.new_cache(2, 25)
        decoder.run_prefix(prefix, None, cache)
        results.append(decoder.run(random_tokens(2, 20), None, None, cache))
    exact, native = results
    assert exact is not None
    assert native is not None
    assert (native - exact).norm() / exact.norm() < 0.02


def test_wrong_tokens_and_full_caches_are_refused_and_leave_the_cache(decoder: Decoder) -> None:
    cache = decoder.new_cache(1, 4)
    for wrong in (-1, CARD + 1):
        with pytest.raises(GenerationError, match=rf"outside \[0, {CARD}\]"):
            decoder.run(np.full((1, 4, 1), wrong), None, None, cache)
    with pytest.raises(GenerationError, match="capacity of 4"):
        decoder.run(random_tokens(1, 5), None, None, cache)
    assert cache.length == 0


def test_it_is_chosen_where_it_is_built_and_fits(
    lm: LMModel, native_library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(make_decoder(lm), NativeDecoder)
    narrow = tiny_lm()
    assert isinstance(make_decoder(narrow), Int8Decoder)
    with pytest.raises(ConfigError, match="heads are 8 wide"):
        make_decoder(narrow, "native")
    monkeypatch.setattr("genmodels.lm.native.library_path", lambda: tmp_path / "absent.so")
    assert isinstance(make_decoder(lm), Int8Decoder)
    with pytest.raises(ConfigError, match=r"not been built here: python -m genmodels\.lm\.native_build"):
        make_decoder(lm, "native")


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="nothing to switch off")
def test_processors_with_fewer_instructions_get_the_same_numbers(
    lm: LMModel, decoder: Decoder, tmp_path: Path
) -> None:
    for flags in (("-DNATIVE_PORTABLE",), ("-mno-avx512f", "-mno-fma"), ("-mno-avx",)):
        plain = NativeDecoder(lm, build(tmp_path / flags[0], flags))
        tokens, context = random_tokens(2), context_of(lm, "warm piano")
        logits = last_logits(plain, tokens, context=context)
        assert torch.equal(last_logits(plain, tokens, (7, 8, 9, 30), context), logits)
        torch.testing.assert_close(
            logits, last_logits(decoder, tokens, context=context), rtol=1e-2, atol=1e-2
        )
