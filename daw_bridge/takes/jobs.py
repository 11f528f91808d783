"""What the writer of takes is given to do, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUCCESSION = "another take began"

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Begin:
    """Begin a take; one that is on ends just there.

    Attributes:
        folder: below which its folder is made.
        header: the first record.
        follows: whether it takes over the voices that the take before leaves open. One that does not begins
            with the sound that `Hold` has kept back.
        after: why the take that is on ends.
    """

    folder: Path
    header: Mapping[str, Any]
    follows: bool
    after: str = SUCCESSION


@dataclass(frozen=True)
class End:
    """End the take, with the sound that `Hold` has kept back."""

    reason: str


@dataclass(frozen=True)
class Hold:
    """Sound from an output sample on is kept back for the take of the model that plays there."""

    sample: int


@dataclass(frozen=True)
class Sound:
    """Samples [n, channels] that went out as output samples ``start ..``."""

    start: int
    block: Samples


Job = Begin | End | Hold | Sound | Mapping[str, Any] | Callable[[], None]
