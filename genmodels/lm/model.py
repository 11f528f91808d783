"""The language model over codec tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.conditioning.attributes import ConditioningAttributes
from genmodels.conditioning.fuser import ConditionFuser
from genmodels.conditioning.provider import ConditionProvider, ConditionTensors
from genmodels.errors import ConfigError
from genmodels.lm.decoder import Decoder, ModuleDecoder
from genmodels.lm.generation import ProgressCallback, generate
from genmodels.lm.patterns import CodebooksPatternProvider
from genmodels.lm.sampling import SamplingParams
from genmodels.lm.transformer import CrossContext, Transformer
from genmodels.lm.two_step import TwoStepDecoder


@dataclass(frozen=True)
class LMOutput:
    """Predictions for codes [B, K, T].

    Args:
        logits: [B, K, T, card].
        mask: [B, K, T] bool, true where the model predicted the cell; the logits elsewhere are zero.
    """

    logits: Tensor
    mask: Tensor


class LMModel(nn.Module):
    """A causal transformer that predicts K codebooks, laid out by a pattern, under conditions.

    Args:
        n_q: codebooks K.
        card: tokens a codebook; the id `card` is the special token.
        dim, num_heads, num_layers: geometry of the transformer.
        hidden_scale: feed-forward width over dim.
        pattern_provider: lays codebooks out over steps.
        condition_provider: conditioners.
        fuser: routes their conditions; cross attention exists only if it routes something there.
        dropout: in [0, 1).
        attend_padding: let cross attention see the padding of shorter texts, as the published models do, so
            that a text's result depends on the longest one beside it. Only for equality with them.
    Raises:
        ConfigError: fuser and conditioners do not name the same conditions, widths do not fit, or the pattern
            has no place for frame-synchronous conditions.
    """

    def __init__(
        self,
        n_q: int,
        card: int,
        dim: int,
        num_heads: int,
        num_layers: int,
        hidden_scale: int,
        pattern_provider: CodebooksPatternProvider,
        condition_provider: ConditionProvider,
        fuser: ConditionFuser,
        dropout: float = 0.0,
        attend_padding: bool = False,
    ) -> None:
        super().__init__()
        names = set(condition_provider.conditioners.keys())
        if names != fuser.names:
            raise ConfigError(
                f"conditioners {sorted(names)} and fuser {sorted(fuser.names)} must name the same conditions"
            )
        by_frame = fuser.fuse2cond["input_interpolate"]
        if by_frame and not pattern_provider.frame_synchronous:
            raise ConfigError(
                f"conditions {list(by_frame)} go by frame, which needs a plain delay or parallel pattern; "
                f"this is {type(pattern_provider).__name__}"
            )
        self.n_q = n_q
        self.card = card
        self.attend_padding = attend_padding
        self.dim = dim
        self.pattern_provider = pattern_provider
        self.condition_provider = condition_provider
        self.fuser = fuser
        self.emb = nn.ModuleList(nn.Embedding(card + 1, dim) for _ in range(n_q))
        cross = bool(fuser.fuse2cond["cross"])
        self.transformer = Transformer(dim, num_heads, num_layers, hidden_scale * dim, cross, dropout)
        self.out_norm = nn.LayerNorm(dim)
        self.linears = nn.ModuleList(nn.Linear(dim, card, bias=False) for _ in range(n_q))
        for table in self.emb:
            assert isinstance(table, nn.Embedding)
            # the sum over codebooks starts about as large as the position vectors
            nn.init.normal_(table.weight, std=(2 * n_q) ** -0.5)
        for head in self.linears:
            assert isinstance(head, nn.Linear)
            nn.init.trunc_normal_(head.weight, std=0.02)

    @property
    def special_token_id(self) -> int:
        """The token of cells that the pattern leaves empty, and of the first step."""
        return self.card

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.out_norm.weight.device

    def embed(self, sequence: Tensor) -> Tensor:
        """Tokens [B, K, S] to the sum of their vectors [B, S, dim]."""
        x: Tensor = self.emb[0](sequence[:, 0])
        for k in range(1, self.n_q):
            x = x + self.emb[k](sequence[:, k])
        return x

    def heads(self, x: Tensor) -> Tensor:
        """Outputs [B, S, dim] of the transformer to logits [B, K, S, card]; all heads are one product."""
        weight = torch.cat([head.weight for head in self.linears if isinstance(head, nn.Linear)])
        logits = F.linear(self.out_norm(x), weight)
        return logits.view(*x.shape[:2], self.n_q, self.card).transpose(1, 2)

    def cross_context(self, cross: Tensor | None, mask: Tensor | None) -> CrossContext | None:
        """Keys and values of conditions [B, Tc, dim], with mask [B, Tc] (true = real), for every layer."""
        if cross is None:
            return None
        return self.transformer.cross_context(cross, None if self.attend_padding else mask)

    def encode_conditions(
        self, conditions: Sequence[ConditioningAttributes], num_frames: int | None = None
    ) -> ConditionTensors:
        """Condition tensors of a batch; see `ConditionProvider.prepare`."""
        tensors: ConditionTensors = self.condition_provider(
            self.condition_provider.prepare(conditions, num_frames)
        )
        return tensors

    def forward(
        self,
        sequence: Tensor,
        conditions: Sequence[ConditioningAttributes] = (),
        condition_tensors: ConditionTensors | None = None,
    ) -> Tensor:
        """Predict the step after each step of a sequence.

        Args:
            sequence: [B, K, S] tokens in pattern layout.
            conditions: one a batch item; used unless `condition_tensors` is given.
            condition_tensors: conditions that are already encoded.
        Returns:
            logits [B, K, S, card].
        Raises:
            ConfigError: the sequence has another number of codebooks.
        """
        if sequence.ndim != 3 or sequence.shape[1] != self.n_q:
            raise ConfigError(f"sequence has shape {tuple(sequence.shape)}, must be [B, {self.n_q}, S]")
        if condition_tensors is None:
            items = list(conditions) or [ConditioningAttributes() for _ in range(len(sequence))]
            condition_tensors = self.encode_conditions(items)
        fused = self.fuser.fuse(self.embed(sequence), condition_tensors)
        x = self.transformer(fused.x, self.cross_context(fused.cross, fused.cross_mask))
        return self.heads(x[:, fused.prefix :])

    def compute_predictions(
        self, codes: Tensor, condition_tensors: ConditionTensors | None = None
    ) -> LMOutput:
        """Predict every code from those before it, for training.

        The draining tail after the last frame is left out, so the last frames of delayed codebooks are not
        predicted (see `LMOutput.mask`).

        Args:
            codes: [B, K, T], in [0, card).
            condition_tensors: encoded conditions of the batch; frame-synchronous ones with T frames.
        """
        pattern = self.pattern_provider.get_pattern(codes.shape[2])
        sequence, _ = pattern.build_pattern_sequence(codes, self.special_token_id, keep_only_valid_steps=True)
        logits = self(sequence[..., :-1], condition_tensors=condition_tensors)
        reverted, mask = pattern.revert_pattern_logits(logits)
        return LMOutput(reverted, mask.expand(len(codes), -1, -1))

    def generate(
        self,
        prompt: Tensor | None = None,
        conditions: Sequence[ConditioningAttributes] = (),
        num_samples: int | None = None,
        max_gen_len: int = 256,
        use_sampling: bool = True,
        temp: float = 1.0,
        top_k: int = 250,
        top_p: float = 0.0,
        cfg_coef: float = 3.0,
        seed: int | None = None,
        callback: ProgressCallback | None = None,
        decoder: Decoder | None = None,
        cfg_coef_beta: float | None = None,
        two_step_cfg: bool = False,
    ) -> Tensor:
        """Generate one window of codes.

        An item's codes do not depend on the items beside it, unless the model has `attend_padding`.

        Args:
            prompt: codes [B, K, P] to continue, P < max_gen_len.
            conditions: one an item; none means unconditional.
            num_samples: B >= 1, if neither prompt nor conditions say it; 1 by default.
            max_gen_len: frames T >= 1 of the result, prompt included.
            use_sampling, temp, top_k, top_p: see `SamplingParams`.
            cfg_coef: guidance, >= 0.
            seed: item i draws from seed + i; None draws a fresh seed.
            callback: called with (frames so far, frames in total).
            decoder: what to run the model with, by default its own layers.
            cfg_coef_beta: double guidance, >= 0, or None; see `Conditions`.
            two_step_cfg: run conditioned and unconditional rows one after the other, to save memory.
        Returns:
            codes [B, K, T] int64 on the CPU.
        Raises:
            GenerationError: prompt, conditions and num_samples disagree, the prompt does not fit, or a value
                is out of range.
            ConditionError: a condition that the model does not have.
        """
        sampling = SamplingParams(use_sampling, temp, top_k, top_p)
        decoder = decoder or ModuleDecoder(self)
        if two_step_cfg:
            decoder = TwoStepDecoder(decoder)
        return generate(
            decoder, prompt, conditions, num_samples, max_gen_len, sampling, cfg_coef, seed, callback,
            cfg_coef_beta,
        )  # fmt: skip
