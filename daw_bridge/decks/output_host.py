"""The output as the player knows it: opened by name, replaced by the null clock while it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence

from daw_bridge.audio import devices
from daw_bridge.audio.feeder import Feeder, Kept, Listener, Source
from daw_bridge.audio.lateness import Lateness
from daw_bridge.audio.null_output import NullOutput
from daw_bridge.audio.output import MAX_LEAD_S, Output
from daw_bridge.audio.recorder import Recorder
from daw_bridge.audio.rtmixer_output import RtmixerOutput
from daw_bridge.decks.protocol import NoticeKind, PlayerOptions
from daw_bridge.errors import DeviceError, SoundServerError

NULL = "null"
NULL_RATE = 48000
WATCH_EVERY_S = 0.5
REOPEN_EVERY_S = 2.0
STOP_LIMIT_S = 1.2
XRUNS_EVERY_S = 30.0
LEAD_GROWTH = 1.5

Notify = Callable[[NoticeKind, str], None]


class OutputHost:
    """One output at a time, with a sample counter that never goes back.

    When the device is lost the null clock takes over at the next sample and the device is looked for by name.
    For the event loop's thread, but for ``written`` and `position`, which any thread may read.

    Attributes:
        offset_s: what the sound takes to the ear beyond what the device says, seconds.
        lateness: how near to running dry the outputs came.
    """

    def __init__(self, options: PlayerOptions, notify: Notify) -> None:
        self.offset_s = 0.0
        self.lateness = Lateness()
        self._lead_s = options.latency_ms / 1000.0
        self._options = options
        self._notify = notify
        self._output: Output | None = None
        self._feeder: Feeder | None = None
        self._recorder: Recorder | None = None
        self._source: Source | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._kept: Kept | None = None
        self._underruns = 0
        self._told_underruns = 0
        self._silence_s = 0.0
        self._xruns = 0
        self._told_xruns = 0
        self._xruns_due = 0.0
        self._watch_due = 0.0
        self._reopen_due = 0.0
        self._lost = False
        self._busy: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._record_error_told = False

    @property
    def name(self) -> str:
        """Name of the device."""
        return self._output.name if self._output else self._options.device

    @property
    def sample_rate(self) -> int:
        """Hz; stays the same when the output changes."""
        return self._output.sample_rate if self._output else self._options.sample_rate

    @property
    def channels(self) -> int:
        """Channels of the sound; stays the same when the output changes."""
        return self._output.channels if self._output else self._options.channels

    @property
    def latency_s(self) -> float:
        """Seconds from writing to hearing: the device's and the offset."""
        return max(0.0, self._output.latency_s + self.offset_s) if self._output else 0.0

    @property
    def written(self) -> int:
        """The first output sample that has not been asked for."""
        return self._output.written if self._output else 0

    @property
    def underruns(self) -> int:
        """Gaps so far, of all outputs."""
        return self._underruns + (self._output.underruns if self._output else 0)

    @property
    def silence_s(self) -> float:
        """Seconds that these lasted in all."""
        return self._silence_s + (self._output.silence_s if self._output else 0.0)

    @property
    def xruns(self) -> int:
        """Gaps that the devices reported so far."""
        return self._xruns + (self._output.xruns if self._output else 0)

    def position(self) -> float:
        """Output sample being heard."""
        if self._output is None:
            return 0.0
        heard = self._output.position() - self.offset_s * self.sample_rate
        return min(max(0.0, heard), float(self._output.written))

    def open(self) -> None:
        """Find the device; it plays from `start` on.

        Raises:
            DeviceError: a device was named and is not there, or the recording cannot be written.
        """
        options = self._options
        if options.device == NULL:
            self._output = self._null(0, options.sample_rate or NULL_RATE)
        else:
            try:
                self._output = self._device(0, options.sample_rate)
            except DeviceError as error:
                if options.device:
                    raise
                self._notify("info", f"no sound device: running on the null clock ({error})")
                self._output = self._null(0, options.sample_rate or NULL_RATE)

    def start(self, source: Source, listeners: Sequence[Listener] = (), kept: Kept | None = None) -> None:
        """Let it play.

        Args:
            listeners: take what goes out.
            kept: what of it they and the recording take; see `Feeder`.

        Raises:
            DeviceError: the device refuses, or the recording cannot be written.
        """
        assert self._output is not None
        self._source = source
        self._listeners = tuple(listeners)
        self._kept = kept
        record = self._options.record
        if record is not None:
            try:
                self._recorder = Recorder(record, self.sample_rate, self.channels)
            except (OSError, ValueError) as error:
                raise DeviceError(f"recording {record} cannot be written: {error}") from error
            if self._recorder.path != record:
                self._notify("info", f"{record} exists: recording to {self._recorder.path}")
        try:
            self._feeder = self._feed(self._output)
        except DeviceError as error:
            if self._options.device:
                raise
            self._notify("info", f"the sound device does not open: running on the null clock ({error})")
            self._output = self._null(self._output.written, self.sample_rate)
            self._feeder = self._feed(self._output)

    async def stop(self) -> None:
        """Silence the device and close the recording."""
        self._stopped = True
        if self._busy is not None:
            await asyncio.wait([self._busy], timeout=STOP_LIMIT_S)
        feeder, self._feeder = self._feeder, None
        if feeder is not None:
            with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(feeder.stop), STOP_LIMIT_S)
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            await asyncio.to_thread(recorder.close)

    def watch(self) -> None:
        """Look after the device and the recording; cheap, to be called often."""
        now = time.monotonic()
        if now < self._watch_due or self._output is None or self._feeder is None or self._stopped:
            return
        self._watch_due = now + WATCH_EVERY_S
        if self._recorder is not None and self._recorder.error and not self._record_error_told:
            self._record_error_told = True
            self._notify("error", self._recorder.error)
        self._tell_xruns(now)
        self._deepen()
        if self._busy is not None and not self._busy.done():
            return
        if not self._output.alive:
            self._lost = True
            self._notify("error", f"sound device {self.name} is gone: running on the null clock")
            self._busy = self._loop.create_task(self._fall_back())
        elif self._lost and now >= self._reopen_due:
            self._reopen_due = now + REOPEN_EVERY_S
            self._busy = self._loop.create_task(self._reopen())

    def _tell_xruns(self, now: float) -> None:
        fresh = self.xruns - self._told_xruns
        if fresh and now >= self._xruns_due:
            self._told_xruns, self._xruns_due = self.xruns, now + XRUNS_EVERY_S
            self._notify("warning", f"{fresh} gaps of the sound device {self.name} (xruns)")

    def _deepen(self) -> None:
        """Keep more in the buffer once it has run dry: what was late once will be again."""
        if self._output is None or self.underruns == self._told_underruns:
            return
        self._told_underruns = self.underruns
        if self._lead_s < MAX_LEAD_S:
            self._lead_s = min(MAX_LEAD_S, LEAD_GROWTH * self._lead_s)
            self._output.lead_s = self._lead_s
        self._notify(
            "warning",
            f"the machine was too busy for the sound: {1000 * self.silence_s:.0f} ms of silence so far; "
            f"{1000 * self._lead_s:.0f} ms are written ahead now",
        )

    async def _reopen(self) -> None:
        """Try the lost device; the null clock goes on while it is not there, and for good where the sound
        server died."""
        try:
            await asyncio.to_thread(devices.refresh)
            await asyncio.to_thread(devices.find_output, self._options.device)
        except SoundServerError as error:
            self._lost = False
            self._notify("error", str(error))
            return
        except DeviceError:
            return
        if await self._swap(lambda first: self._device(first, self.sample_rate)):
            self._lost = False
            self._notify("info", f"sound device {self.name} is back")

    async def _fall_back(self) -> None:
        await self._swap(lambda first: self._null(first, self.sample_rate))

    async def _swap(self, build: Callable[[int], Output]) -> bool:
        """Let another output go on at the next sample; the null clock and False when it refuses.

        A device may take its time to open, so that is done in a thread.
        """
        old, feeder = self._output, self._feeder
        assert old is not None
        assert feeder is not None
        await asyncio.to_thread(feeder.stop)
        try:
            new = await asyncio.to_thread(build, old.written)
            self._take_over(old, new)
            self._feeder = await asyncio.to_thread(self._feed, new)
        except DeviceError:
            null = self._null(old.written, old.sample_rate)
            if self._output is old:
                self._take_over(old, null)
            self._output = null
            self._feeder = self._feed(null)
            return False
        return True

    def _take_over(self, old: Output, new: Output) -> None:
        self._underruns += old.underruns
        self._xruns += old.xruns
        self._silence_s += old.silence_s
        self._output = new

    def _feed(self, output: Output) -> Feeder:
        assert self._source is not None
        told: deque[str] = deque(maxlen=5)

        def report(error: Exception) -> None:
            if str(error) not in told:
                told.append(str(error))
                text = f"audio: {type(error).__name__}: {error}"
                self._loop.call_soon_threadsafe(self._notify, "error", text)

        listeners = self._listeners if self._recorder is None else (*self._listeners, self._recorder)
        feeder = Feeder(output, self._source, listeners, report, self.lateness, self._kept)
        feeder.start()
        return feeder

    def _device(self, first: int, sample_rate: int) -> Output:
        options = self._options
        output = RtmixerOutput(
            options.device, sample_rate, self.channels, options.blocksize, self._lead_s, first
        )
        if self._output is not None and output.channels != self.channels:
            raise DeviceError(
                f"sound device {output.name} has {output.channels} channels, not {self.channels}"
            )
        return output

    def _null(self, first: int, sample_rate: int) -> Output:
        return NullOutput(sample_rate, self.channels, self._lead_s, first)
