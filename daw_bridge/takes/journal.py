"""The journal of a take: JSON lines with a length and a checksum, only ever appended to.

A line is ``LLLLLLLL CCCCCCCC {json}``: the length of the JSON in bytes and its CRC-32, eight hexadecimal
digits each. ``cut -c19- take.journal | jq`` reads it. A process that is killed, or a disk that is full, may
leave half a line at the end: its length or checksum tells, and reading stops before it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import weakref
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daw_bridge.errors import TakeError

Record = dict[str, Any]

_HEAD = 18


def encode_line(record: Mapping[str, Any]) -> bytes:
    """One record as a line.

    Raises:
        ValueError: a number in it is not finite.
    """
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return b"%08x %08x %s\n" % (len(body), zlib.crc32(body), body)


def scan(content: bytes) -> tuple[list[Record], int]:
    """The whole records at the beginning of a journal, and the bytes that they take up."""
    records: list[Record] = []
    place = 0
    while (line := _line_at(content, place)) is not None:
        record = json.loads(line)
        records.append(record)
        place += _HEAD + len(line) + 1
    return records, place


def _line_at(content: bytes, place: int) -> bytes | None:
    head = content[place : place + _HEAD]
    if len(head) < _HEAD or head[8:9] != b" " or head[17:18] != b" ":
        return None
    try:
        length, checksum = int(head[:8], 16), int(head[9:17], 16)
    except ValueError:
        return None
    body = content[place + _HEAD : place + _HEAD + length]
    end = content[place + _HEAD + length : place + _HEAD + length + 1]
    return body if end == b"\n" and len(body) == length and zlib.crc32(body) == checksum else None


@dataclass(frozen=True)
class JournalText:
    """What a journal holds.

    Attributes:
        records: the whole ones, in order.
        torn_bytes: left over after the last whole one; 0 where the journal ends whole.
        writing: whether a process has it open for writing now.
    """

    records: list[Record]
    torn_bytes: int
    writing: bool


def read_journal(path: Path) -> JournalText:
    """Everything up to the last whole record; the file stays as it is.

    Raises:
        TakeError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            writing = not _lock_now(file.fileno())
            content = file.read()
    except OSError as error:
        raise TakeError(f"journal {path} cannot be read: {error}") from error
    records, whole = scan(content)
    return JournalText(records, len(content) - whole, writing)


class JournalWriter:
    """Appends records to a new journal; every `append` reaches the system before it returns.

    What the system has is not lost with the process; `sync` also guards against a failing power supply. The
    file is locked while it is open, so that no other process takes it for finished.

    Raises:
        OSError: the file exists already, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def append(self, *records: Mapping[str, Any]) -> None:
        """Write records, all in one go.

        Raises:
            OSError: the disk is full; a part of a line may have been written.
        """
        rest = memoryview(b"".join(map(encode_line, records)))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Have the disk take what the system holds."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file and let go of its lock."""
        os.close(self._descriptor)


def keep_in_use(path: Path, owner: object) -> None:
    """Have a journal that nobody writes be `in_use` for as long as ``owner`` lives."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(owner, os.close, descriptor)
        _lock_now(descriptor)


def in_use(path: Path) -> bool:
    """Whether somebody writes a journal, or keeps it in use.

    Raises:
        TakeError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return not _lock_now(file.fileno(), fcntl.LOCK_EX)
    except OSError as error:
        raise TakeError(f"journal {path} cannot be read: {error}") from error


def cut_torn_tail(path: Path) -> int:
    """Shorten a journal that nobody writes to its whole records; returns the bytes that were cut.

    Raises:
        TakeError: it cannot be read, or is being written.
        OSError: it cannot be changed.
    """
    text = read_journal(path)
    if text.writing:
        raise TakeError(f"journal {path} is being written: end the daemon first")
    if text.torn_bytes:
        os.truncate(path, path.stat().st_size - text.torn_bytes)
    return text.torn_bytes


def add_record(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record to a journal that nobody writes, behind its whole ones.

    Raises:
        TakeError: it cannot be read or changed, or is being written.
    """
    try:
        cut_torn_tail(path)
        with path.open("ab") as file:
            file.write(encode_line(record))
    except OSError as error:
        raise TakeError(f"journal {path} cannot be changed: {error}") from error


def of_type(records: list[Record], *types: str) -> Iterator[Record]:
    """The records of some types, in order."""
    return (record for record in records if record.get("type") in types)


def _lock_now(descriptor: int, kind: int = fcntl.LOCK_SH) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
