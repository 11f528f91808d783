"""Client: whoever sends messages and gets answers, whatever the transport."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol


class Client(Hashable, Protocol):
    """A sender. Equal clients are the same one: a subscription belongs to the client that asked for it."""

    def send(self, address: str, *args: float | int | str) -> None:
        """Send one message; never raises and never waits."""
