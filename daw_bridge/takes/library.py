"""The folder of takes: which there are, finding one, letting old ones go."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from daw_bridge.errors import TakeError, shorten_text
from daw_bridge.takes.journal import of_type, read_journal

TAKES = "takes"
JOURNAL_NAME = "take.journal"
DAY_S = 86400.0


@dataclass(frozen=True)
class Limits:
    """What may stay; 0 is no limit.

    Attributes:
        days: age of a take. gigabytes: size of all takes together (10^9 bytes).
    """

    days: float = 0.0
    gigabytes: float = 0.0


def folders(root: Path) -> list[Path]:
    """The folders of all takes, oldest first."""
    if not root.is_dir():
        return []
    return sorted((path.parent for path in root.glob(f"*/{JOURNAL_NAME}")), key=_began)


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
    """The name that a take was given while it played, or ``''``."""
    names = [record["name"] for record in of_type(read_journal(folder / JOURNAL_NAME).records, "name")]
    return str(names[-1]) if names else ""


def size(folder: Path) -> int:
    """Bytes of a take."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def prune(root: Path, limits: Limits, now: float | None = None) -> list[Path]:
    """Remove takes that are too old, then the oldest until the rest is small enough; returns the removed.

    A take that has a name, or that is being recorded, stays.

    Args:
        now: seconds since the epoch; the present by default.
    """
    if limits.days <= 0 and limits.gigabytes <= 0:
        return []
    present = time.time() if now is None else now
    every = folders(root)
    total = sum(map(size, every))
    removed = []
    for folder in every:
        too_old = 0 < limits.days * DAY_S < present - _touched(folder)
        too_much = 0 < limits.gigabytes * 1e9 < total
        if not (too_old or too_much) or _protected(folder):
            continue
        total -= size(folder)
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder)
    return removed


def _protected(folder: Path) -> bool:
    try:
        return read_journal(folder / JOURNAL_NAME).writing or bool(given_name(folder))
    except TakeError:
        return True


def _began(folder: Path) -> tuple[str, float]:
    return folder.name[:19], (folder / JOURNAL_NAME).stat().st_ctime


def _touched(folder: Path) -> float:
    return (folder / JOURNAL_NAME).stat().st_mtime
