"""The language model on a GPU, against the same on the CPU in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genmodels.conditioning.attributes import ConditioningAttributes, Conditions, Transport, WeightedPrompt
from genmodels.conditioning.timing import transport_features
from genmodels.device import pick_device
from genmodels.errors import ConfigError
from genmodels.generate.continuation import Continuation
from genmodels.generate.musicgen import MusicGen
from genmodels.lm.decoder import Call, Decoder, ModuleDecoder, make_decoder
from genmodels.lm.half import half_transformer, halve_layers
from genmodels.lm.model import LMModel
from genmodels.lm.two_step import TwoStepDecoder
from tests.genmodels.tiny import CARD, FakeCodec, tiny_lm

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")

TOLERANCE = {torch.float32: 1e-5, torch.float16: 5e-3, torch.bfloat16: 4e-2}
"""Greatest relative error of logits."""


@pytest.fixture(scope="module")
def device() -> torch.device:
    return pick_device()


def pair(device: torch.device, prefix: bool = False) -> tuple[LMModel, LMModel]:
    """The same model on the CPU and on the GPU."""
    changes: dict[str, object] = {}
    if prefix:
        changes = {
            "conditioners": {"description": {"kind": "words"}, "transport": {"kind": "transport"}},
            "fuser": {"prepend": ["description"], "input_interpolate": ["transport"]},
        }
    made = [tiny_lm(dim=128, num_heads=4, num_layers=4, **changes) for _ in range(2)]
    return made[0], made[1].to(device)


def asked(text: str | None) -> ConditioningAttributes:
    features = torch.from_numpy(transport_features(Transport(100.0), 0, 60))
    return ConditioningAttributes({"description": text}, {"transport": features})


def decoder_in(lm: LMModel, dtype: torch.dtype) -> Decoder:
    return ModuleDecoder(lm, None if dtype == torch.float32 else half_transformer(lm.transformer, dtype))


def logits(decoder: Decoder, texts: list[str], prefix: bool) -> torch.Tensor:
    """After 50 positions, taken in as a start, a chunk, and one by one."""
    lm = decoder.lm
    tensors = lm.encode_conditions([asked(text) for text in texts], 60)
    tokens = np.random.default_rng(0).integers(0, CARD + 1, (len(texts) + 1, 4, 50))
    cross = lm.fuser.cross(tensors)
    with torch.inference_mode():
        context = None if cross is None else lm.cross_context(*cross)
        added = lm.fuser.added(tensors, 0, 50)
    assert added is not None
    cache = decoder.new_cache(len(tokens), 80)
    if prefix:
        front = lm.fuser.prefix(tensors)
        assert front is not None
        decoder.run_prefix(torch.cat([front, front[:1]]), context, cache)
    decoder.run(tokens[..., :20], added[:, :20], context, cache, want_logits=False)
    decoder.run(tokens[..., 20:40], added[:, 20:40], context, cache, want_logits=False)
    steps = [decoder.run(tokens[..., i : i + 1], added[:, i : i + 1], context, cache) for i in range(40, 50)]
    return torch.stack([step for step in steps if step is not None])


@pytest.mark.parametrize("prefix", [False, True], ids=["cross", "prefix"])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_logits_are_those_of_the_cpu(device: torch.device, dtype: torch.dtype, prefix: bool) -> None:
    on_cpu, on_gpu = pair(device, prefix)
    texts = ["warm piano", "two drums"]
    exact = logits(ModuleDecoder(on_cpu), texts, prefix)
    got = logits(decoder_in(on_gpu, dtype), texts, prefix)
    assert got.device.type == "cpu"
    assert got.dtype == torch.float32
    assert (got - exact).norm() / exact.norm() < TOLERANCE[dtype]


@pytest.mark.parametrize("prefix", [False, True], ids=["cross", "prefix"])
def test_greedy_tokens_in_float32_are_those_of_the_cpu(device: torch.device, prefix: bool) -> None:
    on_cpu, on_gpu = pair(device, prefix)
    items = [asked("warm piano"), asked("two drums")]
    expected, got, split = (
        lm.generate(conditions=items, max_gen_len=60, use_sampling=False, decoder=decoder)
        for lm, decoder in (
            (on_cpu, None),
            (on_gpu, make_decoder(on_gpu, "fp32")),
            (on_gpu, TwoStepDecoder(make_decoder(on_gpu, "fp32"))),
        )
    )
    assert torch.equal(got, expected)
    assert torch.equal(split, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_greedy_tokens_in_half_precision_are_nearly_the_likeliest(
    device: torch.device, dtype: torch.dtype
) -> None:
    on_cpu, on_gpu = pair(device)
    item = asked("warm piano")
    decoder = decoder_in(on_gpu, dtype)
    codes = on_gpu.generate(conditions=[item], max_gen_len=60, use_sampling=False, decoder=decoder)
    out = on_cpu.compute_predictions(codes.repeat(2, 1, 1), on_cpu.encode_conditions([item, item.null()], 60))
    cond, null = out.logits.chunk(2)
    guided = null + 3.0 * (cond - null)
    behind = guided.amax(-1) - guided.gather(-1, codes[..., None])[..., 0]
    assert behind[out.mask[:1]].max() < 20 * TOLERANCE[dtype] * guided.std()


def test_half_precision_is_taken_by_itself_and_formats_of_the_cpu_are_refused(device: torch.device) -> None:
    _, lm = pair(device)
    for precision in ("auto", "half"):
        decoder = make_decoder(lm, precision)  # type: ignore[arg-type]
        assert decoder.new_cache(1, 1).layers[0].dtype == torch.float16
    assert make_decoder(lm, "fp32").new_cache(1, 1).layers[0].dtype == torch.float32
    for precision in ("int8", "native"):
        with pytest.raises(ConfigError, match="runs on the CPU only"):
            make_decoder(lm, precision)  # type: ignore[arg-type]


def test_layers_loaded_in_half_precision_take_half_the_room(device: torch.device) -> None:
    _, lm = pair(device)
    exact = make_decoder(lm).run(np.full((1, 4, 1), CARD), None, None, make_decoder(lm).new_cache(1, 1))
    before = torch.cuda.memory_allocated(device)
    layers = sum(weight.nbytes for weight in lm.transformer.parameters() if weight.ndim == 2)
    halve_layers(lm)
    assert before - torch.cuda.memory_allocated(device) >= layers // 2
    decoder = make_decoder(lm)
    got = decoder.run(np.full((1, 4, 1), CARD), None, None, decoder.new_cache(1, 1))
    assert got is not None
    assert exact is not None
    assert torch.equal(got, exact)


@pytest.mark.parametrize("precision", ["fp32", "half"])
def test_a_stream_plays_what_the_long_form_is_and_comes_back_from_changes(
    device: torch.device, precision: str
) -> None:
    lm = tiny_lm().to(device)
    model = MusicGen("tiny", FakeCodec().to(device), lm, 1.6, 0.9, precision)  # type: ignore[arg-type]
    model.set_generation_params(duration=4.0, use_sampling=False, extend_stride=0.9)
    conditions = Conditions(
        (WeightedPrompt("piano"),), transport=Transport(100.0), sampling=model.generation_params.sampling
    )
    stream = Continuation(model, conditions, seed=1)
    stream.advance(70)
    stream.set_conditions(Conditions((WeightedPrompt("drums"),)), 60)
    stream.advance(75)
    stream.set_conditions(conditions, 60)
    stream.advance(200)
    expected = model.generate_tokens([conditions], seed=1)[0]
    # the stream goes on where the long form ends, so its last delayed codes see more
    end = 200 - stream.max_delay
    assert torch.equal(stream.codes[:, :end], expected[:, :end])


def test_a_loaded_model_keeps_its_layers_in_half_precision_only(device: torch.device) -> None:
    model = MusicGen.get_pretrained("mini", device)
    assert model.lm.transformer.layer_dtype == torch.float16
    assert model.lm.out_norm.weight.dtype == torch.float32
    model.set_generation_params(duration=0.5)
    assert model.generate(["warm piano"], seed=1).isfinite().all()
    exact = MusicGen.get_pretrained("mini", device, "fp32")
    assert exact.lm.transformer.layer_dtype == torch.float32


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_streams_in_a_batch_are_those_of_each_alone(device: torch.device, dtype: torch.dtype) -> None:
    _, lm = pair(device)
    decoder = decoder_in(lm, dtype)
    assert not decoder.exact_together
    tokens = [np.random.default_rng(i).integers(0, CARD + 1, (2, 4, 8 * i + 9)) for i in range(3)]
    alone: list[Call] = []
    beside: list[Call] = []
    for calls in (alone, beside):
        for own in tokens:
            cache = decoder.new_cache(2, own.shape[2])
            decoder.run(own[..., :-1], None, None, cache, want_logits=False)
            calls.append(Call(own[..., -1:], None, None, cache))
    expected = [decoder.run(c.tokens, c.added, c.context, c.cache) for c in alone]
    for got, exact in zip(decoder.run_together(beside), expected, strict=True):
        assert got is not None
        assert exact is not None
        assert (got - exact).norm() / exact.norm() < TOLERANCE[dtype]
