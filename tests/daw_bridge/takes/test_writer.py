from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from daw_bridge.audio.recorder import PERIOD_S
from daw_bridge.takes.jobs import Begin, End, Sound
from daw_bridge.takes.journal import read_journal
from daw_bridge.takes.library import folders
from daw_bridge.takes.writer import TakeWriter

RATE = 8000
HEADER = {"type": "take", "version": 1}


def block(start: int, count: int) -> Sound:
    return Sound(start, np.full((count, 1), 0.25, np.float32))


def hang(goes_on: threading.Event) -> None:
    goes_on.wait(10.0)


def only_folder(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def test_missing_samples_are_filled_and_repeated_ones_dropped(tmp_path: Path) -> None:
    writer = TakeWriter(RATE, 1)
    for job in (Begin(tmp_path, HEADER, False), block(100, 50), block(200, 50), block(240, 20), End("done")):
        writer.put(job)
    writer.close()
    sound, _ = soundfile.read(only_folder(tmp_path) / "sound.flac")
    assert len(sound) == 160
    assert np.flatnonzero(sound == 0).tolist() == list(range(50, 100))
    records = read_journal(only_folder(tmp_path) / "take.journal").records
    assert next(r for r in records if r["type"] == "sound")["first"] == 100
    assert records[-1] == {"type": "end", "reason": "done", "samples": 160}


def test_between_takes_nothing_is_written(tmp_path: Path) -> None:
    writer = TakeWriter(RATE, 1)
    writer.put(block(0, 10))
    writer.put({"type": "mark", "text": "lost"})
    writer.close()
    assert list(tmp_path.iterdir()) == []
    assert writer.error == ""


def test_two_takes_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    writer = TakeWriter(RATE, 1)
    for _ in range(3):
        writer.put(Begin(tmp_path, HEADER, False))
    writer.close()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_disk_that_is_too_slow_ends_the_take_and_nobody_waits(tmp_path: Path) -> None:
    writer = TakeWriter(RATE, 1)
    writer.put(Begin(tmp_path, HEADER, False))
    begun = time.monotonic()
    for second in range(40):
        writer.put(block(second * RATE, RATE))
    assert time.monotonic() - begun < 2.0
    time.sleep(3 * PERIOD_S)
    assert "too slow" in writer.error
    writer.put(Begin(tmp_path, HEADER, False))
    writer.close()
    assert writer.error == ""


def test_a_folder_that_cannot_be_made_is_told_and_the_next_take_works(tmp_path: Path) -> None:
    (tmp_path / "takes").write_text("in the way")
    writer = TakeWriter(RATE, 1)
    writer.put(Begin(tmp_path / "takes", HEADER, False))
    time.sleep(3 * PERIOD_S)
    assert "cannot begin" in writer.error
    writer.put(Begin(tmp_path / "elsewhere", HEADER, False))
    time.sleep(3 * PERIOD_S)
    assert writer.error == ""
    writer.close()


def test_where_the_disk_hangs_for_so_long_that_records_are_lost_no_voice_is_taken_over(
    tmp_path: Path,
) -> None:
    opened = {"type": "open", "voice": 1, "deck": 1, "seed": 0, "origin": 0, "start": 0,
              "conditions": [], "prompt": None}  # fmt: skip
    for records, carried in ((10, 1), (4000, 0)):
        writer = TakeWriter(RATE, 1)
        goes_on = threading.Event()
        writer.put(Begin(tmp_path, HEADER, False))
        writer.put(opened)
        writer.put(partial(hang, goes_on))
        time.sleep(3 * PERIOD_S)
        for second in range(21):
            writer.put(block(second * RATE, RATE))
        for _ in range(records):
            writer.put({"type": "mark", "text": "a", "sample": 0})
        goes_on.set()
        time.sleep(5 * PERIOD_S)
        assert "too slow" in writer.error
        writer.put(Begin(tmp_path, HEADER, True))
        writer.close()
        journal = read_journal(folders(tmp_path)[-1] / "take.journal").records
        assert sum(record["type"] == "open" for record in journal) == carried
