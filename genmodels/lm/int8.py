"""A fast decoder for the CPU: 8-bit weights, few calls a step, sliced keys and values.

At one position a step is bound by reading weights and by the overhead of each call, so: weights are int8 (a
quarter of the traffic) with bfloat16 activations; query, key and value are one product, and so are the heads
of all codebooks; attention reads just the filled slice of the cache; the unconditional rows skip cross
attention. The kernel treats every row by itself, so a row's result does not depend on the batch it is in; nor
does that of several streams in one batch, as those with many positions, which take the dense product, run by
themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Call, Decoder, Tokens
from genmodels.lm.model import LMModel
from genmodels.lm.quantize import dequantize_rows, quantize_rows
from genmodels.lm.together import Stream
from genmodels.lm.transformer import CrossAttention, CrossContext, TransformerLayer

# from this many rows on, a dense bfloat16 product is faster than the 8-bit kernel
_DENSE_ROWS = 16


class PackedLinear:
    """A linear layer without bias, from bfloat16 [M, in] to bfloat16 [M, out].

    Args:
        weight: [out, in] float.
        dense: also keep a bfloat16 copy, for many rows at once.
    """

    def __init__(self, weight: Tensor, dense: bool) -> None:
        self.weight, scale = quantize_rows(weight)
        self.scale = scale.bfloat16()
        self.dense = dequantize_rows(self.weight, scale).bfloat16() if dense else None

    def __call__(self, x: Tensor, many: bool) -> Tensor:
        if self.dense is not None and many:
            return F.linear(x, self.dense)
        return torch._weight_int8pack_mm(x, self.weight, self.scale)


@dataclass(frozen=True)
class _Norm:
    weight: Tensor
    bias: Tensor

    @staticmethod
    def of(norm: nn.Module) -> _Norm:
        assert isinstance(norm, nn.LayerNorm)
        return _Norm(norm.weight.detach().float(), norm.bias.detach().float())

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias)


@dataclass(frozen=True)
class FusedCross:
    """Cross attention of one layer with one context.

    With keys K and values V fixed, queries and outputs need no products of their own: scores = x (Wq K^T) and
    out = p (V Wout). A prompt has few words, so these matrices are much smaller than Wq and Wout.

    Args:
        scores: [R, dim, H * Tc].
        outputs: [R, H * Tc, dim].
    """

    scores: Tensor
    outputs: Tensor

    @staticmethod
    def of(attention: CrossAttention, keys: Tensor, values: Tensor) -> FusedCross:
        rows, heads, _, head_dim = keys.shape
        dim = heads * head_dim
        q = attention.in_proj_weight[:dim].detach().float().view(heads, head_dim, dim)
        out = attention.out_proj.weight.detach().float().view(dim, heads, head_dim)
        scores = torch.einsum("hdi,rhjd->rihj", q, keys.float()) / math.sqrt(head_dim)
        outputs = torch.einsum("rhjd,ohd->rhjo", values.float(), out)
        return FusedCross(scores.reshape(rows, dim, -1), outputs.reshape(rows, -1, dim).contiguous())


class _Layer:
    def __init__(self, layer: TransformerLayer, dense: bool) -> None:
        self.norm1 = _Norm.of(layer.norm1)
        self.qkv = PackedLinear(layer.self_attn.in_proj_weight, dense)
        self.out = PackedLinear(layer.self_attn.out_proj.weight, dense)
        self.norm2 = _Norm.of(layer.norm2)
        self.up = PackedLinear(layer.linear1.weight, dense)
        self.down = PackedLinear(layer.linear2.weight, dense)
        self.cross = layer.cross_attention
        self.norm_cross = None if layer.cross_attention is None else _Norm.of(layer.norm_cross)


class Int8Decoder(Decoder):
    """Decodes with 8-bit copies of a model's weights; keys and values, norms and the residual stream are
    float32.

    Args:
        lm: a model on the CPU. Later changes of its weights are not seen.
    """

    precision = "int8"

    def __init__(self, lm: LMModel) -> None:
        self.lm = lm
        transformer = lm.transformer
        # elsewhere dense bfloat16 products are emulated, and slower than the 8-bit kernel
        dense = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        with torch.no_grad():
            tables = [table.weight for table in lm.emb if isinstance(table, nn.Embedding)]
            self._table = torch.cat(tables).float()
            self._layers = [
                _Layer(layer, dense) for layer in transformer.layers if isinstance(layer, TransformerLayer)
            ]
            self._out_norm = _Norm.of(lm.out_norm)
            heads = torch.cat([head.weight for head in lm.linears if isinstance(head, nn.Linear)])
            self._heads = PackedLinear(heads, dense=False)
        self._fused: WeakKeyDictionary[CrossContext, list[FusedCross]] = WeakKeyDictionary()
        self._offsets = torch.arange(lm.n_q) * (lm.card + 1)
        self._num_heads = transformer.num_heads
        self._head_dim = transformer.dim // transformer.num_heads

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        return KVCache(len(self._layers), rows, self._num_heads, self._head_dim, capacity)

    def run(
        self,
        tokens: Tokens,
        added: Tensor | None,
        context: CrossContext | None,
        cache: KVCache,
        want_logits: bool = True,
    ) -> Tensor | None:
        return self.run_together([Call(tokens, added, context, cache, want_logits)])[0]

    def run_together(self, calls: Sequence[Call]) -> list[Tensor | None]:
        results: list[Tensor | None] = [None] * len(calls)
        few = [i for i, call in enumerate(calls) if not _is_many(len(call.tokens) * call.tokens.shape[2])]
        batches = [few] if few else []
        batches += [[i] for i in range(len(calls)) if i not in few]
        with torch.inference_mode():
            for batch in batches:
                for i, result in zip(batch, self._run([calls[i] for i in batch]), strict=True):
                    results[i] = result
        return results

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        with torch.inference_mode():
            rows, n, dim = prefix.shape
            self._blocks(prefix.float().reshape(-1, dim).clone(), [Stream(rows, n, context, cache)])

    def _run(self, calls: Sequence[Call]) -> list[Tensor | None]:
        streams = [Stream(len(c.tokens), c.tokens.shape[2], c.context, c.cache) for c in calls]
        tokens = np.concatenate([call.tokens.transpose(0, 2, 1).reshape(-1, self.lm.n_q) for call in calls])
        x = F.embedding_bag(torch.from_numpy(tokens) + self._offsets, self._table, mode="sum")
        sizes = [stream.count for stream in streams]
        for part, call in zip(torch.split(x, sizes), calls, strict=True):
            if call.added is not None:
                added = call.added.flatten(0, 1)
                part[: len(added)] += added
        self._blocks(x, streams)
        wanted = [
            (part, s)
            for part, s, c in zip(torch.split(x, sizes), streams, calls, strict=True)
            if c.want_logits
        ]
        if not wanted:
            return [None] * len(calls)
        lasts = torch.cat([part.view(s.rows, s.n, -1)[:, -1] for part, s in wanted])
        heads = self._heads(self._out_norm(lasts).bfloat16(), many=False)
        logits = heads.view(len(lasts), self.lm.n_q, -1).float()
        parts = iter(torch.split(logits, [s.rows for _, s in wanted]))
        return [next(parts) if call.want_logits else None for call in calls]

    def _blocks(self, x: Tensor, streams: Sequence[Stream]) -> None:
        """All layers over the positions [sum of rows * n, dim] of all streams, in place; extends their
        caches."""
        parts = torch.split(x, [stream.count for stream in streams])
        runs = [_Run(self, part, stream) for part, stream in zip(parts, streams, strict=True)]
        many = _is_many(len(x)) and len(streams) == 1
        for i, layer in enumerate(self._layers):
            qkv = layer.qkv(layer.norm1(x).bfloat16(), many)
            own = torch.split(qkv, [stream.count for stream in streams])
            attended = [run.attend(i, part) for run, part in zip(runs, own, strict=True)]
            x += layer.out((attended[0] if len(runs) == 1 else torch.cat(attended)).bfloat16(), many)
            if layer.norm_cross is not None:
                for run in runs:
                    run.cross(i, layer.norm_cross)
            # GELU in float32, because in bfloat16 it takes twice as long
            up = layer.up(layer.norm2(x).bfloat16(), many)
            x += layer.down(F.gelu(up.float()).bfloat16(), many)
        for stream in streams:
            stream.cache.extend(stream.n)

    def fused_context(self, context: CrossContext) -> list[FusedCross]:
        if context not in self._fused:
            self._fused[context] = [
                FusedCross.of(layer.cross, *context.keys_values[i])
                for i, layer in enumerate(self._layers)
                if layer.cross is not None
            ]
        return self._fused[context]


class _Run:
    """Attention of one stream of a batch.

    Args:
        decoder: whose cache and contexts they are.
        x: [rows * n, dim], the stream's part of the batch.
        stream: its shape, cache and context.
    """

    def __init__(self, decoder: Int8Decoder, x: Tensor, stream: Stream) -> None:
        cache = stream.cache
        self._stream = stream
        self._heads = (cache.num_heads, cache.head_dim)
        self._past, self._stop = cache.length, cache.length + stream.n
        cache.check_room(self._stop)
        self._x = x.view(stream.rows, stream.n, -1)
        self._x += decoder.lm.transformer.position_rows(self._past, self._stop)
        self._causal = stream.n > 1 and self._past == 0
        self._mask: Tensor | None = None
        if stream.n > 1 and self._past > 0:
            self._mask = torch.full((stream.n, self._stop), -torch.inf).triu(self._past + 1)
        self._fused = None if stream.context is None else decoder.fused_context(stream.context)

    def attend(self, layer: int, qkv: Tensor) -> Tensor:
        """Self-attention [rows * n, dim] from queries, keys and values [rows * n, 3 * dim]."""
        rows, n = self._stream.rows, self._stream.n
        parts = qkv.view(rows, n, 3, *self._heads).permute(2, 0, 3, 1, 4)
        buffer = self._stream.cache.layers[layer]
        buffer[:, :, :, self._past : self._stop].copy_(parts[1:])
        seen = buffer[:, :, :, : self._stop]
        attended = F.scaled_dot_product_attention(
            parts[0].float(), seen[0], seen[1], self._mask, is_causal=self._causal
        )
        return attended.transpose(1, 2).reshape(rows * n, -1)

    def cross(self, layer: int, norm: _Norm) -> None:
        """Cross attention of the first rows, added in place; the other rows get nothing."""
        context = self._stream.context
        if context is None or self._fused is None:
            return
        fused = self._fused[layer]
        rows, _, keys = fused.scores.shape
        heads = self._heads[0]
        conditioned = self._x if len(self._x) == rows else self._x[:rows]
        scores = torch.bmm(norm(conditioned), fused.scores).view(rows, -1, heads, keys // heads)
        if context.bias is not None:
            scores += context.bias
        conditioned += torch.bmm(scores.softmax(-1).view(rows, -1, keys), fused.outputs)


def _is_many(positions: int) -> bool:
    return positions >= _DENSE_ROWS
