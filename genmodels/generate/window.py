"""A window of a stream, in its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from genmodels.lm.segment import Segment


@dataclass
class Window:
    """A segment in its place.

    Attributes:
        index: its number; it starts at frame index * stride.
        prompt: frames P that it takes over.
        bounds: positions at which chunks of the prompt began or ended, ascending, from 0 on.
    """

    segment: Segment
    index: int
    prompt: int
    bounds: list[int] = field(default_factory=lambda: [0])

    @property
    def first_frame(self) -> int:
        """The first frame that it generates."""
        return self.segment.offset + self.prompt

    @property
    def end_frame(self) -> int:
        """The frame after the last that it generates."""
        return self.segment.offset + self.segment.frames

    @property
    def oldest_frame(self) -> int:
        """The first frame to which it can go back."""
        return max(self.first_frame, self.segment.offset + self.segment.oldest_position)

    @property
    def prefilled(self) -> bool:
        """Whether its whole prompt has been taken in."""
        return self.segment.position >= self.prompt

    def back_to_chunk(self, frame: int) -> None:
        """Forget the chunks of the prompt that end after an absolute frame, and whatever was generated."""
        local = min(max(frame - self.segment.offset, 0), self.prompt)
        while self.bounds[-1] > local:
            self.bounds.pop()
        self.segment.forget(self.prompt)
        self.segment.rewind(self.bounds[-1])
