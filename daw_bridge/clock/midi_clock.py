"""MidiClockSource: beats from MIDI clock, 24 ticks a quarter note."""

from __future__ import annotations

from collections import deque

from daw_bridge.clock.dll import DelayLockedLoop
from daw_bridge.clock.midi_stream import CLOCK, CONTINUE, RESET, SONG_POSITION, START, STOP, MidiStream
from daw_bridge.clock.source import BeatLine, ClockEvent, Notice, Reading, State

TICKS_PER_BEAT = 24
TICKS_PER_POSITION = 6
LOST_S = 0.25
SETTLING_TICKS = 96
TEMPO_STEP = 0.003
MIN_BPM, MAX_BPM = 10.0, 1000.0


class MidiClockSource:
    """Follows clock, start, stop, continue and song position.

    The tempo is known after a beat of ticks, whether the song runs or not. The tick after a start is beat 0,
    the tick after a continue the song position; a song position is ignored while the song runs, as MIDI has
    it. Silence of 250 ms means that the clock is lost: what it said last holds on, and when ticks come back
    the song is taken to have gone on meanwhile.

    `receive` may be called from any one thread, `read` from another.

    Args:
        name: for people.
        beats_per_bar: MIDI clock has no meter; bars are counted from the song's start in this one.
        grain_s: see `DelayLockedLoop`; the length of JACK's period where its MIDI comes through rtmidi.
    """

    has_transport = True
    connected = True
    meter_owner = ""

    def __init__(self, name: str = "MIDI clock", beats_per_bar: int = 4, grain_s: float = 0.0) -> None:
        self.name = name
        self.beats_per_bar = beats_per_bar
        self._stream = MidiStream()
        self._lag = grain_s / 2.0
        self._inbox: deque[tuple[bytes, float]] = deque()
        self._loop = DelayLockedLoop(grain_s=grain_s)
        self._state: State = "waiting"
        self._heard = 0.0
        self._lost = 0.0
        self._running = False
        self._rolled = 0.0
        self._position = 0
        self._pending: Notice | None = None
        self._offset = 0
        self._epoch = 0
        self._tempo: float | None = None
        self._held: tuple[int, float, float] | None = None
        self._events: list[ClockEvent] = []

    def start(self) -> None:
        """Nothing to open: whoever owns the port calls `receive`."""

    def stop(self) -> None:
        """Forget what waits."""
        self._inbox.clear()

    def watch(self) -> None:
        """Nothing comes or goes."""

    @property
    def tempo_owner(self) -> str:
        """Whoever sends the clocks, once they have come."""
        return "" if self._tempo is None else self.name

    def set_tempo(self, bpm: float) -> None:
        """Clocks alone say it."""

    def set_meter(self, beats_per_bar: int) -> None:
        """Count bars in this meter, the next time that the song is started or moved."""
        self.beats_per_bar = beats_per_bar

    def set_grain(self, grain_s: float) -> None:
        """Times come in steps of this many seconds; to be called before any come."""
        self._lag = grain_s / 2.0
        self._loop = DelayLockedLoop(grain_s=grain_s)

    def receive(self, data: bytes, time: float) -> None:
        """Bytes came at ``time`` (seconds of `time.monotonic`), half a grain late on average."""
        self._inbox.append((data, time - self._lag))

    def read(self, now: float) -> Reading:
        """See `ClockSource.read`."""
        while self._inbox:
            data, time = self._inbox.popleft()
            for status, value in self._stream.feed(data):
                self._take(status, value, time)
        if self._state == "locked" and now - self._heard > LOST_S:
            self._state, self._lost = "lost", now
            self._tell("lost", now)
        events, self._events = tuple(self._events), []
        line = self._line()
        tempo = None if line is None else self._steady_tempo(line)
        running = line if self._running else None
        return Reading(self._state, tempo, running, self._epoch, self.beats_per_bar, events)

    def _take(self, status: int, value: int, time: float) -> None:
        if status == CLOCK:
            self._tick(time)
        elif status == START:
            self._position = 0
            self._roll("start")
        elif status == CONTINUE:
            if not self._running:
                self._roll("continue")
        elif status in (STOP, RESET):
            self._halt(time)
            if status == RESET:
                self._position = 0
        elif status == SONG_POSITION and not self._running:
            self._position = value * TICKS_PER_POSITION
            self._tell("position", time)

    def _tick(self, time: float) -> None:
        loop = self._loop
        if time - self._heard > LOST_S:
            loop.restart(loop.number_at(time))
        self._heard = time
        loop.tick(time)
        if self._pending is not None:
            notice, self._pending = self._pending, None
            self._running = True
            self._rolled = time
            self._offset = self._position - loop.number_at(time)
            self._epoch += 1
            self._tell(notice, time)
        if self._running and loop.locked and loop.since <= self._rolled and self._rolled > self._lost:
            self._count_again(time)
        if self._state != "locked" and loop.locked:
            self._state = "locked"
            self._tell("locked", time)

    def _count_again(self, time: float) -> None:
        """The line knows better and better which tick was the song's first: ticks may have been lost or
        doubled when it began."""
        if time - self._rolled < SETTLING_TICKS * self._loop.period:
            self._offset = self._position - self._loop.number_at(self._rolled)

    def _roll(self, notice: Notice) -> None:
        """The song runs from the next tick on."""
        self._pending = notice

    def _halt(self, time: float) -> None:
        if self._running:
            self._position = self._loop.number_at(time) + self._offset + 1
            self._running = False
            self._tell("stop", time)
        self._pending = None

    def _line(self) -> BeatLine | None:
        """Ticks on time; until the loop has locked again after a loss, the line that held before."""
        loop = self._loop
        bpm = 60.0 / (loop.period * TICKS_PER_BEAT) if loop.locked else 0.0
        if MIN_BPM <= bpm <= MAX_BPM:
            self._held = (loop.index, loop.time, bpm)
        if self._held is None:
            return None
        index, time, bpm = self._held
        return BeatLine(time, (index + self._offset) / TICKS_PER_BEAT, bpm)

    def _steady_tempo(self, line: BeatLine) -> float:
        """The tempo; while stopped it stays until it has changed by more than its noise."""
        if self._running or self._tempo is None or abs(line.bpm / self._tempo - 1.0) > TEMPO_STEP:
            self._tempo = line.bpm
        return self._tempo

    def _tell(self, notice: Notice, time: float) -> None:
        beat = self._position
        if self._running and notice not in ("start", "continue"):
            beat = self._loop.index + self._offset
        self._events.append(ClockEvent(notice, time, beat / TICKS_PER_BEAT))
