import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.engine.ring import PcmRing


@given(st.integers(0, 10_000), st.integers(1, 64), st.integers(1, 2))
def test_samples_are_found_at_their_absolute_number_from_another_attachment(
    start: int, count: int, channels: int
) -> None:
    ring = PcmRing.create(64, f"test_{os.getpid()}", channels)
    other = PcmRing.attach(ring.info)
    try:
        block = np.arange(start * channels, (start + count) * channels, dtype=np.float32)
        block = block.reshape(count, channels)
        other.write(start, block)
        assert np.array_equal(ring.read(start, count), block)
    finally:
        other.close()
        ring.close()


def test_closing_twice_is_harmless_and_a_closed_ring_is_gone() -> None:
    ring = PcmRing.create(16, f"test_{os.getpid()}")
    info = ring.info
    ring.close()
    ring.close()
    with pytest.raises(FileNotFoundError):
        PcmRing.attach(info)
