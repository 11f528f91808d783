"""The fastest decoder for the CPU: one compiled function for all layers, see `native_src/step.cpp`.

Weights are 8-bit with one scale a row, activations 16-bit, keys and values bfloat16, everything else float32.
The products are sums of integers and thereby exact, so a result depends neither on the batch nor on how
positions are taken in. One thread; Python's lock is released meanwhile.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_void_p
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import ConfigError, GenerationError
from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Call, Decoder, Tokens
from genmodels.lm.int8 import FusedCross
from genmodels.lm.model import LMModel
from genmodels.lm.native_build import BUILD_COMMAND, library_path, load_library
from genmodels.lm.native_structs import (
    NativeCall,
    NativeCross,
    NativeLayer,
    NativeLinear,
    NativeModel,
    NativeNorm,
)
from genmodels.lm.quantize import quantize_rows
from genmodels.lm.transformer import CrossContext, TransformerLayer

HEAD_WIDTHS = (32, 64, 96, 128)
_BLOCK = 32
"""Outputs that are computed together, and numbers that are packed together."""
_LONGEST_ROW = 65536


@dataclass(frozen=True)
class _PackedContext:
    """Cross attention of all layers with one context. The tensors are what the pointers point into."""

    rows: int
    keys: int
    layers: ctypes.Array[NativeCross]
    bias: Tensor | None
    tensors: tuple[Tensor, ...]


class NativeDecoder(Decoder):
    """Decodes with 8-bit copies of a model's weights, by compiled code.

    Args:
        lm: a model on the CPU. Later changes of its weights are not seen.
        library: where the compiled code is; by default where `native_build` puts it.
    Raises:
        ConfigError: the code has not been built for this machine, or the model is beyond its limits.
    """

    precision = "native"

    def __init__(self, lm: LMModel, library: Path | None = None) -> None:
        loaded = load_library(library or library_path())
        if loaded is None:
            raise ConfigError(
                f"precision 'native' needs compiled code that has not been built here: {BUILD_COMMAND}"
            )
        reason = unsupported(lm)
        if reason is not None:
            raise ConfigError(f"precision 'native' cannot run this model: {reason}; choose 'int8'")
        self.lm = lm
        self._library = loaded
        transformer = lm.transformer
        self._num_heads = transformer.num_heads
        self._head_dim = transformer.dim // transformer.num_heads
        self._num_layers = len(transformer.layers)
        self._cross = bool(transformer.cross_attentions)
        self._outputs = lm.n_q * lm.card
        self._kept: list[Tensor] = []
        with torch.no_grad():
            self._model = self._packed_model()
        self._contexts: WeakKeyDictionary[CrossContext, _PackedContext] = WeakKeyDictionary()

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        # the compiled code keeps the numbers of a position in an order of its own
        return KVCache(self._num_layers, rows, self._num_heads, self._head_dim, capacity, torch.bfloat16)

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
        kept: list[object] = []
        packed = []
        for call in calls:
            tokens = np.ascontiguousarray(call.tokens, dtype=np.int64)
            own = self._call(len(tokens), tokens.shape[2], call.context, call.cache, kept)
            own.tokens, own.predicts = tokens.ctypes.data, call.want_logits
            kept.append(tokens)
            if call.added is not None:
                added = call.added.detach().float().contiguous()
                own.added, own.added_rows = added.data_ptr(), len(added)
                kept.append(added)
            packed.append(own)
        rows = [own.rows if own.predicts else 0 for own in packed]
        logits = torch.empty(sum(rows), _padded(self._outputs))
        self._step(packed, [call.cache for call in calls], logits)
        shaped = logits[:, : self._outputs].view(-1, self.lm.n_q, self.lm.card)
        parts = torch.split(shaped, rows)
        return [part if call.want_logits else None for part, call in zip(parts, calls, strict=True)]

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        values = prefix.detach().float().contiguous()
        kept: list[object] = []
        call = self._call(len(values), values.shape[1], context, cache, kept)
        call.input = values.data_ptr()
        self._step([call], [cache], None)

    def _call(
        self, rows: int, n: int, context: CrossContext | None, cache: KVCache, kept: list[object]
    ) -> NativeCall:
        """A call but for its inputs; what it points into is added to `kept`."""
        stop = cache.length + n
        cache.check_room(stop)
        positions = self.lm.transformer.position_rows(cache.length, stop)
        buffers = (c_void_p * self._num_layers)(*(buffer.data_ptr() for buffer in cache.layers))
        kept += [positions, buffers]
        call = NativeCall(rows=rows, n=n, past=cache.length, capacity=cache.capacity)
        call.positions, call.cache = positions.data_ptr(), ctypes.addressof(buffers)
        if context is not None and self._cross:
            packed = self._packed_context(context)
            call.cross_rows, call.cross_keys = packed.rows, packed.keys
            call.cross = ctypes.addressof(packed.layers)
            call.cross_bias = None if packed.bias is None else packed.bias.data_ptr()
        return call

    def _step(self, calls: Sequence[NativeCall], caches: Sequence[KVCache], logits: Tensor | None) -> None:
        """Carry calls out and extend their caches."""
        array = (NativeCall * len(calls))(*calls)
        failed = self._library.native_step(
            byref(self._model), array, len(calls), None if logits is None else c_void_p(logits.data_ptr())
        )
        if failed:
            reasons = {1: f"a token is outside [0, {self.lm.card}]", 2: "there is no memory left"}
            raise GenerationError(f"decoder: {reasons.get(failed, failed)}")
        for call, cache in zip(calls, caches, strict=True):
            cache.extend(call.n)

    def _keep(self, tensor: Tensor) -> int:
        """Address of a tensor that stays as long as this does."""
        tensor = tensor.detach().contiguous()
        self._kept.append(tensor)
        return tensor.data_ptr()

    def _packed_model(self) -> NativeModel:
        lm, layers = self.lm, (NativeLayer * self._num_layers)()
        matrices: list[tuple[NativeLinear, Tensor]] = []
        for packed, layer in zip(layers, lm.transformer.layers, strict=True):
            assert isinstance(layer, TransformerLayer)
            packed.norm1, packed.norm2 = self._norm(layer.norm1), self._norm(layer.norm2)
            if layer.cross_attention is not None:
                packed.norm_cross = self._norm(layer.norm_cross)
            matrices += [
                (packed.qkv, layer.self_attn.in_proj_weight),
                (packed.out, layer.self_attn.out_proj.weight),
                (packed.up, layer.linear1.weight),
                (packed.down, layer.linear2.weight),
            ]
        tables = torch.cat([table.weight for table in lm.emb if isinstance(table, nn.Embedding)])
        model = NativeModel(
            dim=lm.dim,
            num_heads=self._num_heads,
            num_layers=self._num_layers,
            n_q=lm.n_q,
            card=lm.card,
            table=self._keep(tables.float()),
            layers=layers,
            out_norm=self._norm(lm.out_norm),
        )
        heads = torch.cat([head.weight for head in lm.linears if isinstance(head, nn.Linear)])
        self._fill([*matrices, (model.heads, heads)])
        return model

    def _norm(self, norm: nn.Module) -> NativeNorm:
        assert isinstance(norm, nn.LayerNorm)
        return NativeNorm(self._keep(norm.weight.float()), self._keep(norm.bias.float()), norm.eps)

    def _fill(self, matrices: Sequence[tuple[NativeLinear, Tensor]]) -> None:
        """Quantize matrices into one stretch of memory, in order of use."""
        panels = bool(self._library.native_panels())
        parts = []
        for linear, matrix in matrices:
            weight, scale = quantize_rows(F.pad(matrix, (0, 0, 0, _padded(len(matrix)) - len(matrix))))
            linear.outputs, linear.inputs = weight.shape
            linear.scale = self._keep(scale)
            linear.sums = self._keep(weight.sum(1, dtype=torch.int32))
            parts.append(_panels(weight) if panels else weight.flatten())
        address = self._keep(torch.cat(parts))
        for (linear, _), part in zip(matrices, parts, strict=True):
            linear.weight = address
            address += len(part)

    def _packed_context(self, context: CrossContext) -> _PackedContext:
        if context not in self._contexts:
            keys_values, lanes = context.keys_values, self._library.native_lanes()
            tensors: list[Tensor] = []
            layers = (NativeCross * self._num_layers)()
            with torch.no_grad():
                attentions = self.lm.transformer.cross_attentions
                for packed, attention, (keys, values) in zip(layers, attentions, keys_values, strict=True):
                    # row by row, because a batched product depends on the batch
                    slices = [slice(row, row + 1) for row in range(len(keys))]
                    fused = [FusedCross.of(attention, keys[one], values[one]) for one in slices]
                    scores = torch.cat([row.scores for row in fused])
                    scores = F.pad(scores, (0, _padded(scores.shape[2]) - scores.shape[2]))
                    outputs = torch.cat([row.outputs for row in fused])
                    tensors += [_bfloat_pairs(scores, lanes), _bfloat_pairs(outputs, lanes)]
                    packed.scores, packed.outputs = tensors[-2].data_ptr(), tensors[-1].data_ptr()
            bias = None if context.bias is None else context.bias.flatten(1).float().contiguous()
            rows, _, keys_count, _ = keys_values[0][0].shape
            self._contexts[context] = _PackedContext(rows, keys_count, layers, bias, tuple(tensors))
        return self._contexts[context]


def available(lm: LMModel) -> bool:
    """Whether the compiled code has been built for this machine and can run a model."""
    return load_library(library_path()) is not None and unsupported(lm) is None


def unsupported(lm: LMModel) -> str | None:
    """Why the compiled decoder cannot run a model; None if it can."""
    transformer = lm.transformer
    width = transformer.dim // transformer.num_heads
    hidden = [
        layer.linear1.out_features for layer in transformer.layers if isinstance(layer, TransformerLayer)
    ]
    if lm.device.type != "cpu":
        return f"it is on {lm.device}, not on the CPU"
    if width not in HEAD_WIDTHS:
        return f"its heads are {width} wide, not one of {HEAD_WIDTHS}"
    if any(size % _BLOCK or size > _LONGEST_ROW for size in hidden):
        return f"its feed-forward width {hidden[0]} is not a multiple of {_BLOCK} up to {_LONGEST_ROW}"
    return None


def _padded(n: int) -> int:
    return -(-n // _BLOCK) * _BLOCK


def _panels(weight: Tensor) -> Tensor:
    """[out, in] to [out / 32, in / 4, 32, 4], flat."""
    rows, columns = weight.shape
    return weight.view(rows // _BLOCK, _BLOCK, columns // 4, 4).transpose(1, 2).flatten()


def _bfloat_pairs(matrix: Tensor, lanes: int) -> Tensor:
    """[R, in, out] to bfloat16 [R, out / 2 lanes, in, lanes, 2]; pairs are the numbers j and j + lanes."""
    rows, inputs, outputs = matrix.shape
    blocks = matrix.view(rows, inputs, outputs // (2 * lanes), 2, lanes)
    return blocks.permute(0, 2, 1, 4, 3).bfloat16().contiguous()
