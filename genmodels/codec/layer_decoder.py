"""Incremental decoder of a codec whose decoder is a stack of stream layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.codec.base import CompressionModel, StreamingDecoder
from genmodels.codec.streaming import StreamLayer, stream_stack


@torch.no_grad()
def measure_lookahead(layers: Sequence[StreamLayer], silence: Tensor, hop: int) -> int:
    """How many frames ahead the exact PCM of a frame depends on, found by feeding a stream.

    Args:
        layers: from latents to audio.
        silence: one latent frame of zeros [1, D, 1].
        hop: samples per frame.
    """
    states, samples, pushed = None, 0, 0
    while samples < hop:
        y, states = stream_stack(layers, silence, states, False)
        samples, pushed = samples + y.shape[-1], pushed + 1
    return pushed - 1


@dataclass(frozen=True)
class LayerStreamState:
    """Where a stream stands.

    Attributes:
        layers: state of each layer; None before the first push.
        pending: audio [B, C, n < hop] that is exact but no whole frame yet; None before the first push.
    """

    layers: tuple[Any, ...] | None = None
    pending: Tensor | None = None


class LayerStreamingDecoder(StreamingDecoder):
    """Carries each layer's own state, so that nothing is computed twice and non-causal layers too are exact.

    Args:
        codec: gives latents for codes, and the hop.
        layers: from latents to audio; with at most a frame missing at the end, which is filled by zeros.
        silence: one latent frame of zeros [1, D, 1].
        lookahead_frames: see `measure_lookahead`.
    """

    def __init__(
        self, codec: CompressionModel, layers: Sequence[StreamLayer], silence: Tensor, lookahead_frames: int
    ) -> None:
        self._codec, self._layers, self._silence = codec, layers, silence
        self.lookahead_frames = lookahead_frames
        self._state = LayerStreamState()

    def reset(self) -> None:
        self._state = LayerStreamState()

    def snapshot(self) -> LayerStreamState:
        return self._state

    def restore(self, state: LayerStreamState) -> None:
        self._state = state

    def _feed(self, latents: Tensor, last: bool) -> tuple[Tensor, tuple[Any, ...]]:
        """Latents [B, D, n] in; all exact samples not given out yet [B, C, m], and the layers' states."""
        y, states = stream_stack(self._layers, latents, self._state.layers, last)
        pending = self._state.pending
        return y if pending is None else torch.cat([pending, y], -1), states

    @torch.no_grad()
    def push(self, codes: Tensor) -> Tensor:
        ready, states = self._feed(self._codec.decode_latent(codes), False)
        whole = ready.shape[-1] // self._codec.hop_length * self._codec.hop_length
        self._state = LayerStreamState(states, ready[..., whole:].clone())
        return ready[..., :whole]

    @torch.no_grad()
    def flush(self) -> Tensor:
        pending = self._state.pending
        if pending is None:
            return self._silence.new_zeros(1, self._codec.channels, 0)
        owed, _ = self._feed(self._silence[..., :0].expand(len(pending), -1, -1), True)
        return F.pad(owed, (0, -owed.shape[-1] % self._codec.hop_length))
