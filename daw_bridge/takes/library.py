"""The folder of takes: which there are, finding one, letting old ones go."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from daw_bridge.errors import TakeError, shorten_text
from daw_bridge.takes.journal import add_record, in_use, of_type, read_journal

TAKES = "takes"
JOURNAL_NAME = "take.journal"
DAY_S = 86400.0


@dataclass(frozen=True)
class Limits:
    """What may stay; 0 is no limit.

    Attributes:
        days: age of a take. gigabytes: size of all takes that may go, together (10^9 bytes).
    """

    days: float = 0.0
    gigabytes: float = 0.0


def folders(root: Path) -> list[Path]:
    """The folders of all takes, oldest first."""
    if not root.is_dir():
        return []
    return sorted((path.parent for path in root.glob(f"*/{JOURNAL_NAME}")), key=_began)


def new_folder(above: Path) -> Path:
    """A folder named after the present time; a number is added where that exists."""
    stem = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
    number = 1
    above.mkdir(parents=True, exist_ok=True)
    while True:
        folder = above / (stem if number == 1 else f"{stem} {number}")
        try:
            os.mkdir(folder)
        except FileExistsError:
            number += 1
        else:
            return folder


def find(root: Path, name: str) -> Path:
    """The folder of a take.

    Args:
        name: ``'last'``, a folder's path, its name or how it begins, a take's given name, or its number in
            the list (from 1, the oldest; -1 is the last).

    Raises:
        TakeError: there is none, or more than one.
    """
    every = folders(root)
    if name != "last" and (Path(name) / JOURNAL_NAME).is_file():
        return Path(name)
    if not every:
        raise TakeError(f"there are no takes in {root}")
    if name == "last":
        return every[-1]
    with contextlib.suppress(ValueError, IndexError):
        number = int(name)
        if number:
            return every[number - 1 if number > 0 else number]
    matching = [path for path in every if path.name == name] or [
        path for path in every if path.name.startswith(name) or given_name(path) == name
    ]
    if len(matching) == 1:
        return matching[0]
    found = f"fits {len(matching)}: be more exact" if matching else "fits none: see daw-bridge takes list"
    raise TakeError(f"take {shorten_text(name)!r} {found}")


def given_name(folder: Path) -> str:
    """The name that a take was given, or ``''``."""
    names = [record["name"] for record in of_type(read_journal(folder / JOURNAL_NAME).records, "name")]
    return str(names[-1]) if names else ""


def give_name(folder: Path, name: str) -> None:
    """Name a take that has ended; ``''`` takes its name away.

    Raises:
        TakeError: it is being recorded, or its journal cannot be changed.
    """
    journal = folder / JOURNAL_NAME
    if read_journal(journal).writing:
        raise TakeError(f"take {folder.name} is being recorded: name it over OSC, by /bridge/take/name")
    add_record(journal, {"type": "name", "name": name})


def size(folder: Path) -> int:
    """Bytes of a take."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def prune(root: Path, limits: Limits, now: float | None = None) -> list[Path]:
    """Remove takes that are too old, then the oldest until the rest is small enough; returns the removed.

    A take that has a name, or that is being recorded, exported or replayed, stays and counts for nothing. Of
    those that have ended the last stays, however large it is.

    Args:
        now: seconds since the epoch; the present by default.
    """
    present = time.time() if now is None else now
    every = folders(root)
    removed = [
        folder
        for folder in every
        if 0 < limits.days * DAY_S < present - _touched(folder) and not _protected(folder)
    ]
    removed += _too_much([folder for folder in every if folder not in removed], limits.gigabytes * 1e9)
    for folder in removed:
        _remove(folder)
    return removed


def _too_much(every: list[Path], limit: float) -> list[Path]:
    """The oldest takes, without which those that may go are no larger than ``limit`` bytes; 0 is no limit."""
    sizes = {folder: size(folder) for folder in every} if limit > 0 else {}
    if sum(sizes.values()) <= limit:
        return []
    may_go = [folder for folder in every if not _protected(folder)]
    last = next((folder for folder in reversed(every) if not in_use(folder / JOURNAL_NAME)), None)
    total = sum(sizes[folder] for folder in may_go)
    found = []
    for folder in may_go:
        if total > limit and folder != last:
            total -= sizes[folder]
            found.append(folder)
    return found


def _remove(folder: Path) -> None:
    """Remove a take, its journal last: what is left where that is interrupted is still known as a take."""
    for path in folder.iterdir():
        if path.name != JOURNAL_NAME:
            with contextlib.suppress(OSError):
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _protected(folder: Path) -> bool:
    journal = folder / JOURNAL_NAME
    try:
        return in_use(journal) or _has_name(folder, journal.stat().st_mtime_ns)
    except TakeError:
        return True


@lru_cache(maxsize=4096)
def _has_name(folder: Path, changed: int) -> bool:
    """Whether a take has a name, its journal not having changed since; journals are long, and asked often."""
    return bool(given_name(folder))


def _began(folder: Path) -> tuple[str, int, str]:
    """When, and of those of one second the number in the folder's name."""
    number = folder.name[19:].strip()
    return folder.name[:19], int(number) if number.isdecimal() else 1, folder.name


def _touched(folder: Path) -> float:
    return (folder / JOURNAL_NAME).stat().st_mtime
