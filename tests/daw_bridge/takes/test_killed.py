from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from tests.daw_bridge.fake_model import LOADER
from tests.daw_bridge.thread_engine import ThreadEngine

KILLS = 3


def killed(folder: Path, after_s: float) -> int:
    """Let a player play and kill it; returns the output samples that it had written."""
    command = [sys.executable, "-m", "tests.daw_bridge.takes.live_player", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        until = time.monotonic() + after_s
        while time.monotonic() < until:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines(keepends=True)
        return max(int(line) for line in lines if line.endswith(b"\n"))


@pytest.mark.parametrize("number", range(KILLS))
def test_a_player_killed_at_any_moment_leaves_a_take_that_opens_and_replays(
    number: int, tmp_path: Path
) -> None:
    written = killed(tmp_path, 2.0 + random.Random(number).random())
    (folder,) = folders(tmp_path / TAKES)
    take = Take(folder)
    assert take.ending == "interrupted"
    sound, rate = soundfile.read(take.sound)
    assert len(sound) == take.samples
    lost = (written - take.first_sample - take.samples) / rate
    told = max(take.sample_of(voice, voice.tokens.end) for voice in take.voices.values())
    print(f"sound lost: {lost:.3f} s; tokens reach {(told - written) / rate:+.3f} s beyond")
    assert lost < 1.0
    assert told > written - rate
    assert replay(take, loader=LOADER, make_engine=ThreadEngine).identical
