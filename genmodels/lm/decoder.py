"""Running a language model position by position over a KV cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genmodels.errors import ConfigError
from genmodels.lm.cache import KVCache
from genmodels.lm.half import half_transformer
from genmodels.lm.together import Stream, run_layers_together
from genmodels.lm.transformer import CrossContext, Transformer

if TYPE_CHECKING:
    from genmodels.lm.model import LMModel

Precision = Literal["auto", "fp32", "half", "int8", "native"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
Tokens = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Call:
    """The next positions of one stream: the arguments of `Decoder.run`."""

    tokens: Tokens
    added: Tensor | None
    context: CrossContext | None
    cache: KVCache
    want_logits: bool = True


class Decoder(ABC):
    """Extends sequences that live in a KV cache. Rows are independent sequences.

    Attributes:
        lm: the model whose weights it runs; the conditioners are used from there.
        precision: ``'fp32'``, ``'half'``, ``'int8'`` or ``'native'``, see `make_decoder`.
        exact_together: whether `run_together` gives the very bits of `run`, whoever else is in the batch.
    """

    lm: LMModel
    precision: Precision
    exact_together: bool = True

    @abstractmethod
    def new_cache(self, rows: int, capacity: int) -> KVCache:
        """An empty cache of so many rows and positions."""

    @abstractmethod
    def run(
        self,
        tokens: Tokens,
        added: Tensor | None,
        context: CrossContext | None,
        cache: KVCache,
        want_logits: bool = True,
    ) -> Tensor | None:
        """Take in the next n positions of every row.

        Args:
            tokens: [R, K, n] in [0, card].
            added: [R', n, dim] to add to the input of the first R' rows.
            context: for cross attention of its own, first rows; the others get nothing from it.
            cache: of R rows; extended by n.
            want_logits: whether the result is needed.
        Returns:
            logits [R, K, card] float32 on the CPU, predicted by the last position; None unless wanted.
        """

    def run_together(self, calls: Sequence[Call]) -> list[Tensor | None]:
        """Take in the next positions of several streams, each with its own cache, conditions and length.

        Where that is faster, the weights are read once for all of them, and only attention is each stream's
        own; otherwise streams run one after the other.

        Args:
            calls: one a stream; no two with the same cache.
        Returns:
            for each stream what `run` returns: bit for bit if `exact_together`, else to rounding.
        """
        return [
            self.run(call.tokens, call.added, call.context, call.cache, call.want_logits) for call in calls
        ]

    @abstractmethod
    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        """Take in prepended conditions [R, P, dim] as the first positions."""


class ModuleDecoder(Decoder):
    """The model's own layers, or others in their place, on any device and in the precision of their weights.

    Args:
        lm: the model.
        transformer: used instead of the model's own.
        batches: whether streams run as one batch. A library's products of matrices round by the size of the
            batch, so the bits of a stream then depend on the others; therefore by default not on a CPU, where
            a session that is repeated should play the same.
    """

    def __init__(
        self, lm: LMModel, transformer: Transformer | None = None, batches: bool | None = None
    ) -> None:
        self.lm = lm
        self._transformer = transformer or lm.transformer
        self.precision = "fp32" if self._transformer.layer_dtype == torch.float32 else "half"
        # attention with one query in half precision is several times slower on a CPU
        on_cpu = lm.device.type == "cpu"
        self._batches = not on_cpu if batches is None else batches
        self.exact_together = not self._batches
        self._cache_dtype = torch.float32 if on_cpu else self._transformer.layer_dtype

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        layers, heads = len(self._transformer.layers), self._transformer.num_heads
        head_dim = self._transformer.dim // heads
        return KVCache(layers, rows, heads, head_dim, capacity, self._cache_dtype, self.lm.device)

    def run(
        self,
        tokens: Tokens,
        added: Tensor | None,
        context: CrossContext | None,
        cache: KVCache,
        want_logits: bool = True,
    ) -> Tensor | None:
        with torch.inference_mode():
            x = self.lm.embed(torch.from_numpy(tokens).to(self.lm.device))
            if added is not None:
                x[: len(added)] += added
            x = self._transformer(x, context, cache)
            return self.lm.heads(x[:, -1:])[:, :, 0].float().cpu() if want_logits else None

    def run_together(self, calls: Sequence[Call]) -> list[Tensor | None]:
        if not self._batches or len(calls) < 2:
            return super().run_together(calls)
        with torch.inference_mode():
            x = torch.cat([self._inputs(call) for call in calls])
            streams = [Stream(len(c.tokens), c.tokens.shape[2], c.context, c.cache) for c in calls]
            x = run_layers_together(self._transformer, x, streams)
            lasts = [
                part.view(stream.rows, stream.n, -1)[:, -1]
                for part, stream in zip(torch.split(x, [s.count for s in streams]), streams, strict=True)
            ]
            logits = self.lm.heads(torch.cat(lasts)[:, None])[:, :, 0].float().cpu()
        parts = torch.split(logits, [stream.rows for stream in streams])
        return [part if call.want_logits else None for part, call in zip(parts, calls, strict=True)]

    def _inputs(self, call: Call) -> Tensor:
        """[R * n, dim], without positions."""
        x = self.lm.embed(torch.from_numpy(call.tokens).to(self.lm.device))
        if call.added is not None:
            x[: len(call.added)] += call.added
        return x.flatten(0, 1)

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        with torch.inference_mode():
            self._transformer(prefix.float(), context, cache)


def make_decoder(lm: LMModel, precision: Precision = "auto") -> Decoder:
    """The decoder to generate with.

    Args:
        lm: the model; its weights are taken as they are now.
        precision: 'fp32' (the model's own layers), 'half' (their matrices in float16, on a CPU in bfloat16,
            see `half`), 'int8' (CPU only; several times faster than fp32), 'native' (CPU only; several times
            faster again, see `native_build`), or 'auto': on the CPU native if it has been built and the model
            fits it, else int8; half elsewhere.
    Raises:
        ConfigError: unknown precision; fp32, where the model was loaded in half precision; int8 or native on
            another device than the CPU; or native, where it has not been built or does not fit.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision is {precision!r}, must be one of {', '.join(map(repr, PRECISIONS))}")
    on_cpu = lm.device.type == "cpu"
    if precision == "half" or (precision == "auto" and not on_cpu):
        return ModuleDecoder(lm, half_transformer(lm.transformer))
    if precision == "fp32":
        if lm.transformer.layer_dtype != torch.float32:
            raise ConfigError(
                f"precision 'fp32': the weights of this model are {lm.transformer.layer_dtype} already, "
                f"choose 'half' or load it in 'fp32'"
            )
        return ModuleDecoder(lm)
    if not on_cpu:
        raise ConfigError(
            f"precision {precision!r} runs on the CPU only, this model is on {lm.device}: choose 'half'"
        )
    from genmodels.lm.int8 import Int8Decoder
    from genmodels.lm.native import NativeDecoder, available

    if precision == "native" or (precision == "auto" and available(lm)):
        return NativeDecoder(lm)
    return Int8Decoder(lm)
