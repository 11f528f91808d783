import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daw_bridge.decks.mixer import KNEE, Desk, Gain, Mixer, Strip, soft_limit


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


def test_solo_and_mute_silence_decks_and_those_that_are_safe_are_heard_on() -> None:
    desk = Desk((Strip(), Strip(solo=True), Strip(solo=True, mute=True), Strip(solo_safe=True)))
    assert [desk.level(number) for number in range(4)] == [0.0, 1.0, 0.0, 1.0]


@given(st.floats(0, 1))
def test_the_crossfade_keeps_the_power_of_its_groups_and_leaves_the_others(position: float) -> None:
    desk = Desk((Strip(group="A"), Strip(group="B"), Strip()), position)
    a, b, neither = (desk.level(number) for number in range(3))
    assert np.isclose(a**2 + b**2, 1.0)
    assert neither == 1.0


def test_the_ends_of_the_crossfade_are_one_group_alone() -> None:
    strips = (Strip(group="A"), Strip(group="B"))
    assert np.allclose([float(Desk(strips, 0.0).level(n)) for n in (0, 1)], [1, 0])
    assert np.allclose([float(Desk(strips, 1.0).level(n)) for n in (0, 1)], [0, 1])


def test_a_deck_moves_to_other_outputs_without_a_step() -> None:
    mixer = Mixer([Constant(0.5), Constant(0.25, 2)], 48000, 4)
    assert np.allclose(mixer.read(0, 64), [0.75, 0.75, 0, 0])
    mixer.set_strip(0, first=3)
    mixer.set_strip(1, first=4, count=1)
    heard = np.concatenate([mixer.read(64 + n * 100, 100) for n in range(60)])
    assert np.abs(np.diff(heard, axis=0)).max() < 0.003
    assert np.allclose(heard[-1], [0, 0, 0.5, 0.75], atol=1e-4)


def test_what_is_planned_happens_at_its_sample_however_blocks_are_cut() -> None:
    def heard(size: int) -> NDArray[np.float32]:
        mixer = Mixer([Constant(0.5)], 48000, 1)
        mixer.plan(1000, lambda: mixer.set_strip(0, mute=True))
        return np.concatenate([mixer.read(start, size) for start in range(0, 2400, size)])[:, 0]

    assert np.allclose(heard(240), heard(100), atol=1e-6)
    assert (heard(240)[:1000] == 0.5).all()
    assert (heard(240)[1000:] < 0.5).all()
