"""A fast decoder for the CPU: 8-bit weights, few calls a step, sliced keys and values.

At one position a step is bound by reading weights and by the overhead of each call, so: weights are int8 (a
quarter of the traffic) with bfloat16 activations; query, key and value are one product, and so are the heads
of all codebooks; attention reads just the filled slice of the cache; the unconditional rows skip cross
attention. The kernel treats every row by itself, so a row's result does not depend on the batch it is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Decoder, Tokens
from genmodels.lm.model import LMModel
from genmodels.lm.quantize import dequantize_rows, quantize_rows
from genmodels.lm.transformer import CrossContext, TransformerLayer

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
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias).bfloat16()


@dataclass(frozen=True)
class _Cross:
    norm: _Norm
    q: PackedLinear
    out: PackedLinear


class _Layer:
    def __init__(self, layer: TransformerLayer, dense: bool) -> None:
        self.norm1 = _Norm.of(layer.norm1)
        self.qkv = PackedLinear(layer.self_attn.in_proj_weight, dense)
        self.out = PackedLinear(layer.self_attn.out_proj.weight, dense)
        self.norm2 = _Norm.of(layer.norm2)
        self.up = PackedLinear(layer.linear1.weight, dense)
        self.down = PackedLinear(layer.linear2.weight, dense)
        self.cross: _Cross | None = None
        if layer.cross_attention is not None:
            q = layer.cross_attention.in_proj_weight[: layer.cross_attention.out_proj.in_features]
            out = layer.cross_attention.out_proj.weight
            self.cross = _Cross(_Norm.of(layer.norm_cross), PackedLinear(q, dense), PackedLinear(out, dense))


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
            logits = self._heads(self._out_norm(x[:, -1]))
            return logits.view(rows, n_q, -1).float()

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        with torch.inference_mode():
            self._blocks(prefix.float().clone(), context, cache)

    def _blocks(self, x: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        """All layers over [R, n, dim], in place; extends the cache."""
        rows, n, dim = x.shape
        past = cache.length
        stop = past + n
        x += self.lm.transformer.position_rows(past, stop)
        flat = x.view(rows * n, dim)
        mask = None if n == 1 or past == 0 else torch.ones(n, stop, dtype=torch.bool).tril(past)
        causal = n > 1 and past == 0
        conditioned = context.keys_values[0][0].shape[0] * n if context else 0
        for i, layer in enumerate(self._layers):
            qkv = layer.qkv(layer.norm1(flat)).view(rows, n, 3, self._num_heads, self._head_dim)
            q, new = qkv[:, :, 0].transpose(1, 2).float(), qkv[:, :, 1:].permute(2, 0, 3, 1, 4)
            keys, values = cache.append(i, new[0], new[1])
            attended = F.scaled_dot_product_attention(q, keys, values, mask, is_causal=causal)
            flat += layer.out(attended.transpose(1, 2).reshape(rows * n, dim).bfloat16())
            if context is not None and layer.cross is not None:
                self._cross(flat[:conditioned], n, layer.cross, context, i)
            flat += layer.down(F.gelu(layer.up(layer.norm2(flat))))
        cache.extend(n)

    def _cross(self, x: Tensor, n: int, cross: _Cross, context: CrossContext, layer: int) -> None:
        """Cross attention of the conditioned rows [R' * n, dim], in place."""
        keys, values = context.keys_values[layer]
        q = cross.q(cross.norm(x)).view(-1, n, self._num_heads, self._head_dim).transpose(1, 2).float()
        attended = F.scaled_dot_product_attention(q, keys, values, context.mask)
        x += cross.out(attended.transpose(1, 2).reshape(x.shape).bfloat16())
