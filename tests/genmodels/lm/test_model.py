from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes, Transport
from genmodels.conditioning.timing import transport_features
from genmodels.errors import ConditionError, ConfigError, GenerationError
from genmodels.lm.decoder import Decoder, make_decoder
from genmodels.lm.model import LMModel
from tests.genmodels.tiny import CARD, lm_config, tiny_lm


def asked(
    text: str | None = "warm piano", bpm: float | None = 100.0, frames: int = 40
) -> ConditioningAttributes:
    transport = None if bpm is None else torch.from_numpy(transport_features(Transport(bpm), 0, frames))
    return ConditioningAttributes({"description": text}, {"transport": transport})


@pytest.fixture(scope="module")
def lm() -> LMModel:
    return tiny_lm()


def test_state_dict_names_are_those_of_audiocraft(lm: LMModel) -> None:
    shapes = {name: tuple(value.shape) for name, value in lm.state_dict().items()}
    layer = "transformer.layers.1."
    expected = {
        "emb.3.weight": (CARD + 1, 32),
        "linears.3.weight": (CARD, 32),
        "out_norm.weight": (32,),
        layer + "self_attn.in_proj_weight": (96, 32),
        layer + "self_attn.out_proj.weight": (32, 32),
        layer + "cross_attention.in_proj_weight": (96, 32),
        layer + "cross_attention.out_proj.weight": (32, 32),
        layer + "linear1.weight": (64, 32),
        layer + "linear2.weight": (32, 64),
        layer + "norm1.weight": (32,),
        layer + "norm_cross.bias": (32,),
        "condition_provider.conditioners.description.output_proj.weight": (32, 32),
    }
    assert expected.items() <= shapes.items()
    assert not any(name.startswith("transformer.positions") for name in shapes)


def test_generated_tokens_are_the_most_likely_ones_of_the_training_pass(lm: LMModel) -> None:
    codes = lm.generate(conditions=[asked()], max_gen_len=40, use_sampling=False, cfg_coef=3.0)
    cond = lm.compute_predictions(codes, lm.encode_conditions([asked()], 40))
    null = lm.compute_predictions(codes, lm.encode_conditions([asked().null()], 40))
    guided = null.logits + 3.0 * (cond.logits - null.logits)
    assert cond.mask.float().mean() > 0.9
    assert torch.equal(guided.argmax(-1)[cond.mask], codes[cond.mask])


def test_a_prediction_depends_on_nothing_that_comes_later(lm: LMModel) -> None:
    codes = torch.randint(0, CARD, (1, 4, 20), generator=torch.Generator().manual_seed(0))
    changed = codes.clone()
    changed[:, :, 12:] = (changed[:, :, 12:] + 1) % CARD
    one, other = lm.compute_predictions(codes), lm.compute_predictions(changed)
    torch.testing.assert_close(one.logits[:, 0, :13], other.logits[:, 0, :13])
    # codebook 3 of frame 9 is predicted together with codebook 0 of frame 12
    torch.testing.assert_close(one.logits[:, 3, :10], other.logits[:, 3, :10])
    assert not torch.allclose(one.logits[:, 0, 13:], other.logits[:, 0, 13:])


def test_a_row_does_not_depend_on_the_batch_around_it(lm: LMModel) -> None:
    alone = lm.generate(conditions=[asked("drums")], max_gen_len=30, use_sampling=False)
    long = asked("a very long description of many instruments indeed")
    together = lm.generate(conditions=[long, asked("drums")], max_gen_len=30, use_sampling=False)
    assert torch.equal(together[1:], alone)


def test_each_condition_changes_the_result(lm: LMModel) -> None:
    plain = lm.generate(conditions=[asked()], max_gen_len=40, use_sampling=False)
    for other in (asked("loud drums"), asked(bpm=150.0), asked(None), asked(bpm=None)):
        assert not torch.equal(lm.generate(conditions=[other], max_gen_len=40, use_sampling=False), plain)


def test_unconditional_rows_need_no_guidance(lm: LMModel) -> None:
    one = lm.generate(num_samples=1, max_gen_len=20, use_sampling=False, cfg_coef=1.0)
    other = lm.generate(conditions=[asked(None, None)], max_gen_len=20, use_sampling=False, cfg_coef=5.0)
    assert torch.equal(one, other)


def test_a_seed_reproduces_and_items_of_a_batch_differ(lm: LMModel) -> None:
    batch = lm.generate(num_samples=2, max_gen_len=20, seed=11)
    assert torch.equal(batch, lm.generate(num_samples=2, max_gen_len=20, seed=11))
    assert torch.equal(batch[1:], lm.generate(num_samples=1, max_gen_len=20, seed=12))
    assert not torch.equal(batch[0], batch[1])
    assert not torch.equal(batch, lm.generate(num_samples=2, max_gen_len=20))


def test_a_prompt_is_kept_and_continued_as_it_would_have_been(lm: LMModel) -> None:
    whole = lm.generate(conditions=[asked()], max_gen_len=40, use_sampling=False)
    again = lm.generate(whole[:, :, :35], [asked()], max_gen_len=40, use_sampling=False)
    assert torch.equal(whole, again)


