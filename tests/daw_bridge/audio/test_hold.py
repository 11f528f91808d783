import numpy as np
import pytest

from daw_bridge.audio.hold import HoldLoop


def test_a_periodic_signal_goes_on_without_a_jump_into_and_around_the_loop() -> None:
    period, fade = 100, 64
    length, end = 10 * period, 5000
    tone = np.sin(2 * np.pi * np.arange(end) / period).astype(np.float32)
    loop = HoldLoop(tone[end - length - fade :], end, fade)
    played = np.concatenate([tone[: end - fade], loop.read(end - fade, 3 * length)])
    assert np.abs(np.diff(played)).max() < 0.12
    after = played[end : end + length - fade]
    assert np.allclose(after, tone[end - length : end - fade], atol=1e-6)


def test_noise_keeps_its_level_across_the_seam() -> None:
    noise = np.random.default_rng(0).standard_normal(4000 + 480).astype(np.float32)
    loop = HoldLoop(noise, 0, 480)
    seam = loop.read(4000 - 480, 480)
    assert 0.8 < seam.std() < 1.2


def test_a_loop_shorter_than_its_blend_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be blended"):
        HoldLoop(np.zeros(100, np.float32), 0, 60)
