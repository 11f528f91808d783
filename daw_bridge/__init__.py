"""daw_bridge: a live instrument. Music-generation models, played over OSC, on the beat."""

from __future__ import annotations

__version__ = "0.1.0"
