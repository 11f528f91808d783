"""The thread that writes takes: journal and sound, one take after another."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.backlog import Backlog
from daw_bridge.audio.recorder import KEEP_EVERY_S, MAX_WAITING_S, PERIOD_S, SYNC_EVERY_S
from daw_bridge.audio.sound_writer import SoundWriter
from daw_bridge.errors import TakeError
from daw_bridge.takes.aside import Aside
from daw_bridge.takes.coding import Array, array_name, encode_array, encode_tokens, encode_value
from daw_bridge.takes.jobs import Begin, End, Hold, Job, Sound
from daw_bridge.takes.journal import JournalWriter, Record, read_journal
from daw_bridge.takes.library import JOURNAL_NAME, new_folder
from daw_bridge.takes.voice_track import carried_over

log = logging.getLogger(__name__)

SOUND = "sound.flac"
MANY_CHANNELS = "sound.wav"
FLAC_CHANNELS = 8
RECORD_SIZE = 200
MAX_FILLED_S = 10.0
CLOSE_LIMIT_S = 0.7

Samples = NDArray[np.float32]


class TakeWriter:
    """Carries out jobs in order, in a thread of its own; nobody waits for it.

    A job is `Begin`, `End`, `Hold`, `Sound`, a record, or a function to be called. Between two takes
    records and sound are dropped. What a take that has failed lacks of its voices is kept in memory, so that
    one that follows on it replays. What is written reaches the system within `PERIOD_S`; the sound file's
    header says so every `KEEP_EVERY_S`; the disk is asked to take it every `SYNC_EVERY_S`.

    Attributes:
        error: why the last take ended early; empty where it did not.
        folder: of the take that is being written, or None.
        samples: of its sound.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.error = ""
        self.folder: Path | None = None
        self.samples = 0
        self._sample_rate = sample_rate
        self._channels = channels
        self._max_sound = round(MAX_WAITING_S * sample_rate)
        # where sound has to stop there is still room for what else is told
        self._jobs: Backlog[Job] = Backlog(2 * self._max_sound)
        self._too_slow = False
        self._lost = False
        self._beginning = False
        self._ended = threading.Event()
        self._journal: JournalWriter | None = None
        self._sound: SoundWriter | None = None
        self._next_sample = 0
        self._hold_from: int | None = None
        self._held: list[Sound] = []
        self._kept_arrays: set[str] = set()
        self._last_folder: Path | None = None
        self._unwritten: list[Record] = []
        self._aside: Aside | None = None
        self._keep_due = self._sync_due = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True, name="take-writer")
        self._thread.start()

    def put(self, job: Job) -> None:
        """Add a job; never blocks. Where the disk has been too slow for `MAX_WAITING_S` the take ends."""
        if isinstance(job, Sound):
            full = self._jobs.waiting + len(job.block) > self._max_sound
            if full or not self._jobs.put(job, len(job.block)):
                self._too_slow = True
            return
        if isinstance(job, Begin):
            self.error = ""
        if not self._jobs.put(job, RECORD_SIZE):
            self._too_slow = self._lost = True

    def close(self) -> None:
        """Write what waits, end the take, end the thread; at most `CLOSE_LIMIT_S`."""
        self._ended.set()
        self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        last = False
        while not last:
            last = self._ended.wait(PERIOD_S)
            jobs = self._jobs.take()
            if last:
                jobs.append(End("the daemon ended"))
            self._carry_out(jobs)
            self._guarded(self._secure)
            if self._too_slow:
                self._too_slow = False
                self._fail("the disk is too slow")
            if self._lost and self._aside is not None:
                self._lost = False
                self._aside.lose()

    def _guarded(self, action: Callable[[], None]) -> None:
        """What fails ends the take, and nothing else."""
        try:
            action()
        except OSError as error:
            self._fail(error.strerror or str(error))
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")

    def _carry_out(self, jobs: list[Job]) -> None:
        blocks: list[Sound] = []
        records: list[Record] = []
        for job in jobs:
            if isinstance(job, Sound):
                blocks.append(job)
            elif isinstance(job, Mapping):
                if not (records and _joins(records[-1], job)):
                    records.append(dict(job))
            else:
                self._guarded(partial(self._write, records, blocks))
                blocks, records = [], []
                if isinstance(job, Begin):
                    self._guarded(partial(self._end, job.after))
                    self._guarded(partial(self._begin, job))
                    if not job.follows:
                        self._guarded(self._let_go)
                elif isinstance(job, Hold):
                    self._hold_from = job.sample
                elif isinstance(job, End):
                    self._guarded(self._let_go)
                    self._guarded(partial(self._end, job.reason))
                    self._aside = None
                else:
                    _tidy(job)
        self._guarded(partial(self._write, records, blocks))

    def _begin(self, begin: Begin) -> None:
        self.error, self._beginning = "", True
        self.samples = 0
        carried = self._open_voices() if begin.follows else []
        self._keep_aside(carried)
        folder = new_folder(begin.folder)
        self._journal = JournalWriter(folder / JOURNAL_NAME)
        self.folder = folder
        self._beginning = False
        self._keep_due = time.monotonic() + KEEP_EVERY_S
        self._sync_due = time.monotonic() + SYNC_EVERY_S
        self._write([dict(begin.header)], [])
        self._journal.append(*carried)
        self._last_folder, self._aside = folder, None

    def _open_voices(self) -> list[Record]:
        """Records with which a take takes over the voices that the one before leaves open."""
        if self._aside is not None:
            return self._aside.carried()
        return [] if self._last_folder is None else _left_open(self._last_folder)

    def _end(self, reason: str) -> None:
        journal, sound = self._journal, self._sound
        self._journal = self._sound = self.folder = None
        with contextlib.ExitStack() as closing:
            if journal is not None:
                closing.callback(journal.close)
            if sound is not None:
                sound.close()
            if journal is not None:
                journal.append({"type": "end", "reason": reason, "samples": self.samples})
                journal.sync()

    def _fail(self, reason: str) -> None:
        if self._journal is None:
            self.error = f"a take cannot begin: {reason}" if self._beginning else self.error
            return
        assert self.folder is not None
        folder = self.folder
        self.error = f"take {folder.name} ended: {reason}"
        with contextlib.suppress(OSError):
            self._end(reason)
        if self._aside is None:
            self._keep_aside([*_left_open(folder), *self._unwritten])

    def _write(self, records: list[Record], blocks: list[Sound]) -> None:
        if self._hold_from is not None:
            blocks = self._kept_back(blocks, self._hold_from)
        if self._journal is None and self._aside is None:
            return
        lines: list[Record] = []
        for record in records:
            lines.extend(self._encoded(record))
        if self._journal is None:
            if self._aside is not None:
                self._aside.add(lines)
            return
        self._unwritten = lines
        if blocks:
            lines.extend(self._write_sound(blocks))
        if lines:
            self._journal.append(*lines)
        self._unwritten = []

    def _keep_aside(self, records: list[Record]) -> None:
        """From here on there is no journal, or not yet: the voices' records are kept in memory."""
        self._aside = Aside(records)
        self._kept_arrays = {record["name"] for record in records if record["type"] == "array"}

    def _encoded(self, record: Record) -> list[Record]:
        """The record as JSON, after the arrays that it needs."""
        if record["type"] == "tokens":
            tokens = record.pop("tokens")
            return [{**record, **encode_tokens(tokens)}]
        lines: list[Record] = []

        def keep(array: Array) -> str:
            name = array_name(array)
            if name not in self._kept_arrays:
                self._kept_arrays.add(name)
                lines.append({"type": "array", "name": name, **encode_array(array)})
            return name

        encoded = encode_value(record, keep)
        return [*lines, encoded]

    def _write_sound(self, blocks: list[Sound]) -> list[Record]:
        """Append blocks so that sample n of the file stays output sample ``first + n``."""
        lines: list[Record] = []
        if self._sound is None:
            assert self.folder is not None
            name = SOUND if self._channels <= FLAC_CHANNELS else MANY_CHANNELS
            self._sound = SoundWriter(self.folder / name, self._sample_rate, self._channels)
            self._next_sample = blocks[0].start
            lines.append({"type": "sound", "file": name, "first": self._next_sample})
        pieces: list[Samples] = []
        for sound in blocks:
            missing = sound.start - self._next_sample
            if missing > MAX_FILLED_S * self._sample_rate:
                raise OSError(f"{missing} samples of the output are missing")
            if missing > 0:
                pieces.append(np.zeros((missing, self._channels), np.float32))
            pieces.append(sound.block[max(0, -missing) :])
            self._next_sample = max(self._next_sample, sound.start + len(sound.block))
        self._sound.write(np.concatenate(pieces))
        self.samples = self._sound.frames
        return lines

    def _kept_back(self, blocks: list[Sound], sample: int) -> list[Sound]:
        """What of the blocks lies before an output sample; the rest is held."""
        before = []
        for sound in blocks:
            count = min(max(0, sample - sound.start), len(sound.block))
            if count:
                before.append(Sound(sound.start, sound.block[:count]))
            if count < len(sound.block):
                self._held.append(Sound(sound.start + count, sound.block[count:]))
        return before

    def _let_go(self) -> None:
        """Write the sound that was held."""
        held, self._held, self._hold_from = self._held, [], None
        self._write([], held)

    def _secure(self) -> None:
        now = time.monotonic()
        if self._sound is not None and now >= self._keep_due:
            self._keep_due = now + KEEP_EVERY_S
            self._sound.keep()
        if self._journal is not None and now >= self._sync_due:
            self._sync_due = now + SYNC_EVERY_S
            self._journal.sync()
            if self._sound is not None:
                self._sound.sync()


def _left_open(folder: Path) -> list[Record]:
    """Records with which another take takes over the voices that are open at the end of one; none where
    somebody has removed it."""
    with contextlib.suppress(TakeError):
        return carried_over(read_journal(folder / JOURNAL_NAME).records)
    return []


def _tidy(job: Callable[[], None]) -> None:
    """Call a function; what fails beside a take does not end it."""
    try:
        job()
    except Exception:
        log.exception("after a take")


def _joins(last: Record, record: Mapping[str, Any]) -> bool:
    """Whether a record of tokens goes on where the last one ends, and was put together with it."""
    if last["type"] != "tokens" or record["type"] != "tokens":
        return False
    end = last["first"] + last["tokens"].shape[1]
    if (last["voice"], last["epoch"], end) != (record["voice"], record["epoch"], record["first"]):
        return False
    last["tokens"] = np.concatenate([last["tokens"], record["tokens"]], axis=1)
    return True
