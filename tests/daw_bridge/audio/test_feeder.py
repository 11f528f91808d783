import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from daw_bridge.audio.feeder import Feeder
from daw_bridge.audio.lateness import Lateness
from daw_bridge.audio.null_output import NullOutput
from daw_bridge.audio.recorder import Recorder


class Counter:
    """A source that sounds its sample numbers, and once fails."""

    def __init__(self, fail_at: int = -1) -> None:
        self.next = 0
        self.fail_at = fail_at

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        assert start == self.next
        self.next += count
        if start <= self.fail_at < start + count:
            raise RuntimeError("broken")
        ramp = (np.arange(start, start + count) % 32768) / 32768
        return np.repeat(ramp[:, None], 2, axis=1).astype(np.float32)


def test_every_sample_is_asked_for_once_in_order_and_recorded(tmp_path: Path) -> None:
    output = NullOutput(48000, 2)
    recorder = Recorder(tmp_path / "all.wav", 48000, 2)
    source = Counter()
    feeder = Feeder(output, source, (recorder,))
    feeder.start()
    time.sleep(0.3)
    feeder.stop()
    recorder.close()
    played, rate = soundfile.read(tmp_path / "all.wav")
    assert rate == 48000
    assert len(played) == output.written == source.next
    assert 0.25 < output.written / 48000 < 0.6
    assert output.underruns == 0
    assert np.allclose(played[:, 0], (np.arange(len(played)) % 32768) / 32768, atol=1e-6)


def test_a_failing_source_is_reported_and_the_clock_goes_on() -> None:
    errors: list[Exception] = []
    output = NullOutput(48000, 2)
    feeder = Feeder(output, Counter(fail_at=3000), on_error=errors.append)
    feeder.start()
    time.sleep(0.2)
    feeder.stop()
    assert [str(error) for error in errors] == ["broken"]
    assert output.written > 6000


def test_how_near_to_running_dry_the_output_came_is_taken_note_of() -> None:
    class Stalling(Counter):
        def read(self, start: int, count: int) -> NDArray[np.float32]:
            if start > 12000 and not stalled:
                stalled.append(start)
                time.sleep(0.15)
            return super().read(start, count)

    stalled: list[int] = []
    lateness = Lateness()
    feeder = Feeder(NullOutput(48000, 2, lead_s=0.2), Stalling(), lateness=lateness)
    feeder.start()
    time.sleep(0.5)
    feeder.stop()
    assert 0.15 <= lateness.worst_s < 0.3
