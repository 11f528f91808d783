"""A fast decoder for the CPU: 8-bit weights, few calls a step, sliced keys and values.

At one position a step is bound by reading weights and by the overhead of each call, so: weights are int8 (a
quarter of the traffic) with bfloat16 activations; query, key and value are one product, and so are the heads
of all codebooks; attention reads just the filled slice of the cache; the unconditional rows skip cross
attention. The kernel treats every row by itself, so a row's result does not depend on the batch it is in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Decoder, Tokens
from genmodels.lm.model import LMModel
from genmodels.lm.quantize import dequantize_rows, quantize_rows
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

    def __call__(self, x: Tensor) -> Tensor:
        if self.dense is not None and len(x) >= _DENSE_ROWS:
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
        with torch.inference_mode():
            rows, n_q, n = tokens.shape
            ids = torch.from_numpy(tokens).transpose(1, 2).reshape(rows * n, n_q) + self._offsets
            x = F.embedding_bag(ids, self._table, mode="sum").view(rows, n, -1)
            if added is not None:
                x[: len(added)] += added
            self._blocks(x, context, cache)
            if not want_logits:
                return None
            logits = self._heads(self._out_norm(x[:, -1]).bfloat16())
            return logits.view(rows, n_q, -1).float()

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        with torch.inference_mode():
            self._blocks(prefix.float().clone(), context, cache)

    def _blocks(self, x: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        """All layers over [R, n, dim], in place; extends the cache."""
        rows, n, dim = x.shape
        past = cache.length
        stop = past + n
        cache.check_room(stop)
        x += self.lm.transformer.position_rows(past, stop)
        flat = x.view(rows * n, dim)
        mask = None
        if n > 1 and past > 0:
            mask = torch.full((n, stop), -torch.inf).triu(past + 1)
        causal = n > 1 and past == 0
        fused = self._fused_context(context) if context is not None else None
        for i, layer in enumerate(self._layers):
            qkv = layer.qkv(layer.norm1(flat).bfloat16())
            parts = qkv.view(rows, n, 3, self._num_heads, self._head_dim).permute(2, 0, 3, 1, 4)
            buffer = cache.layers[i]
            buffer[:, :, :, past:stop].copy_(parts[1:])
            seen = buffer[:, :, :, :stop]
            attended = F.scaled_dot_product_attention(
                parts[0].float(), seen[0], seen[1], mask, is_causal=causal
            )
            flat += layer.out(attended.transpose(1, 2).reshape(rows * n, dim).bfloat16())
            if fused is not None and context is not None and layer.norm_cross is not None:
                self._cross(x, layer.norm_cross, fused[i], context)
            # GELU in float32, because in bfloat16 it takes twice as long
            flat += layer.down(F.gelu(layer.up(layer.norm2(flat).bfloat16()).float()).bfloat16())
        cache.extend(n)

    def _cross(self, x: Tensor, norm: _Norm, fused: FusedCross, context: CrossContext) -> None:
        """Cross attention of the first rows of [R, n, dim], in place; the other rows get nothing."""
        rows, _, keys = fused.scores.shape
        conditioned = x if len(x) == rows else x[:rows]
        scores = torch.bmm(norm(conditioned), fused.scores).view(
            rows, -1, self._num_heads, keys // self._num_heads
        )
        if context.bias is not None:
            scores += context.bias
        conditioned += torch.bmm(scores.softmax(-1).view(rows, -1, keys), fused.outputs)

    def _fused_context(self, context: CrossContext) -> list[FusedCross]:
        if context not in self._fused:
            self._fused[context] = [
                FusedCross.of(layer.cross, *context.keys_values[i])
                for i, layer in enumerate(self._layers)
                if layer.cross is not None
            ]
        return self._fused[context]
