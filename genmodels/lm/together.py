"""One pass over a transformer's weights for the next positions of several independent streams.

Linear layers, norms and feed-forward see the positions of all streams as one batch; attention goes over each
stream's own keys and values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.lm.cache import KVCache
from genmodels.lm.transformer import CrossAttention, CrossContext, Transformer, TransformerLayer


@dataclass(frozen=True)
class Stream:
    """The next `n` positions of the `rows` of a cache, and what their first rows attend to."""

    rows: int
    n: int
    context: CrossContext | None
    cache: KVCache

    @property
    def count(self) -> int:
        """Positions of all rows."""
        return self.rows * self.n

    @property
    def conditioned(self) -> int:
        """Positions of the rows with cross attention; these come first."""
        return 0 if self.context is None else self.context.rows * self.n


def run_layers_together(transformer: Transformer, x: Tensor, streams: Sequence[Stream]) -> Tensor:
    """What `Transformer.forward` does to each stream.

    Args:
        transformer: whose layers to run; not in training.
        x: [sum of rows * n, dim], inputs without positions, row by row, stream by stream.
        streams: each cache is extended by n positions.
    Returns:
        like x.
    """
    x = x + torch.cat([_positions(transformer, stream).to(x.dtype) for stream in streams])
    sizes = [stream.count for stream in streams]
    for number, layer in enumerate(transformer.layers):
        assert isinstance(layer, TransformerLayer)
        attention = layer.self_attn
        qkv = torch.split(attention.qkv(layer.norm1(x)), sizes)
        attended = [
            attention.over_cache(part.view(stream.rows, stream.n, -1), stream.cache, number).flatten(0, 1)
            for part, stream in zip(qkv, streams, strict=True)
        ]
        x = x + attention.project(torch.cat(attended))
        if layer.cross_attention is not None:
            _cross(layer, layer.cross_attention, x, streams, number)
        x = x + layer.feed_forward(x)
    for stream in streams:
        stream.cache.extend(stream.n)
    return x


def _positions(transformer: Transformer, stream: Stream) -> Tensor:
    start = stream.cache.length
    return transformer.position_rows(start, start + stream.n).repeat(stream.rows, 1)


def _cross(
    layer: TransformerLayer, attention: CrossAttention, x: Tensor, streams: Sequence[Stream], number: int
) -> None:
    """Cross attention of the conditioned positions, added to x in place."""
    seen = [
        (part[: stream.conditioned], stream, stream.context)
        for part, stream in zip(torch.split(x, [stream.count for stream in streams]), streams, strict=True)
        if stream.context is not None
    ]
    if not seen:
        return
    sizes = [len(part) for part, _, _ in seen]
    normal = layer.norm_cross(torch.cat([part for part, _, _ in seen]))
    queries = torch.split(attention.queries(normal), sizes)
    attended = [
        attention.over_context(
            own.view(context.rows, stream.n, -1), context.keys_values[number], context.mask
        ).flatten(0, 1)
        for own, (_, stream, context) in zip(queries, seen, strict=True)
    ]
    results = torch.split(attention.project(torch.cat(attended)), sizes)
    for (part, _, _), result in zip(seen, results, strict=True):
        part += result
