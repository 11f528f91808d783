"""Guidance in two steps: conditioned and unconditional rows run one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from genmodels.lm.cache import KVCache
from genmodels.lm.decoder import Call, Decoder, Tokens
from genmodels.lm.transformer import CrossContext

_Pair = tuple[CrossContext | None, CrossContext | None]


class SplitCache(KVCache):
    """A cache in two parts, the first and the other rows."""

    def __init__(self, first: KVCache, second: KVCache) -> None:
        super().__init__(0, first.rows + second.rows, first.num_heads, first.head_dim, first.capacity)
        self.parts = (first, second)

    def truncate(self, length: int) -> None:
        super().truncate(length)
        for part in self.parts:
            part.truncate(length)

    def copy_row(self, src: int, dst: int) -> None:
        (source, src), (target, dst) = self._place(src), self._place(dst)
        target.copy_from(source, src, dst)

    def gather_rows(self, sources: Sequence[int]) -> KVCache:
        half = first_rows(len(sources))
        parts = []
        for wanted in (sources[:half], sources[half:]):
            part = self.parts[0].empty_like(len(wanted))
            for dst, row in enumerate(wanted):
                source, src = self._place(row)
                part.copy_from(source, src, dst)
            part.length = self.length
            parts.append(part)
        other = SplitCache(*parts)
        other.length = self.length
        return other

    def _place(self, row: int) -> tuple[KVCache, int]:
        first, second = self.parts
        return (first, row) if row < first.rows else (second, row - first.rows)


class TwoStepDecoder(Decoder):
    """Runs the first half of the rows, then the other half, each over a cache of its own.

    Of rows laid out [conditioned; unconditional] these are just the two branches of guidance. Rows do not
    see each other, so results are those of the decoder itself; only half as many activations are alive at a
    time. Guidance is applied by whoever reads the logits, with the coefficient that was asked for.

    Args:
        decoder: what runs each half.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.lm = decoder.lm
        self.precision = decoder.precision
        self.exact_together = decoder.exact_together
        self._decoder = decoder
        self._contexts: WeakKeyDictionary[CrossContext, dict[int, _Pair]] = WeakKeyDictionary()

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        half = first_rows(rows)
        return SplitCache(
            self._decoder.new_cache(half, capacity), self._decoder.new_cache(rows - half, capacity)
        )

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
        """The first halves of all streams as one batch, then the other halves."""
        logits: list[list[Tensor]] = [[] for _ in calls]
        halves = [self._halves(call) for call in calls]
        for half in range(2):
            present = [(i, pair[half]) for i, pair in enumerate(halves) if pair[half].cache.rows]
            for (i, _), part in zip(
                present, self._decoder.run_together([own for _, own in present]), strict=True
            ):
                if part is not None:
                    logits[i].append(part)
        for call in calls:
            call.cache.extend(call.tokens.shape[2])
        return [
            torch.cat(parts) if call.want_logits else None for call, parts in zip(calls, logits, strict=True)
        ]

    def _halves(self, call: Call) -> tuple[Call, Call]:
        assert isinstance(call.cache, SplitCache)
        first, second = call.cache.parts
        seen, others_see = self._split(call.context, first.rows)
        own, others_own = call.added, None
        if own is not None and len(own) > first.rows:
            own, others_own = own[: first.rows], own[first.rows :]
        half = first.rows
        return (
            Call(call.tokens[:half], own, seen, first, call.want_logits),
            Call(call.tokens[half:], others_own, others_see, second, call.want_logits),
        )

    def run_prefix(self, prefix: Tensor, context: CrossContext | None, cache: KVCache) -> None:
        assert isinstance(cache, SplitCache)
        start = 0
        for part, seen in zip(cache.parts, self._split(context, cache.parts[0].rows), strict=True):
            if part.rows:
                self._decoder.run_prefix(prefix[start : start + part.rows], seen, part)
            start += part.rows
        cache.extend(prefix.shape[1])

    def _split(self, context: CrossContext | None, half: int) -> _Pair:
        """The context of either half; the same objects each time, because decoders keep what they make of
        them."""
        if context is None:
            return None, None
        if context.rows <= half:
            return context, None
        pairs = self._contexts.setdefault(context, {})
        if half not in pairs:
            pairs[half] = context.part(0, half), context.part(half, context.rows)
        return pairs[half]


def first_rows(rows: int) -> int:
    """How many rows the first half has."""
    return (rows + 1) // 2
