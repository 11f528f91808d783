"""Whose silence it is: what was captured is compared, sample by sample, with what the instrument wrote.

The recording of the daemon holds exactly what it gave to the sound device. Around each silent stretch of the
capture that is looked up: where the recording goes on without a sample between, the device had been given
nothing; where it is silent itself, the instrument played nothing; where it has sound all along, the sound
server lost that sound on its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.rig.recorder import Recorder

Samples = NDArray[np.float32]
Blame = Literal["starved", "played", "server", "unclear"]

SILENT_RUN = 48
CONTEXT = 2400
MATCH = 480
TOLERANCE = 4e-7
NEAR_S = 20.0


@dataclass(frozen=True)
class Stretch:
    """A run of digital silence in a capture: its JACK frame, its length, and [n, channels] up to `CONTEXT`
    samples on either side."""

    frame: int
    length: int
    before: Samples
    after: Samples


class Ear:
    """Finds stretches of digital silence, of at least a millisecond, in what a recorder hears.

    Music never has such runs: a codec's silence is faint noise. What the recorder missed counts as sound.

    Attributes:
        heard, lost: frames that it listened to, and those of them that the recorder missed.
        stretches: what was silent.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._mark = recorder.now()
        self._first = self._mark
        self.heard = self.lost = 0
        self.stretches: list[Stretch] = []

    @property
    def silent(self) -> int:
        """Samples of silence."""
        return sum(stretch.length for stretch in self.stretches)

    @property
    def lost_share(self) -> float:
        """Percent of the time that the recorder missed."""
        return 100.0 * self.lost / max(self.heard, 1)

    def listen(self) -> None:
        """Look at what was heard since the last time; to be called every few seconds."""
        until = self._recorder.now() - self._recorder.rate // 10
        begin = max(self._first, self._mark - CONTEXT)
        take = self._recorder.take(begin, until)
        found, done = silent_runs(take.samples, take.known, self._mark - begin)
        self.stretches += [
            Stretch(
                begin + start,
                length,
                take.samples[max(0, start - CONTEXT) : start],
                take.samples[start + length : start + length + CONTEXT],
            )
            for start, length in found
        ]
        fresh = take.known[self._mark - begin : done]
        self.heard += len(fresh)
        self.lost += int(np.count_nonzero(~fresh))
        self._mark = begin + done
        self._recorder.forget(self._mark - CONTEXT)


def silent_runs(samples: Samples, known: NDArray[np.bool_], first: int) -> tuple[list[tuple[int, int]], int]:
    """Runs of silence that begin at row ``first`` or later, as (row, length), and the row up to which all is
    decided: a run too near to the end to see what follows is left for the next look."""
    sound = np.flatnonzero(~((samples == 0.0).all(axis=1) & known))
    edges = np.concatenate([[-1], sound, [len(samples)]])
    lengths = np.diff(edges) - 1
    found, done = [], max(first, len(samples) - CONTEXT)
    for place in np.flatnonzero(lengths >= SILENT_RUN):
        end = int(edges[place + 1])
        start = max(int(edges[place]) + 1, first)
        if end + CONTEXT > len(samples) and start > first:
            done = min(done, start)
        elif end > start:
            found.append((start, end - start))
            done = max(done, end)
    return [run for run in found if run[0] < done], done


class PlayedRecord:
    """Looks stretches up in the daemon's recording.

    Args:
        played: WAV or FLAC that holds all that was written to the device, complete.
    """

    def __init__(self, played: Path) -> None:
        self._file = soundfile.SoundFile(played)
        self._offset: int | None = None

    def close(self) -> None:
        """Close the recording."""
        self._file.close()

    def samples(self, stretches: Sequence[Stretch]) -> Counter[Blame]:
        """Samples of silence, by who is to blame."""
        found: Counter[Blame] = Counter()
        for stretch in stretches:
            found[self.blame(stretch)] += stretch.length
        return found

    def blame(self, stretch: Stretch) -> Blame:
        """Who is to blame for a stretch; unclear where the sound around it is not found."""
        before, after = stretch.before[-MATCH:], stretch.after[:MATCH]
        at = self._place(before, stretch.frame - len(before))
        if at is None or len(after) < MATCH:
            return "unclear"
        end = at + len(before)
        self._offset = stretch.frame - end
        rate = self._file.samplerate
        ahead = self._read(end, min(stretch.length, 60 * rate) + rate)
        again = _find(after, ahead, 0)
        if again is None:
            return "unclear"
        self._offset += stretch.length - again
        if again < SILENT_RUN:
            return "starved"
        return "server" if np.abs(ahead[:again]).max(axis=1).astype(bool).mean() > 0.5 else "played"

    def _place(self, sound: Samples, frame: int) -> int | None:
        """The row of the recording at which some captured sound begins, near to where it should be."""
        if len(sound) < MATCH or not sound.any():
            return None
        near = round(NEAR_S * self._file.samplerate)
        if self._offset is None:
            begin, count = 0, self._file.frames
        else:
            begin, count = max(0, frame - self._offset - near), 2 * near
        place = _find(sound, self._read(begin, count), (frame - (self._offset or frame)) - begin)
        return None if place is None else begin + place

    def _read(self, begin: int, count: int) -> Samples:
        self._file.seek(min(begin, self._file.frames))
        block: Samples = self._file.read(count, dtype="float32", always_2d=True)
        return block


def _find(sound: Samples, within: Samples, near: int) -> int | None:
    """The row of ``within`` at which ``sound`` [n, channels] lies, the one nearest to ``near``; None if it
    does not."""
    last = len(within) - len(sound)
    if last < 0:
        return None
    loud = int(np.abs(sound[:, 0]).argmax())
    candidates = np.flatnonzero(np.abs(within[loud : loud + last + 1, 0] - sound[loud, 0]) < TOLERANCE)
    for row in sorted(candidates, key=lambda row: abs(int(row) - near)):
        if np.abs(within[row : row + len(sound)] - sound).max() < TOLERANCE:
            return int(row)
    return None
