"""The owner of an engine whose model does not play yet."""

from __future__ import annotations

from collections.abc import Callable


class Coming:
    """What goes wrong with such an engine ends the change of model that it is for; see `EngineHost`.

    Attributes:
        fail: told why.
    """

    def __init__(self) -> None:
        self.fail: Callable[[str], None] = lambda reason: None

    def worker_lost(self, reason: str) -> None:
        """It cannot take over."""
        self.fail(reason)

    def worker_back(self) -> None:
        """It is not started again."""

    def voice_failed(self, number: int, reason: str, out_of_memory: bool) -> None:
        """It cannot play what is to be played."""
        self.fail(reason)

    def voice_refused(self, number: int, reason: str) -> None:
        """The voice goes on under the conditions before."""
