from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import wav_file
from daw_bridge.audio.recorder import Recorder
from daw_bridge.audio.sound_writer import SoundWriter

RATE = 48000

KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from daw_bridge.audio import wav_file
from daw_bridge.audio.recorder import Recorder
wav_file.MAX_BYTES = int(sys.argv[2])
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


@pytest.mark.parametrize(
    ("ending", "largest", "form"),
    [("flac", 2**32, "FLAC"), ("wav", 2**32, "WAV"), ("wav", RATE * 6, "RF64")],
)
def test_a_killed_recording_opens_and_lacks_less_than_a_second(
    ending: str, largest: int, form: str, tmp_path: Path
) -> None:
    path = tmp_path / f"all.{ending}"
    command = [sys.executable, "-c", KILLED, str(path), str(largest)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        sent = 0
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            sent = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        sent = max([sent, *map(int, process.stdout.read().split()[:-1])])
    played, rate = soundfile.read(path)
    assert (rate, soundfile.info(path).format) == (RATE, form)
    assert np.allclose(played[:, 1], ramp(len(played)), atol=2e-7)
    assert len(played) > sent - RATE
    assert len(played) > RATE


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_on_a_full_disk_it_says_so_and_what_was_kept_opens(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"all.{ending}"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60)
    assert f"all.{ending} ended" in done.stdout, done.stderr
    assert len(soundfile.read(path)[0]) > 4096


@pytest.mark.parametrize(("blocks", "form"), [(2, "WAV"), (4, "RF64")])
def test_a_recording_that_is_too_long_for_a_wav_goes_on_as_an_rf64(
    blocks: int, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav_file, "MAX_BYTES", 2500 * 2 * 3)
    recorder = Recorder(tmp_path / "long.wav", RATE, 2)
    for _ in range(blocks):
        recorder.write(0, np.full((1000, 2), 0.5, np.float32))
    recorder.close()
    assert recorder.error == ""
    assert soundfile.info(recorder.path).format == form
    assert np.array_equal(soundfile.read(recorder.path)[0], np.full((1000 * blocks, 2), 0.5))


def test_sizes_beyond_4_gb_are_told_while_it_is_written(tmp_path: Path) -> None:
    writer = SoundWriter(tmp_path / "long.wav", RATE, 64)
    writer.write(np.full((10, 64), 0.25, np.float32))
    frames = 2**32 // (64 * 3) + 1000
    # a hole takes no room on the disk
    data = (tmp_path / "long.wav").stat().st_size - 10 * 64 * 3
    os.truncate(writer.path, data + frames * 64 * 3)
    try:
        assert writer.keep() == frames
        assert (soundfile.info(writer.path).frames, soundfile.info(writer.path).format) == (frames, "RF64")
        with soundfile.SoundFile(writer.path) as file:
            assert (file.read(10) == 0.25).all()
            file.seek(frames - 5)
            assert (file.read() == np.zeros((5, 64))).all()
    finally:
        writer.close()


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
