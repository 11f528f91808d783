"""What the worker is told: which conditions hold from which frame on, and how far to generate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from daw_bridge.decks.conditions import GLIDE, build_conditions, fitted
from daw_bridge.decks.mix import glides, gliding
from daw_bridge.decks.run import Run
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.timeline import Timeline
from daw_bridge.engine.protocol import Advance, Command, Loaded, SetConditions
from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.timing import Transport

GATHERED = 5
SNAP_BEATS = 1e-4


class Briefing:
    """Translates a deck's timeline and the clock into messages about its runs.

    Conditions change at breakpoints: changes of the timeline, of the tempo, of the meter. Each is laid on the
    nearest frame. What lies beyond the frames asked for is told when they are asked for.

    Args:
        send: takes commands to the engine.
    """

    def __init__(self, timeline: Timeline, clock: SongClock, send: Callable[[Command], None]) -> None:
        self._timeline = timeline
        self._clock = clock
        self._send = send

    def conditions(self, model: Loaded, frame: int, frame_sample: int, sample: int) -> Conditions:
        """What holds from output sample ``sample`` on, for a frame that begins at ``frame_sample`` nearby, as
        far as the model takes it."""
        clock = self._clock.map
        bpm, begin = clock.tempo_at(sample), clock.beat_at(sample)
        beats = begin - (sample - frame_sample) * bpm / (60.0 * clock.sample_rate)
        transport = transport_at(self._clock, sample, frame_sample, frame, model.frame_rate)
        values = fitted(self._timeline.at(sample), model.takes)
        conditions = build_conditions(values, transport, model.takes)
        if not glides(values[GLIDE], begin):
            return conditions
        rate = 60.0 / bpm * model.frame_rate
        prompts, glide = gliding(values["prompts"], values[GLIDE], beats, frame, rate)
        return replace(conditions, prompts=prompts, glide=glide)

    def change(self, run: Run, dirty: int, due: int, report: Callable[[float], None]) -> int:
        """Tell anew what holds from output sample ``dirty`` on, as far as the worker has been asked;
        returns the first output sample that sounds otherwise.

        Args:
            due: the PCM before this output sample stays as it is.
            report: called with the seconds until the first new PCM is there, where all before it was there
                already; otherwise the time to generate that would count as the time of the change.

        Raises:
            ValueError: the feeder was faster than expected; to be tried again.
        """
        frame = max(run.earliest_frame(due), run.frame_at(dirty))
        first = frame - run.geometry.lookahead
        if frame >= run.sent:
            return run.sample_of(first)
        sample = max(dirty, run.sample_of(frame))
        if run.limit >= first * run.geometry.hop:
            run.expect(first + 1, report)
        self._tell(run, frame, sample)
        self._tell_breakpoints(run, frame, run.sent, after=sample)
        return run.sample_of(first)

    def advance(self, run: Run, written: int, ahead: int) -> None:
        """Ask for frames until at least ``ahead`` output samples beyond ``written``, telling what holds in
        them; for `GATHERED` at a time and for all runs at once, as a frame by itself costs far more than one
        among several."""
        geometry = run.geometry
        turn = geometry.out_samples(GATHERED)
        until = max((written // turn + 1) * turn, run.start) + ahead
        if run.stop is not None:
            until = min(until, run.stop + ahead // 8)
        target = int(geometry.frames(until - run.origin)) + geometry.lookahead + 1
        bar = geometry.model_samples(self._clock.bar_samples(written)[0])
        room = run.claimed + run.ring.capacity - bar
        target = min(target, room // geometry.hop - 2)
        if target <= run.sent:
            return
        self._tell_breakpoints(run, run.sent, target, after=run.start)
        run.sent = target
        self._send(Advance(run.number, target))

    def breakpoints(self, start: int, stop: int) -> list[int]:
        """Output samples in [start, stop) from which other conditions hold, ascending."""
        clock = self._clock.map
        samples = set(self._timeline.breakpoints(start, stop))
        samples.update(segment.sample for segment in clock.tempi if start <= segment.sample < stop)
        lines = [clock.sample_at(segment.beat) for segment in clock.meters[1:]]
        lines += [clock.sample_at(float(g[0]) + float(g[1])) for g in self._timeline.all_of(GLIDE) if g]
        samples.update(line for line in lines if start <= line < stop)
        return sorted(samples)

    def last_bar_frame(self, run: Run) -> int:
        """The last frame that begins a bar and whose audio is there."""
        clock = self._clock.map
        bar, _ = clock.bar_beat(clock.beat_at(run.sample_of(run.limit // run.geometry.hop)))
        return run.frame_at(clock.sample_at(clock.beat_of_bar(bar)))

    def _tell_breakpoints(self, run: Run, first: int, stop: int, after: int) -> None:
        """Tell every breakpoint whose frame is in [first, stop), and that lies after a sample."""
        for sample in self.breakpoints(run.sample_of(first - 1), run.sample_of(stop + 1)):
            frame = run.frame_at(sample)
            if first <= frame < stop and sample > after:
                self._tell(run, frame, sample)

    def _tell(self, run: Run, frame: int, sample: int) -> None:
        conditions = self.conditions(run.geometry.model, frame, run.sample_of(frame), sample)
        epoch = run.begin_change(frame)
        self._send(SetConditions(run.number, epoch, frame, conditions))


def transport_at(
    clock: SongClock, sample: int, frame_sample: int, frame: int, frame_rate: float
) -> Transport:
    """Tempo, meter and beat that hold from output sample ``sample`` on, for a frame that begins at
    ``frame_sample`` nearby."""
    song = clock.map
    bpm, beats = song.tempo_at(sample), song.beat_at(sample)
    meter = song.meter_segment(beats + SNAP_BEATS)
    beats -= (sample - frame_sample) * bpm / (60.0 * song.sample_rate)
    position = (meter.bar - 1) * meter.beats_per_bar + beats - meter.beat
    if abs(position - round(position)) < SNAP_BEATS:
        position = float(round(position))
    return Transport(bpm, meter.beats_per_bar, position, frame, frame_rate)