def test_progress_is_reported_for_every_step_and_reaches_the_end(lm: LMModel) -> None:
    calls: list[tuple[int, int]] = []
    lm.generate(num_samples=1, max_gen_len=10, callback=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (10, 10)
    assert calls == sorted(calls)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_decoder_over_a_cache_equals_the_whole_pass(lm: LMModel, precision: str) -> None:
    decoder: Decoder = make_decoder(lm, precision)  # type: ignore[arg-type]
    tokens = np.random.default_rng(0).integers(0, CARD, (2, 4, 25))
    tensors = lm.encode_conditions([asked("warm piano", None), asked("drums", None)])
    cross = lm.fuser.cross(tensors)
    assert cross is not None
    with torch.no_grad():
        context = lm.cross_context(*cross)
        whole = lm(torch.from_numpy(tokens), condition_tensors=tensors)[:, :, -1]
    cache = decoder.new_cache(2, 30)
    decoder.run(tokens[:, :, :10], None, context, cache, want_logits=False)
    decoder.run(tokens[:, :, 10:24], None, context, cache, want_logits=False)
    logits = decoder.run(tokens[:, :, 24:], None, context, cache)
    assert logits is not None
    assert cache.length == 25
    error = (logits - whole).norm() / whole.norm()
    assert error < (1e-5 if precision == "fp32" else 0.03)


def test_int8_rows_do_not_depend_on_their_neighbours(lm: LMModel) -> None:
    decoder = make_decoder(lm, "int8")
    tokens = np.random.default_rng(0).integers(0, CARD, (3, 4, 12))

    def last(rows: list[int]) -> torch.Tensor:
        cache = decoder.new_cache(len(rows), 12)
        results = [decoder.run(tokens[rows, :, i : i + 1], None, None, cache) for i in range(12)]
        assert results[-1] is not None
        return results[-1]

    together = last([0, 1, 2])
    for row in range(3):
        assert torch.equal(last([row])[0], together[row])


def test_prepended_conditions_shift_positions_and_are_attended() -> None:
    lm = tiny_lm(conditioners={"description": {"kind": "words"}}, fuser={"prepend": ["description"]})
    results = []
    for item in (asked(bpm=None), asked("drums", None)):
        codes = lm.generate(conditions=[item], max_gen_len=20, use_sampling=False)
        out = lm.compute_predictions(codes.repeat(2, 1, 1), lm.encode_conditions([item, item.null()]))
        guided = out.logits[1:] + 3.0 * (out.logits[:1] - out.logits[1:])
        assert torch.equal(guided.argmax(-1)[out.mask[:1]], codes[out.mask[:1]])
        results.append(codes)
    assert not torch.equal(*results)


def test_training_pass_has_gradients_everywhere_in_bfloat16() -> None:
    lm = tiny_lm().train()
    codes = torch.randint(0, CARD, (2, 4, 20))
    full = asked(frames=20)
    full.frames["chroma"] = torch.rand(20, 12)
    with torch.autocast("cpu", torch.bfloat16):
        out = lm.compute_predictions(codes, lm.encode_conditions([full, full.null()], 20))
    torch.nn.functional.cross_entropy(out.logits[out.mask].float(), codes[out.mask]).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in lm.parameters())


def test_wrong_requests_are_refused(lm: LMModel) -> None:
    with pytest.raises(GenerationError, match="different batches"):
        lm.generate(conditions=[asked()], num_samples=2)
    with pytest.raises(GenerationError, match="shape"):
        lm.generate(torch.zeros(1, 3, 5, dtype=torch.int64))
    with pytest.raises(GenerationError, match="leaves nothing"):
        lm.generate(torch.zeros(1, 4, 256, dtype=torch.int64))
    with pytest.raises(GenerationError, match=r"\[0, 31\]"):
        lm.generate(torch.full((1, 4, 5), CARD))
    with pytest.raises(ConditionError, match="no condition 'style'"):
        lm.generate(conditions=[ConditioningAttributes({"style": "x"})])
    with pytest.raises(ConfigError, match="precision is 'int4'"):
        make_decoder(lm, "int4")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cfg_coef": -2.0}, {"cfg_coef": float("nan")}, {"cfg_coef_beta": -2.0}, {"num_samples": 0},
        {"max_gen_len": -1}, {"prompt": torch.zeros(1, 4, 2)},
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_by_name(lm: LMModel, wrong: dict[str, Any]) -> None:
    with pytest.raises(GenerationError, match=next(iter(wrong))):
        lm.generate(**{"max_gen_len": 8, **wrong})


def test_broken_configurations_are_refused() -> None:
    with pytest.raises(ConfigError, match="must name the same conditions"):
        tiny_lm(fuser={"cross": ["description"]})
    with pytest.raises(ConfigError, match="multiple of its 5 heads"):
        tiny_lm(num_heads=5)
    with pytest.raises(ConfigError, match=r"unknown keys \['heads'\]"):
        tiny_lm(heads=4)
    with pytest.raises(ConfigError, match="kind 'magic'"):
        tiny_lm(conditioners={"description": {"kind": "magic"}}, fuser={"cross": ["description"]})
    config = lm_config()
    del config["dim"]
    from genmodels.checkpoints.builders import build_lm

    with pytest.raises(ConfigError, match=r"'dim'.* missing"):
        build_lm(config)
