"""What every clock that can drive the instrument answers: where its beats lie on the host's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["waiting", "locked", "lost"]
Notice = Literal["start", "continue", "stop", "position", "lost", "locked"]


@dataclass(frozen=True)
class BeatLine:
    """Beats as a straight line over time: at ``time`` it is ``beat``, and there are ``bpm`` a minute.

    Attributes:
        time: seconds of `time.monotonic`. beat: quarter notes since the song's start. bpm: > 0.
    """

    time: float
    beat: float
    bpm: float

    def beat_at(self, time: float) -> float:
        """The beat at a time."""
        return self.beat + (time - self.time) * self.bpm / 60.0

    def time_of(self, beat: float) -> float:
        """The time of a beat; the inverse of `beat_at`."""
        return self.time + (beat - self.beat) * 60.0 / self.bpm


@dataclass(frozen=True)
class ClockEvent:
    """Something that a source did.

    Attributes:
        notice: ``'start'`` (from beat 0), ``'continue'`` (from ``beat``), ``'stop'``, ``'position'`` (it was
            moved to ``beat`` while stopped), ``'lost'`` (nothing is heard of it any more), ``'locked'``.
        time: seconds of `time.monotonic`.
        beat: song position in quarter notes.
    """

    notice: Notice
    time: float
    beat: float


@dataclass(frozen=True)
class Reading:
    """What a source says of now.

    Attributes:
        state: ``'waiting'`` (nothing yet), ``'locked'``, or ``'lost'``; what a lost one said last holds.
        tempo: BPM; None while unknown.
        line: beats on time; None where only the tempo counts, as of most songs that are stopped.
        epoch: changes whenever the line was moved on purpose (start, continue, a new song position).
        beats_per_bar: where the source knows it; bars then begin at multiples of it. None: beats, no bars.
        events: what happened since the last reading, in order.
        standing: the song is stopped though its beats go on, as Link's do.
    """

    state: State
    tempo: float | None = None
    line: BeatLine | None = None
    epoch: int = 0
    beats_per_bar: int | None = None
    events: tuple[ClockEvent, ...] = ()
    standing: bool = False


class ClockSource(Protocol):
    """A clock that can be followed. All methods but `read` may raise `DeviceError`.

    Attributes:
        name: for people.
        has_transport: whether its song starts and stops, rather than always run.
        tempo_owner, meter_owner: who sets them where we cannot; else ``''``.
    """

    @property
    def name(self) -> str: ...
    @property
    def has_transport(self) -> bool: ...
    @property
    def tempo_owner(self) -> str: ...
    @property
    def meter_owner(self) -> str: ...

    @property
    def connected(self) -> bool:
        """Whether what it listens to is there."""

    def start(self) -> None:
        """Open what it listens to."""

    def stop(self) -> None:
        """Close it; may be called twice."""

    def watch(self) -> None:
        """Look after what it listens to; a few times a second, in any one thread, as it may
        take its time."""

    def set_tempo(self, bpm: float) -> None:
        """Change its tempo, where it has no owner."""

    def set_meter(self, beats_per_bar: int) -> None:
        """Change the meter in which its bars are counted, where it has no owner."""

    def read(self, now: float) -> Reading:
        """The state at ``now`` (seconds of `time.monotonic`, never going back); to be asked every few
        milliseconds, by one thread; returns at once."""
