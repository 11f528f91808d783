from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genmodels.conditioning.t5 import T5Conditioner
from genmodels.errors import CheckpointError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 with random weights, and a tokenizer that knows six words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    words = ["<pad>", "</s>", "<unk>", "warm", "piano", "drums"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    path = tmp_path_factory.mktemp("t5")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(path)
    torch.manual_seed(0)
    config = T5Config(vocab_size=6, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    T5EncoderModel(config).save_pretrained(path)
    return path


def test_texts_are_encoded_and_empty_ones_are_zero(folder: Path) -> None:
    conditioner = T5Conditioner(12, str(folder)).eval()
    values, mask = conditioner(conditioner.prepare(["warm piano", "drums", "", None]))
    assert values.shape == (4, 3, 12)
    assert mask.sum(-1).tolist() == [3, 2, 0, 0]
    assert not values[~mask].any()
    alone, _ = conditioner(conditioner.prepare(["drums"]))
    torch.testing.assert_close(values[1, :2], alone[0])


def test_the_encoder_is_saved_and_trained_only_when_fine_tuned(folder: Path) -> None:
    frozen = T5Conditioner(12, str(folder))
    assert set(frozen.state_dict()) == {"output_proj.weight", "output_proj.bias"}
    frozen(frozen.prepare(["warm"])).values.sum().backward()
    assert frozen.output_proj.weight.grad is not None
    tuned = T5Conditioner(12, str(folder), finetune=True)
    assert any(name.startswith("t5.") for name in tuned.state_dict())
    tuned(tuned.prepare(["warm"])).values.sum().backward()
    assert any(p.grad is not None for p in tuned.t5.parameters())


def test_words_are_dropped_in_training_alone_and_the_same_ones_after_the_same_seed(folder: Path) -> None:
    conditioner = T5Conditioner(12, str(folder), word_dropout=0.5)
    texts = ["warm piano drums " * 10]

    def dropped(seed: int) -> list[int]:
        torch.manual_seed(seed)
        ids: list[int] = conditioner.prepare(texts)["input_ids"][0].tolist()
        return ids

    assert dropped(1) == dropped(1) != dropped(2)
    assert 5 < len(dropped(1)) < 26
    conditioner.eval()
    assert len(dropped(1)) == 31


def test_a_model_generates_with_t5_conditioning(folder: Path) -> None:
    from tests.genmodels.tiny import tiny_musicgen

    model = tiny_musicgen(
        conditioners={"description": {"kind": "t5", "name": str(folder)}}, fuser={"cross": ["description"]}
    )
    model.set_generation_params(duration=0.5, use_sampling=False)
    _, tokens = model.generate(["warm piano", "drums"], return_tokens=True)
    assert tokens.shape == (2, 4, 25)


def test_a_missing_encoder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Give a folder"):
        T5Conditioner(12, str(tmp_path / "nothing"))


def test_a_flan_t5_is_a_t5_with_a_gated_feed_forward(folder: Path, tmp_path: Path) -> None:
    import shutil

    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    config = T5Config(
        vocab_size=6, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )  # fmt: skip
    theirs = T5EncoderModel(config).eval()
    theirs.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(folder / name, tmp_path)
    conditioner = T5Conditioner(12, str(tmp_path)).eval()
    prepared = conditioner.prepare(["warm piano", "drums", None])
    values, mask = conditioner(prepared)
    with torch.no_grad():
        hidden = theirs(**prepared).last_hidden_state
    assert any("wi_1" in name for name in theirs.state_dict())
    torch.testing.assert_close(values, conditioner.output_proj(hidden) * mask[..., None])
    assert mask.sum(-1).tolist() == [3, 2, 0]
