"""The peer: Transformers' MusicGen of the same geometry, with random weights, timed step by step."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

LAYERS, DIM, HEADS, FFN, CODEBOOKS, CARD = 8, 384, 6, 1536, 4, 1024
PROMPT_TOKENS = 8


class TransformersPeer:
    """`MusicgenForConditionalGeneration`: 8 layers, d 384, 6 heads, ffn 1536, 4 codebooks of 1024.

    Text encoder and codec are tiny and outside the timed steps.
    """

    def __init__(self) -> None:
        from transformers import EncodecConfig, MusicgenConfig, MusicgenForConditionalGeneration, T5Config
        from transformers.models.musicgen.configuration_musicgen import MusicgenDecoderConfig

        logging.getLogger("transformers").setLevel(logging.ERROR)
        decoder = MusicgenDecoderConfig(
            vocab_size=CARD,
            num_hidden_layers=LAYERS,
            ffn_dim=FFN,
            num_attention_heads=HEADS,
            hidden_size=DIM,
            num_codebooks=CODEBOOKS,
            pad_token_id=CARD,
            bos_token_id=CARD,
        )
        text = T5Config(vocab_size=128, d_model=64, d_kv=16, d_ff=64, num_layers=1, num_heads=4)
        codec = EncodecConfig(
            target_bandwidths=[2.2],
            sampling_rate=32000,
            num_filters=4,
            hidden_size=16,
            codebook_dim=16,
            codebook_size=CARD,
            upsampling_ratios=[8, 5, 4, 4],
            num_lstm_layers=1,
        )
        config = MusicgenConfig(
            text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()
        )
        model: Any = MusicgenForConditionalGeneration(config)
        self._model = model.eval()

    def step_ms(self, steps: int) -> npt.NDArray[np.float64]:
        """Milliseconds of each step but the first, with guidance 3 and top-k 250."""
        from transformers import StoppingCriteria, StoppingCriteriaList

        times: list[float] = []

        class Stopwatch(StoppingCriteria):  # type: ignore[misc,unused-ignore]
            def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
                times.append(time.perf_counter())
                return torch.zeros(input_ids.shape[0], dtype=torch.bool)

        ids = torch.arange(PROMPT_TOKENS)[None]
        with torch.inference_mode():
            self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                top_k=250,
                guidance_scale=3.0,
                max_new_tokens=steps,
                stopping_criteria=StoppingCriteriaList([Stopwatch()]),
            )
        return np.diff(times) * 1000.0
