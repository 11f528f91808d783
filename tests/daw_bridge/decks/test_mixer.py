import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daw_bridge.decks.mixer import KNEE, Gain, Mixer, soft_limit


class Constant:
    def __init__(self, level: float | None, channels: int = 1) -> None:
        self.level = level
        self.channels = channels

    def read(self, start: int, count: int) -> NDArray[np.float32] | None:
        return None if self.level is None else np.full((count, self.channels), self.level, np.float32)


def test_decks_are_summed_on_all_channels() -> None:
    mixer = Mixer([Constant(0.25), Constant(None), Constant(0.5)], 48000, 2)
    block = mixer.read(0, 64)
    assert block.shape == (64, 2)
    assert np.allclose(block, 0.75)


def test_stereo_stays_stereo_and_is_mixed_only_on_a_single_output() -> None:
    class Sides:
        def read(self, start: int, count: int) -> NDArray[np.float32]:
            return np.tile(np.array([0.5, -0.25], np.float32), (count, 1))

    mixer = Mixer([Sides(), Constant(0.1)], 48000, 2)
    assert np.allclose(mixer.read(0, 64), [0.6, -0.15])
    mixer.set_strip(0, gain_db=-60.0)
    mixer.read(64, 4800)
    assert np.allclose(mixer.read(4864, 64), 0.1, atol=1e-3)
    assert np.allclose(Mixer([Sides()], 48000, 1).read(0, 64), 0.125)


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=50))
def test_output_never_clips_and_quiet_sound_passes_unchanged(samples: list[float]) -> None:
    given_samples = np.array(samples, np.float32)
    limited = soft_limit(given_samples)
    assert np.abs(limited).max() <= 1.0
    quiet = np.abs(given_samples) <= KNEE
    assert np.array_equal(limited[quiet], given_samples[quiet])


def test_what_is_no_number_never_reaches_the_output() -> None:
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 3.0], np.float32)
    limited = soft_limit(samples)
    assert limited[:4].tolist() == [0.5, 0.0, 0.0, 0.0]
    assert KNEE < limited[4] <= 1.0


def test_a_gain_change_glides_without_steps_across_blocks() -> None:
    mixer = Mixer([Constant(0.5)], 48000, 1)
    mixer.read(0, 64)
    mixer.set_strip(0, gain_db=-20.0)
    heard = np.concatenate([mixer.read(n * 100, 100)[:, 0] for n in range(60)])
    assert np.abs(np.diff(heard)).max() < 0.003
    assert np.isclose(heard[-1], 0.05, atol=1e-4)


def test_the_lowest_gain_is_silence() -> None:
    gain = Gain(48000)
    gain.set_db(-60.0, at_once=True)
    assert gain.ramp(10) == 0.0
