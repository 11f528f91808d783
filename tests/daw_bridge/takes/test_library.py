from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from daw_bridge.errors import TakeError
from daw_bridge.takes.journal import JournalWriter, encode_line
from daw_bridge.takes.library import DAY_S, JOURNAL_NAME, Limits, find, folders, give_name, prune
from daw_bridge.takes.take import Take

NAMES = ("2026-01-01 20-00-00", "2026-01-02 20-00-00", "2026-02-01 20-00-00")


def made(root: Path, name: str, days_old: float = 0.0, size: int = 1000, given: str = "") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    journal = JournalWriter(folder / JOURNAL_NAME)
    journal.append({"type": "take", "version": 1})
    if given:
        journal.append({"type": "name", "name": given})
    journal.close()
    (folder / "sound.flac").write_bytes(b"x" * size)
    then = time.time() - days_old * DAY_S
    os.utime(folder / JOURNAL_NAME, (then, then))
    return folder


def test_takes_are_found_by_number_name_beginning_and_path(tmp_path: Path) -> None:
    every = [made(tmp_path, name, given="opus" if name == NAMES[1] else "") for name in reversed(NAMES)][::-1]
    (tmp_path / "no take").mkdir()
    assert folders(tmp_path) == every
    assert [find(tmp_path, n) for n in ("1", "3", "-1", "last")] == [every[0], every[2], every[2], every[2]]
    assert find(tmp_path, "2026-02") == every[2]
    assert find(tmp_path, "opus") == every[1]
    assert find(tmp_path, str(every[0])) == every[0]
    with pytest.raises(TakeError, match="fits 2: be more exact"):
        find(tmp_path, "2026-01")
    with pytest.raises(TakeError, match="fits none"):
        find(tmp_path, "magnum")
    with pytest.raises(TakeError, match="no takes"):
        find(tmp_path / "elsewhere", "last")


def test_nothing_is_pruned_unless_told(tmp_path: Path) -> None:
    made(tmp_path, NAMES[0], days_old=9999, size=10**6)
    assert prune(tmp_path, Limits()) == []


def test_old_takes_go_but_those_with_a_name_or_a_writer_stay(tmp_path: Path) -> None:
    old = made(tmp_path, NAMES[0], days_old=31)
    named = made(tmp_path, NAMES[1], days_old=31, given="opus")
    young = made(tmp_path, NAMES[2], days_old=29)
    live = tmp_path / "2025-01-01 20-00-00"
    live.mkdir()
    writer = JournalWriter(live / JOURNAL_NAME)
    writer.append({"type": "take", "version": 1})
    os.utime(live / JOURNAL_NAME, (0, 0))
    assert prune(tmp_path, Limits(days=30)) == [old]
    writer.close()
    assert folders(tmp_path) == [live, named, young]


def test_the_oldest_go_until_the_rest_is_small_enough(tmp_path: Path) -> None:
    every = [made(tmp_path, name, size=10_000) for name in NAMES]
    assert prune(tmp_path, Limits(gigabytes=21e-6)) == every[:1]
    assert prune(tmp_path, Limits(gigabytes=21e-6)) == []


def test_the_take_that_was_just_played_stays_however_large_it_is(tmp_path: Path) -> None:
    every = [made(tmp_path, name, size=10_000) for name in NAMES]
    live = tmp_path / "2026-03-01 20-00-00"
    live.mkdir()
    writer = JournalWriter(live / JOURNAL_NAME)
    assert prune(tmp_path, Limits(gigabytes=1e-6)) == every[:2]
    writer.close()
    assert folders(tmp_path) == [every[2], live]
    assert prune(tmp_path, Limits(gigabytes=1e-6)) == [every[2]]


def test_takes_with_a_name_take_no_room_from_the_others(tmp_path: Path) -> None:
    named = made(tmp_path, NAMES[0], size=10**6, given="opus")
    every = [named, *(made(tmp_path, name, size=10_000) for name in NAMES[1:])]
    assert prune(tmp_path, Limits(gigabytes=21e-6)) == []
    assert prune(tmp_path, Limits(gigabytes=15e-6)) == [every[1]]


def test_a_take_that_gets_a_name_later_is_kept_from_then_on(tmp_path: Path) -> None:
    every = [made(tmp_path, name, size=10_000) for name in NAMES]
    assert prune(tmp_path, Limits(gigabytes=25e-6)) == every[:1]
    with (every[1] / JOURNAL_NAME).open("ab") as file:
        file.write(encode_line({"type": "name", "name": "opus"}))
    assert prune(tmp_path, Limits(gigabytes=1e-6)) == []


def test_a_take_that_is_being_exported_or_replayed_stays(tmp_path: Path) -> None:
    every = [made(tmp_path, name, size=10_000) for name in NAMES]
    open_take = Take(every[0])
    assert prune(tmp_path, Limits(days=1e-9, gigabytes=1e-6), time.time() + 1) == every[1:]
    del open_take
    assert prune(tmp_path, Limits(days=1e-9), time.time() + 1) == every[:1]


def test_takes_of_one_second_keep_their_order_whichever_is_named(tmp_path: Path) -> None:
    every = [made(tmp_path, f"{NAMES[0]}{number}") for number in ("", " 2", " 10")]
    give_name(every[0], "opus")
    assert folders(tmp_path) == every
