"""Streaming of layer stacks: each layer gives out what its inputs so far determine, whatever the chunking.

A layer's state is an opaque immutable value (None at the start of a stream), so that a snapshot of a whole
stack is a tuple of references and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor


class StreamLayer(Protocol):
    """A layer that can be fed in chunks."""

    def stream(self, x: Tensor, state: Any, last: bool) -> tuple[Tensor, Any]:
        """Feeds x [B, C, n >= 0]; `last` ends the stream and brings out everything still owed.

        The outputs of all calls, joined, equal the layer applied to all inputs at once.
        """


def stream_stack(
    layers: Sequence[StreamLayer], x: Tensor, states: tuple[Any, ...] | None, last: bool
) -> tuple[Tensor, tuple[Any, ...]]:
    """Feeds x through `layers` one after the other; returns the output and the new states."""
    if states is None:
        states = (None,) * len(layers)
    following = []
    for layer, state in zip(layers, states, strict=True):
        x, state = layer.stream(x, state, last)
        following.append(state)
    return x, tuple(following)
