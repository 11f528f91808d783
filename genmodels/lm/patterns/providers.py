"""The ways to lay codebooks out, as the models of the MusicGen family know them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from genmodels.errors import ConfigError
from genmodels.lm.patterns.layout import Cell, Pattern

_KEPT_PATTERNS = 16


class CodebooksPatternProvider(ABC):
    """Makes the pattern for any number of frames.

    Args:
        n_q: number of codebooks, at least 1.
    Raises:
        ConfigError: there is no codebook.
    """

    def __init__(self, n_q: int) -> None:
        if n_q < 1:
            raise ConfigError(f"number of codebooks is {n_q}, must be at least 1")
        self.n_q = n_q
        self._patterns: dict[int, Pattern] = {}

    @property
    def frame_synchronous(self) -> bool:
        """Whether step t + 1 is the one of frame t, but for delays: what frame-synchronous conditions and
        streaming rest on."""
        return False

    def get_pattern(self, timesteps: int) -> Pattern:
        """The pattern of `timesteps` frames (>= 0)."""
        if timesteps not in self._patterns:
            while len(self._patterns) >= _KEPT_PATTERNS:
                del self._patterns[next(iter(self._patterns))]
            self._patterns[timesteps] = Pattern.clipped(self._layout(timesteps), timesteps, self.n_q)
        return self._patterns[timesteps]

    @abstractmethod
    def _layout(self, timesteps: int) -> Iterator[tuple[Cell, ...]]:
        """Cells of each step, from step 0 on. May run past the last frame, see `Pattern.clipped`."""


class DelayedPatternProvider(CodebooksPatternProvider):
    """Codebook q lags `delays[q]` steps: step t + 1 holds the cells (t - delays[q], q).

    Args:
        n_q: number of codebooks.
        delays: one delay (>= 0, in frames) a codebook, not falling; by default 0, 1, 2, ...
        flatten_first: so many frames at the start are given one cell a step instead.
        empty_initial: so many empty steps follow step 0.
    Raises:
        ConfigError: the delays do not fit the codebooks, or a count is negative.
    """

    def __init__(
        self, n_q: int, delays: Sequence[int] | None = None, flatten_first: int = 0, empty_initial: int = 0
    ) -> None:
        super().__init__(n_q)
        self.delays = _checked("delays", range(n_q) if delays is None else delays, n_q)
        if min(flatten_first, empty_initial) < 0:
            raise ConfigError(f"flatten_first {flatten_first} and empty_initial {empty_initial} must be >= 0")
        self.flatten_first = int(flatten_first)
        self.empty_initial = int(empty_initial)

    @property
    def max_delay(self) -> int:
        """The longest delay, in frames."""
        return max(self.delays)

    @property
    def frame_synchronous(self) -> bool:
        return not (self.flatten_first or self.empty_initial)

    def _layout(self, timesteps: int) -> Iterator[tuple[Cell, ...]]:
        yield from ((),) * (1 + self.empty_initial)
        flat = self.flatten_first
        for t in range(min(flat, timesteps)):
            yield from ((Cell(t, q),) for q in range(self.n_q))
        for now in range(flat, timesteps + self.max_delay):
            yield tuple(Cell(now - d, q) for q, d in enumerate(self.delays) if now - d >= flat)


class ParallelPatternProvider(DelayedPatternProvider):
    """All codebooks of a frame in one step.

    Args:
        n_q: number of codebooks.
    """

    def __init__(self, n_q: int) -> None:
        super().__init__(n_q, [0] * n_q)


class UnrolledPatternProvider(CodebooksPatternProvider):
    """The codebooks of a frame one after another, in groups.

    Args:
        n_q: number of codebooks.
        flattening: which inner step of a frame holds each codebook (>= 0, not falling); by default each has
            a step of its own. A number that is left out is an empty step.
        delays: of each codebook, in frames (>= 0, not falling), by default none. Codebooks of one inner step
            have the same. Within a frame's time, the older frames come first.
    Raises:
        ConfigError: the lists do not fit the codebooks or each other.
    """

    def __init__(
        self, n_q: int, flattening: Sequence[int] | None = None, delays: Sequence[int] | None = None
    ) -> None:
        super().__init__(n_q)
        self.flattening = _checked("flattening", range(n_q) if flattening is None else flattening, n_q)
        self.delays = _checked("delays", [0] * n_q if delays is None else delays, n_q)
        self._groups: list[tuple[tuple[int, ...], int]] = []
        for inner in range(max(self.flattening) + 1):
            members = tuple(q for q in range(n_q) if self.flattening[q] == inner)
            lags = {self.delays[q] for q in members} or {0}
            if len(lags) > 1:
                raise ConfigError(
                    f"codebooks {members} share inner step {inner}, but have delays {sorted(lags)}: give "
                    "them one delay"
                )
            self._groups.append((members, lags.pop()))

    def _layout(self, timesteps: int) -> Iterator[tuple[Cell, ...]]:
        end = timesteps + max(self.delays)
        slots = [
            (t + delay, tuple(Cell(t, q) for q in members))
            for t in range(end)
            for members, delay in self._groups
            if t + delay < end
        ]
        yield ()
        yield from (cells for _, cells in sorted(slots))


class CoarseFirstPattern(CodebooksPatternProvider):
    """The first codebook of all frames, then the others together.

    A model of this kind is to be used with the window it was trained on: where the others begin depends on
    its length.

    Args:
        n_q: number of codebooks, at least 2.
        delays: of the codebooks from the second on (>= 0, in frames, not falling), by default none.
    Raises:
        ConfigError: the delays do not fit the codebooks.
    """

    def __init__(self, n_q: int, delays: Sequence[int] | None = None) -> None:
        super().__init__(n_q)
        if n_q < 2:
            raise ConfigError("the coarse-first pattern needs at least 2 codebooks, this is for 1")
        self.delays = _checked("delays", [0] * (n_q - 1) if delays is None else delays, n_q - 1)

    def _layout(self, timesteps: int) -> Iterator[tuple[Cell, ...]]:
        yield ()
        yield from ((Cell(t, 0),) for t in range(timesteps))
        for now in range(timesteps + max(self.delays)):
            yield tuple(Cell(now - d, q) for q, d in enumerate(self.delays, start=1) if now >= d)


class MusicLMPattern(CodebooksPatternProvider):
    """One cell a step: groups of codebooks in turn, each for all frames.

    Args:
        n_q: number of codebooks.
        group_by: codebooks a group; must divide n_q.
    Raises:
        ConfigError: it does not.
    """

    def __init__(self, n_q: int, group_by: int = 2) -> None:
        super().__init__(n_q)
        if group_by < 1 or n_q % group_by:
            raise ConfigError(f"group_by is {group_by}, must be a divisor of the {n_q} codebooks")
        self.group_by = int(group_by)

    def _layout(self, timesteps: int) -> Iterator[tuple[Cell, ...]]:
        yield ()
        for first in range(0, self.n_q, self.group_by):
            for t in range(timesteps):
                yield from ((Cell(t, q),) for q in range(first, first + self.group_by))


def _checked(what: str, values: Sequence[int], count: int) -> tuple[int, ...]:
    """A list with one number a codebook, >= 0 and not falling."""
    numbers = tuple(int(value) for value in values)
    if len(numbers) != count:
        raise ConfigError(f"{len(numbers)} {what} {numbers} given for {count} codebooks: give one each")
    if min(numbers) < 0 or list(numbers) != sorted(numbers):
        raise ConfigError(f"{what} {numbers} must be >= 0 and must not fall from one codebook to the next")
    return numbers
