import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.audio.resample import PolyphaseResampler

RATES = [(32000, 48000), (32000, 44100), (32000, 96000), (32000, 22050), (32000, 32000)]


def whole(resampler: PolyphaseResampler, signal: np.ndarray, first: int, count: int) -> np.ndarray:
    start, stop = resampler.input_span(first, count)
    padded = np.pad(signal, (max(0, -start), max(0, stop - len(signal))))
    return resampler.process(padded[start + max(0, -start) : stop + max(0, -start)], first, count)


@pytest.mark.parametrize(("rate", "out"), RATES)
def test_agrees_with_soxr_on_music_below_the_transition_band(rate: int, out: int) -> None:
    t = np.arange(rate) / rate
    signal = sum(np.sin(2 * np.pi * f * t + f) for f in (55.0, 441.0, 3000.0, 9500.0)).astype(np.float32) / 4
    expected = soxr.resample(signal, rate, out, quality="VHQ")
    ours = whole(PolyphaseResampler(rate, out), signal, 1000, out - 2000)
    assert np.abs(ours - expected[1000 : out - 1000]).max() < 2e-4


@given(st.sampled_from(RATES), st.integers(-50, 3000), st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_blocks_of_any_size_from_any_place_join_exactly(
    rates: tuple[int, int], first: int, counts: list[int]
) -> None:
    signal = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    resampler = PolyphaseResampler(*rates)
    at, blocks = first, []
    for count in counts:
        blocks.append(whole(resampler, signal, at, count))
        at += count
    assert np.allclose(np.concatenate(blocks), whole(resampler, signal, first, at - first), atol=1e-6)


@given(st.sampled_from(RATES), st.integers(0, 100_000))
def test_output_end_is_the_first_sample_whose_input_is_not_all_known(
    rates: tuple[int, int], known: int
) -> None:
    resampler = PolyphaseResampler(*rates)
    end = resampler.output_end(known)
    assert resampler.input_span(end - 1, 1)[1] <= known < resampler.input_span(end, 1)[1]


def test_images_above_half_the_input_rate_are_below_minus_80_decibels() -> None:
    signal = np.sin(2 * np.pi * 13000 * np.arange(32000) / 32000).astype(np.float32)
    out = whole(PolyphaseResampler(32000, 48000), signal, 2000, 40000)
    spectrum = np.abs(np.fft.rfft(out * np.blackman(len(out))))
    hertz = np.fft.rfftfreq(len(out), 1 / 48000)
    assert spectrum[hertz > 16000].max() < 1e-4 * spectrum.max()


def test_rates_must_be_positive() -> None:
    with pytest.raises(ValueError, match="> 0 Hz"):
        PolyphaseResampler(0, 48000)
