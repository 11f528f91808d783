from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import recorder as module
from daw_bridge.audio.recorder import Recorder


def test_a_recording_ends_whole_before_it_is_too_long_for_a_wav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 2500 * 2 * 3)
    recorder = Recorder(tmp_path / "long.wav", 48000, 2)
    for _ in range(4):
        recorder.write(np.full((1000, 2), 0.5, np.float32))
    recorder.close()
    assert "4 GB" in recorder.error
    assert soundfile.info(recorder.path).frames == 2000
