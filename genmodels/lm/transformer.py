"""The transformer of the language model: causal self-attention, optional cross attention, feed-forward,
norms first.

Parameter names follow AudioCraft's checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import ConfigError
from genmodels.lm.attention import blockwise_causal_attention, masked_attention
from genmodels.lm.cache import KVCache

KeyValues = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class CrossContext:
    """What cross attention looks at. It may be for the first rows of a batch only; to the others it adds
    nothing.

    Args:
        keys_values: for each layer keys and values [B, H, Tc, D].
        mask: [B, 1, 1, Tc] bool, true where a key may be seen; None where all may.
    """

    keys_values: tuple[KeyValues, ...]
    mask: Tensor | None

    @property
    def rows(self) -> int:
        """Rows that it is for."""
        return self.keys_values[0][0].shape[0]

    def part(self, start: int, stop: int) -> CrossContext:
        """What the rows from `start` to `stop` see."""
        mask = None if self.mask is None else self.mask[start:stop]
        return CrossContext(tuple((k[start:stop], v[start:stop]) for k, v in self.keys_values), mask)

    @cached_property
    def bias(self) -> Tensor | None:
        """The mask as float32 to add to scores: 0 where true, else -inf."""
        if self.mask is None:
            return None
        return torch.zeros(self.mask.shape, device=self.mask.device).masked_fill(~self.mask, -torch.inf)


def sinusoidal_positions(start: int, stop: int, dim: int, device: torch.device | str = "cpu") -> Tensor:
    """Position vectors [stop - start, dim]: cosines, then sines, of position * 10000 ** (-i / (dim / 2 -
    1))."""
    half = dim // 2
    frequencies = torch.exp(torch.arange(half, device=device) * (-math.log(10000.0) / (half - 1)))
    phase = torch.arange(start, stop, device=device, dtype=torch.float32)[:, None] * frequencies
    return torch.cat([phase.cos(), phase.sin()], dim=-1)


def times(x: Tensor, weight: Tensor) -> Tensor:
    """x W^T, in the precision of W if that is half."""
    return F.linear(x if weight.dtype == torch.float32 else x.to(weight.dtype), weight)


class Attention(nn.Module):
    """Multi-head attention without biases; one matrix holds the projections of query, key and value."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.out_proj = nn.Linear(dim, dim, bias=False)

    def split(self, x: Tensor) -> Tensor:
        """[B, T, n * dim] -> [n, B, H, T, D]."""
        batch, length, _ = x.shape
        dim = self.out_proj.in_features
        return x.view(batch, length, -1, self.num_heads, dim // self.num_heads).permute(2, 0, 3, 1, 4)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        """Queries [B, H, T, D] over keys and values -> [B, T, dim], still to be projected."""
        dropout = self.dropout if self.training else 0.0
        if self.training and not dropout and q.device.type == "cpu" and q.dtype == torch.bfloat16:
            out = blockwise_causal_attention(q, k, v) if causal else masked_attention(q, k, v, mask)
        else:
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=causal)
        return out.transpose(1, 2).flatten(2)

    def project(self, attended: Tensor) -> Tensor:
        """The output projection of what `attend` gives [..., dim]."""
        return times(attended, self.out_proj.weight)


class SelfAttention(Attention):
    """Causal self-attention, over a cache if there is one."""

    def forward(self, x: Tensor, cache: KVCache | None, layer: int) -> Tensor:
        return self.project(self.over_cache(self.qkv(x), cache, layer))

    def qkv(self, x: Tensor) -> Tensor:
        """Queries, keys and values [..., 3 * dim] of inputs [..., dim]."""
        return times(x, self.in_proj_weight)

    def over_cache(self, qkv: Tensor, cache: KVCache | None, layer: int) -> Tensor:
        """Queries, keys and values [B, T, 3 * dim] of the next positions -> [B, T, dim], still to be
        projected."""
        q, k, v = self.split(qkv).unbind(0)
        if cache is None:
            return self.attend(q, k, v, None, causal=True)
        past, new = cache.length, qkv.shape[1]
        k, v = cache.append(layer, k, v)
        if new == 1 or past == 0:
            return self.attend(q.to(k.dtype), k, v, None, causal=new > 1)
        mask = torch.ones(new, past + new, dtype=torch.bool, device=qkv.device).tril(past)
        return self.attend(q.to(k.dtype), k, v, mask, causal=False)


class CrossAttention(Attention):
    """Attention over the conditions."""

    def keys_values(self, context: Tensor) -> KeyValues:
        """Keys and values [B, H, Tc, D] of conditions [B, Tc, dim]."""
        dim = context.shape[-1]
        k, v = self.split(times(context, self.in_proj_weight[dim:])).unbind(0)
        return k, v

    def forward(self, x: Tensor, context: KeyValues, mask: Tensor | None) -> Tensor:
        return self.project(self.over_context(self.queries(x), context, mask))

    def queries(self, x: Tensor) -> Tensor:
        """Queries [..., dim] of inputs [..., dim]."""
        return times(x, self.in_proj_weight[: x.shape[-1]])

    def over_context(self, queries: Tensor, context: KeyValues, mask: Tensor | None) -> Tensor:
        """Queries [B, T, dim] over the conditions -> [B, T, dim], still to be projected."""
        (q,) = self.split(queries).unbind(0)
        k, v = context
        return self.attend(q.to(k.dtype), k, v, mask, causal=False)


