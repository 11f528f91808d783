"""Keys and values of past positions, one preallocated buffer a layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from genmodels.errors import GenerationError


class KVCache:
    """Self-attention keys and values of `rows` parallel sequences.

    Each layer has its own buffer, because a step reads and writes them one layer at a time. Cutting back is
    a pointer: the positions beyond `length` are simply overwritten later.

    Args:
        num_layers: layers of the transformer.
        rows: parallel sequences R.
        num_heads, head_dim: H and D.
        capacity: most positions that fit.
    """

    def __init__(
        self,
        num_layers: int,
        rows: int,
        num_heads: int,
        head_dim: int,
        capacity: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.rows = rows
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.capacity = capacity
        self.length = 0
        shape = (2, rows, num_heads, capacity, head_dim)
        self.layers = [torch.zeros(shape, dtype=dtype, device=device) for _ in range(num_layers)]
        """For each layer [2 (key, value), R, H, capacity, D]; valid up to `length`."""

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write the positions from `length` on and return all keys and values [R, H, length + n, D] (views).

        `length` itself moves on with `extend`, once for all layers.
        """
        n = keys.shape[2]
        stop = self.length + n
        self.check_room(stop)
        buffer = self.layers[layer]
        buffer[0, :, :, self.length : stop] = keys
        buffer[1, :, :, self.length : stop] = values
        return buffer[0, :, :, :stop], buffer[1, :, :, :stop]

    def check_room(self, stop: int) -> None:
        """Raise GenerationError unless positions up to `stop` fit."""
        if stop > self.capacity:
            raise GenerationError(
                f"KV cache: {stop} positions do not fit into its capacity of {self.capacity}"
            )

    def extend(self, n: int) -> None:
        """Count `n` positions that every layer has appended."""
        self.length += n

    def truncate(self, length: int) -> None:
        """Forget the positions from `length` on.

        Raises:
            GenerationError: `length` is outside [0, self.length].
        """
        if not 0 <= length <= self.length:
            raise GenerationError(f"KV cache: cannot cut to {length}, it holds {self.length} positions")
        self.length = length

    def copy_row(self, src: int, dst: int) -> None:
        """Make row `dst` equal to row `src`."""
        self.copy_from(self, src, dst)

    def copy_from(self, other: KVCache, src: int, dst: int) -> None:
        """Make row `dst` equal to row `src` of a cache of the same shape, as far as that is filled."""
        for buffer, source in zip(self.layers, other.layers, strict=True):
            buffer[:, dst, :, : other.length] = source[:, src, :, : other.length]

    def empty_like(self, rows: int) -> KVCache:
        """An empty cache of the same kind with so many rows."""
        first = self.layers[0]
        return KVCache(
            len(self.layers), rows, self.num_heads, self.head_dim, self.capacity, first.dtype, first.device
        )

    def gather_rows(self, sources: Sequence[int]) -> KVCache:
        """A new cache whose row i is a copy of this one's row `sources[i]`."""
        other = self.empty_like(len(sources))
        for dst, src in enumerate(sources):
            other.copy_from(self, src, dst)
        other.length = self.length
        return other
