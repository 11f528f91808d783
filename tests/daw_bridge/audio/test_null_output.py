import numpy as np
import pytest

from daw_bridge.audio.null_output import NullOutput


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started(clock: Clock, **options: float) -> NullOutput:
    output = NullOutput(1000, 1, lead_s=0.05, clock=clock, **options)
    output.start()
    return output


def test_the_lead_is_asked_for_and_kept_as_time_goes() -> None:
    clock = Clock()
    output = started(clock)
    assert output.writable() == 50
    output.write(np.zeros((50, 1), np.float32))
    assert output.writable() == 0
    clock.now += 0.02
    assert output.writable() == 20
    assert round(output.position()) == 20
    assert output.underruns == 0


def test_a_starved_clock_waits_and_counts_it() -> None:
    clock = Clock()
    output = started(clock)
    output.write(np.zeros((50, 1), np.float32))
    clock.now += 0.2
    assert output.position() == 50.0
    assert output.writable() == 50
    assert output.underruns == 1
    assert output.silence_s == pytest.approx(0.15)
    assert output.written == 50


def test_its_lead_can_be_set_while_it_plays() -> None:
    output = started(Clock())
    output.lead_s = 2 * output.latency_s
    assert output.latency_s == pytest.approx(0.1)
    assert output.writable() == 100


def test_it_can_take_over_at_a_later_sample() -> None:
    clock = Clock()
    output = started(clock, first_sample=777)
    output.write(np.zeros((50, 1), np.float32))
    clock.now += 0.01
    assert output.written == 827
    assert round(output.position()) == 787


def test_it_asks_for_a_block_at_least_so_that_its_feeder_can_rest() -> None:
    clock = Clock()
    output = started(clock)
    output.write(np.zeros((output.writable(), 1), np.float32))
    asked = []
    for _ in range(100):
        clock.now += 0.001
        asked.append(output.writable())
    assert asked[0] == 0
    assert min(count for count in asked if count) >= output.blocksize > 1
