"""What plays in a take: the output, the model and the software, as the journal's first record has them."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from daw_bridge import __version__
from daw_bridge.engine.protocol import Load, Loaded


def identity(sample_rate: int, channels: int, load: Load, loaded: Loaded) -> dict[str, Any]:
    """The facts on which a replay depends: what was asked for and what was loaded, on what.

    Args:
        sample_rate, channels: of the output.
    """
    return {
        "sample_rate": sample_rate,
        "channels": channels,
        "load": {
            "model": load.model,
            "device": load.device,
            "threads": load.threads,
            "precision": load.precision,
        },
        "model": {
            "name": loaded.model,
            "weights": loaded.weights,
            "hardware": loaded.hardware,
            "sample_rate": loaded.sample_rate,
            "hop_length": loaded.hop_length,
            "frame_rate": loaded.frame_rate,
            "lookahead_frames": loaded.lookahead_frames,
            "max_delay": loaded.max_delay,
        },
        "software": {
            "daw_bridge": __version__,
            "torch": version("torch"),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
    }
