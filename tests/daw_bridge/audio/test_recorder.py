from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import sound_writer
from daw_bridge.audio.recorder import Recorder

RATE = 48000

KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from daw_bridge.audio.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), 48000, 2)
begun = time.monotonic()
sent = 0
while True:
    until = int((time.monotonic() - begun) * 48000)
    ramp = (np.arange(sent, until) % 30000) / 32768
    recorder.write(sent, np.repeat(ramp[:, None], 2, axis=1).astype(np.float32))
    sent = until
    print(sent, flush=True)
    time.sleep(0.005)
"""

FULL = """
import resource, sys, time
from pathlib import Path
import numpy as np
from daw_bridge.audio.recorder import Recorder
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
recorder = Recorder(Path(sys.argv[1]), 48000, 2)
rng = np.random.default_rng(0)
while not recorder.error:
    recorder.write(0, rng.uniform(-0.9, 0.9, (4800, 2)).astype(np.float32))
    time.sleep(0.05)
recorder.close()
print(recorder.error)
"""


def ramp(count: int) -> np.ndarray:
    return (np.arange(count) % 30000) / 32768


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_a_killed_recording_opens_and_lacks_less_than_a_second(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"all.{ending}"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        sent = 0
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            sent = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        sent = max([sent, *map(int, process.stdout.read().split()[:-1])])
    played, rate = soundfile.read(path)
    assert rate == RATE
    assert np.allclose(played[:, 1], ramp(len(played)), atol=2e-7)
    assert len(played) > sent - RATE
    assert len(played) > RATE


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_on_a_full_disk_it_says_so_and_what_was_kept_opens(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"all.{ending}"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60)
    assert f"all.{ending} ended" in done.stdout, done.stderr
    assert len(soundfile.read(path)[0]) > 4096


def test_a_recording_ends_whole_before_it_is_too_long_for_a_wav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_writer, "MAX_WAV_BYTES", 2500 * 2 * 3)
    recorder = Recorder(tmp_path / "long.wav", RATE, 2)
    for _ in range(4):
        recorder.write(0, np.full((1000, 2), 0.5, np.float32))
    recorder.close()
    assert "4 GB" in recorder.error
    assert soundfile.info(recorder.path).frames == 2500


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    paths = []
    for _ in range(3):
        recorder = Recorder(tmp_path / "take.wav", RATE, 1)
        recorder.write(0, np.zeros((10, 1), np.float32))
        recorder.close()
        paths.append(recorder.path.name)
    assert paths == ["take.wav", "take-2.wav", "take-3.wav"]
    assert all(soundfile.info(tmp_path / name).frames == 10 for name in paths)


def test_a_disk_that_is_too_slow_ends_it_and_the_caller_never_waits(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "all.wav", RATE, 1)
    for _ in range(30):
        recorder.write(0, np.zeros((RATE, 1), np.float32))
    assert "too slow" in recorder.error
    recorder.close()
    assert soundfile.info(recorder.path).frames >= 0


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mp3"):
        Recorder(tmp_path / "all.mp3", RATE, 1)