class TransformerLayer(nn.Module):
    """x += self-attention; x += cross attention (if any); x += feed-forward with exact GELU.

    Its matrices may be in half precision (see `half`), the sum x and the norms stay float32.
    """

    def __init__(self, dim: int, num_heads: int, hidden: int, cross_attention: bool, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, num_heads, dropout)
        self.linear1 = nn.Linear(dim, hidden, bias=False)
        self.linear2 = nn.Linear(hidden, dim, bias=False)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.cross_attention: CrossAttention | None = None
        if cross_attention:
            self.cross_attention = CrossAttention(dim, num_heads, dropout)
            self.norm_cross = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, context: KeyValues | None, mask: Tensor | None, cache: KVCache | None, layer: int
    ) -> Tensor:
        x = x + self.dropout(self.self_attn(self.norm1(x), cache, layer))
        if self.cross_attention is not None and context is not None:
            rows = context[0].shape[0]
            attended = self.dropout(self.cross_attention(self.norm_cross(x[:rows]), context, mask))
            x = x + attended if rows == len(x) else torch.cat([x[:rows] + attended, x[rows:]])
        out: Tensor = x + self.dropout(self.feed_forward(x))
        return out

    def feed_forward(self, x: Tensor) -> Tensor:
        """[..., dim] -> [..., dim], to be added to x."""
        return times(F.gelu(times(self.norm2(x), self.linear1.weight)), self.linear2.weight)


class Transformer(nn.Module):
    """A causal transformer with sinusoidal positions.

    Args:
        dim: width; must be a multiple of 2 and of num_heads.
        num_heads: attention heads.
        num_layers: layers.
        hidden: width of the feed-forward part.
        cross_attention: whether the layers attend to conditions.
        dropout: in [0, 1), on attention and on each residual branch.
    Raises:
        ConfigError: the widths do not divide.
    """

    positions: Tensor

    def __init__(
        self,
        dim: int,
        num_heads: int,
        num_layers: int,
        hidden: int,
        cross_attention: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if dim % num_heads or dim % 2:
            raise ConfigError(f"transformer width {dim} must be even and a multiple of its {num_heads} heads")
        self.dim = dim
        self.num_heads = num_heads
        self.layers = nn.ModuleList(
            TransformerLayer(dim, num_heads, hidden, cross_attention, dropout) for _ in range(num_layers)
        )
        self.register_buffer("positions", sinusoidal_positions(0, 2048, dim), persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        residual = 1.0 / math.sqrt(2 * len(self.layers))
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = 1.0 / math.sqrt(parameter.shape[1])
                if name.endswith(("out_proj.weight", "linear2.weight")):
                    std *= residual
                nn.init.trunc_normal_(parameter, std=std, a=-3 * std, b=3 * std)

    def position_rows(self, start: int, stop: int) -> Tensor:
        """Position vectors [stop - start, dim]."""
        if stop > self.positions.shape[0]:
            self.positions = sinusoidal_positions(0, 2 * stop, self.dim, self.positions.device)
        return self.positions[start:stop]

    def cross_context(self, context: Tensor, mask: Tensor | None) -> CrossContext:
        """Keys and values of all layers for conditions [B, Tc, dim] with mask [B, Tc] (true = real).

        What the mask hides is not seen, so that a result does not depend on the longest prompt of its batch.
        A row without any real condition sees its zero vectors, whose values are zero: its cross attention
        adds exactly nothing.
        """
        kv = tuple(attention.keys_values(context) for attention in self.cross_attentions)
        if mask is None:
            return CrossContext(kv, None)
        visible = mask.bool()
        visible = visible | ~visible.any(-1, keepdim=True)
        return CrossContext(kv, visible[:, None, None, :])

    @property
    def layer_dtype(self) -> torch.dtype:
        """Number format of the layers' matrices."""
        layer = self.layers[0]
        assert isinstance(layer, TransformerLayer)
        return layer.linear1.weight.dtype

    @property
    def cross_attentions(self) -> list[CrossAttention]:
        """The cross attention of each layer; empty if there is none."""
        return [m for m in self.modules() if isinstance(m, CrossAttention)]

    def forward(self, x: Tensor, context: CrossContext | None = None, cache: KVCache | None = None) -> Tensor:
        """Run over a sequence, or over its next positions.

        Args:
            x: [B, S, dim]. Positions count from 0, or from `cache.length`.
            context: conditions for cross attention.
            cache: extended by S positions.
        Returns:
            [B, S, dim].
        """
        start = 0 if cache is None else cache.length
        x = x + self.position_rows(start, start + x.shape[1]).to(x.dtype)
        for i, layer in enumerate(self.layers):
            x = layer(
                x, context.keys_values[i] if context else None, context.mask if context else None, cache, i
            )
        if cache is not None:
            cache.extend(x.shape[1])
        return x
