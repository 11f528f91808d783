"""`LMModel.generate` with recordings, double guidance, and items of unequal length."""

from __future__ import annotations

import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes, Recording
from genmodels.lm.model import LMModel
from tests.genmodels.melody import CONDITIONERS, melody_musicgen, tune
from tests.genmodels.tiny import tiny_lm


@pytest.fixture(scope="module")
def lm() -> LMModel:
    return melody_musicgen().lm


def asked(text: str | None, recording: Recording | None) -> ConditioningAttributes:
    return ConditioningAttributes({"description": text}, wav={"self_wav": recording})


def test_greedy_tokens_under_double_guidance_are_those_of_its_formula(lm: LMModel) -> None:
    item = asked("warm piano", tune(1.6))
    codes = lm.generate(
        conditions=[item], max_gen_len=20, use_sampling=False, cfg_coef=2.0, cfg_coef_beta=3.0
    )  # fmt: skip
    tensors = lm.encode_conditions([item, item.without(["description"]), item.null()])
    out = lm.compute_predictions(codes.repeat(3, 1, 1), tensors)
    both, without_text, none = out.logits
    guided = none + 2.0 * (without_text + 3.0 * (both - without_text) - none)
    held = out.mask[0]
    assert torch.equal(guided.argmax(-1)[held], codes[0][held])
    plain = lm.generate(conditions=[item], max_gen_len=20, use_sampling=False, cfg_coef=2.0)
    assert not torch.equal(plain, codes)
    one = lm.generate(
        conditions=[item], max_gen_len=20, use_sampling=False, cfg_coef=2.0, cfg_coef_beta=1.0
    )  # fmt: skip
    assert torch.equal(plain, one)


@pytest.mark.parametrize("beta", [None, 2.0])
def test_items_with_unequal_texts_do_not_change_each_other(lm: LMModel, beta: float | None) -> None:
    items = [
        asked("piano", tune(1.0)),
        asked("a long text of many words about strings", tune(1.0, 1)),
        asked("drums", None),
        asked(None, None),
    ]
    seen: list[tuple[int, int]] = []
    together = lm.generate(
        conditions=items, max_gen_len=30, seed=3, cfg_coef_beta=beta,
        callback=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    for number, item in enumerate(items):
        # beside itself alone; an item without conditions keeps its guidance, which changes nothing
        alone = lm.generate(conditions=[item], max_gen_len=30, seed=3 + number, cfg_coef_beta=beta)
        assert torch.equal(together[number], alone[0])


def test_guidance_in_two_steps_honours_its_coefficients(lm: LMModel) -> None:
    item = asked("warm piano", tune(1.6))
    results = {}
    for coef in (1.5, 4.0):
        for two in (False, True):
            results[coef, two] = lm.generate(
                conditions=[item], max_gen_len=30, seed=1, cfg_coef=coef, cfg_coef_beta=2.0, two_step_cfg=two
            )
        assert torch.equal(results[coef, False], results[coef, True])
    assert not torch.equal(results[1.5, True], results[4.0, True])


@pytest.mark.parametrize("route", ["sum", "input_interpolate", "cross", "prepend"])
def test_a_recording_may_enter_anywhere(route: str) -> None:
    lm = tiny_lm(conditioners={"self_wav": CONDITIONERS["self_wav"]}, fuser={route: ["self_wav"]})
    codes = [
        lm.generate(conditions=[ConditioningAttributes(wav={"self_wav": recording})], max_gen_len=20, seed=1)
        for recording in (tune(1.6), tune(1.6, 1), None)
    ]
    assert not torch.equal(codes[0], codes[1])
    assert not torch.equal(codes[0], codes[2])
