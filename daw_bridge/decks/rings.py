"""How much of a voice's sound is kept in shared memory, and so how long what is prepared unheard can be."""

from __future__ import annotations

RING_SECONDS = 24
LONGEST_S = RING_SECONDS - 1.0
