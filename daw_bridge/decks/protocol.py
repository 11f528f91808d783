"""What a control surface asks of the instrument, and what it answers.

`Player` is the one face that control surfaces know. Paths are those of the parameter table
(`daw_bridge.parameters`), with ``{deck}`` unfilled; values are already checked and coerced by the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.clock.status import NO_CLOCK, ClockStatus
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.status import NO_CAPTURE, CaptureStatus
from daw_bridge.metrics import NO_METRICS, Metrics
from daw_bridge.parameter import Values
from daw_bridge.takes.status import NO_TAKE, TakeStatus

DeckState = Literal["stopped", "armed", "playing", "holding"]
EngineState = Literal["loading", "ready", "restarting", "failed"]
ChoicesState = Literal["none", "preparing", "ready", "changed"]
NoticeKind = Literal["info", "warning", "error", "deck"]


@dataclass(frozen=True)
class When:
    """When a change takes effect: at the next boundary of ``quantum``, or at the start of bar ``bar``.

    Attributes:
        quantum: the grid; `NOW` is the first sample that can still be changed.
        bar: absolute bar number, from 1; when given it overrules the quantum. A bar that has passed is
            refused by the player with a `ScheduleError`.
        at: Unix time in seconds at which it is to be heard; overrules both. A time that has passed, or that
            cannot be kept, is as soon as can be.
        asked: `time.monotonic` at which the wish arrived, from which its latency counts; None does not count.
    """

    quantum: Quantum = NOW
    bar: int | None = None
    at: float | None = None
    asked: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Ack:
    """Where an accepted change will sound.

    Attributes:
        beat: beats since the clock's start (quarter notes, from 0.0).
        bar: bar that holds that beat, from 1.
        sample: output sample at which it will be heard.
        seconds: from now until it is heard; 0 when it takes effect at once.
    """

    beat: float
    bar: int
    sample: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """Outcome of a command that takes its time (a clip render).

    Attributes:
        values: what is answered to whoever asked, e.g. the clip's path and its length in seconds.
        error: reason of a failure, empty on success.
    """

    values: Values = ()
    error: str = ""


OnRefused = Callable[[str, int | None, Exception], None]
Settings = tuple[tuple[str, int | None, Values], ...]
"""Values by path and deck."""

OnResult = Callable[[Result], None]


@dataclass(frozen=True)
class Notice:
    """Something that happened by itself and that whoever plays should know.

    Attributes:
        kind: ``'deck'`` for a change of a deck's state, else the severity.
        text: one line.
        deck: the deck it is about, from 1, or None.
    """

    kind: NoticeKind
    text: str
    deck: int | None = None


@dataclass(frozen=True)
class Planned:
    """Something that a deck will do: a parameter's name (without the deck's prefix), ``'start'``,
    ``'commit'``, ``'stop'``, ``'model'`` or ``'resume'`` (see `Span`), and when: bar (from 1), beat in the
    bar (from 1.0), seconds from now."""

    name: str
    bar: int
    beat: float
    seconds: float


@dataclass(frozen=True)
class ChoicesStatus:
    """What a deck might go on with.

    Attributes:
        state: ``'changed'`` when they are about to be prepared anew.
        count: how many there are. ready: how many are whole. bars: of each.
        cued: the one that is heard on the cue, 0 for none.
        committed: the one that is taken at bar ``bar``, 0 for none.
    """

    state: ChoicesState = "none"
    count: int = 0
    ready: int = 0
    bars: int = 0
    cued: int = 0
    committed: int = 0
    bar: int = 0


NO_CHOICES = ChoicesStatus()


@dataclass(frozen=True)
class DeckStatus:
    """One deck.

    Attributes:
        deck: number, from 1.
        lead_s: seconds generated ahead of what is heard.
        realtime_factor: measured speed, times real time; 0 before it is known.
        prompt: the one with the greatest weight.
        bar, beat: position being heard, bars counted from the one in which the deck started; 0 while it does
            not sound.
        following: what it will do next.
        underruns: how often it has held. held_s: seconds in which it did.
        heard: strengths of the pitch classes from C, in [0, 1], of which its model was told for what is being
            heard; all 0 while it does not sound or nothing steers its harmony.
        choices: what it might go on with.
    """

    deck: int
    state: DeckState
    lead_s: float = 0.0
    realtime_factor: float = 0.0
    prompt: str = ""
    bar: int = 0
    beat: float = 0.0
    following: Planned | None = None
    underruns: int = 0
    held_s: float = 0.0
    heard: tuple[float, ...] = (0.0,) * 12
    choices: ChoicesStatus = NO_CHOICES


@dataclass(frozen=True)
class SwapStatus:
    """A change of model on its way.

    Attributes:
        state: ``'loading'``, ``'waiting'`` (it is loaded, and its line comes), or ``'none'``.
        model: name of the one that is to take over.
    """

    state: Literal["none", "loading", "waiting"] = "none"
    model: str = ""


NO_SWAP = SwapStatus()


@dataclass(frozen=True)
class Status:
    """The instrument as it sounds now.

    Attributes:
        engine: state of the model worker.
        model, device: names, for people; a null clock says so in ``device``.
        compute, precision: where the model runs and in which number format; empty before it is loaded.
        sample_rate: of the output, Hz.
        latency_s: of the output, seconds.
        realtime_factor: measured at warm-up, then running; generated seconds per second.
        bar, beat: position being heard: bar from 1, beat in the bar from 1.0.
        beats: beats since the clock's start.
        tempo: BPM. beats_per_bar: 3 or 4.
        sample: output sample being heard.
        underruns: times so far that the sound was late. xruns: gaps that the sound device reported.
        decks: one entry a deck, in order.
        take: what is being recorded.
        metrics: how it is doing.
        clock: whose clock is followed.
        swap: a change of model on its way.
        capture: how far the capture of a melody is.
        origin: beats that had passed, since the instrument began, at beat 0 of the clock; it changes where
            the song begins anew or is found elsewhere.
    """

    engine: EngineState
    model: str
    device: str
    sample_rate: int
    latency_s: float
    realtime_factor: float
    bar: int
    beat: float
    beats: float
    tempo: float
    beats_per_bar: int
    sample: int
    underruns: int
    decks: tuple[DeckStatus, ...]
    xruns: int = 0
    take: TakeStatus = NO_TAKE
    metrics: Metrics = NO_METRICS
    compute: str = ""
    precision: str = ""
    clock: ClockStatus = NO_CLOCK
    swap: SwapStatus = NO_SWAP
    capture: CaptureStatus = NO_CAPTURE
    origin: float = 0.0

    @property
    def place(self) -> SongPlace:
        """What is heard, in the song."""
        beat = (self.bar - 1) * self.beats_per_bar + self.beat - 1.0
        return SongPlace(beat, self.beats_per_bar, self.origin + self.beats - beat)


ReadCapture = Callable[[Status], CaptureStatus]
"""How far the capture of a melody is in a state of the instrument."""


def no_capture(status: Status) -> CaptureStatus:
    """Nobody captures anything."""
    return NO_CAPTURE


@dataclass(frozen=True)
class PlayerOptions:
    """How the instrument is built; fixed while it runs.

    Attributes:
        model: ``'mini'``, a hub name, a folder or a file.
        compute: where the model runs: ``'auto'``, ``'cpu'``, ``'cuda'``, ``'cuda:1'`` ...
        precision: number format of the model's arithmetic: ``'auto'``, ``'fp32'``, ``'half'``, ``'int8'`` or
            ``'native'``.
        threads: threads of the model worker; 0 chooses.
        device: sound device: part of its name or its number; empty is the system's default, ``'null'`` is the
            null clock.
        sample_rate: output rate in Hz; 0 takes the device's own.
        blocksize: frames of a callback; 0 lets the device choose.
        latency_ms: audio written ahead of the device; the time a change needs at least.
        lookahead_ms: how far generation runs ahead of what is heard; 0 adapts to the measured speed.
        decks: number of decks at first, 1..8. channels: of the output.
        record: WAV file that takes the whole output, or None.
        seed: first seed; deck n starts with ``seed + n - 1``.
        data: folder below which clips and takes are written.
        takes: whether takes are recorded. takes_days, takes_gb: age and size beyond which old ones are
            removed; 0 is never.
        midi_api: one of `daw_bridge.midi.port.APIS`, for clocks.
    """

    model: str = "mini"
    compute: str = "auto"
    precision: str = "auto"
    threads: int = 0
    device: str = ""
    sample_rate: int = 0
    blocksize: int = 0
    latency_ms: float = 60.0
    lookahead_ms: float = 0.0
    decks: int = 1
    channels: int = 2
    record: Path | None = None
    seed: int = 0
    takes: bool = False
    takes_days: float = 0.0
    takes_gb: float = 0.0
    midi_api: str = "auto"
    data: Path = field(default_factory=lambda: Path.home() / ".local" / "share" / "daw-bridge")


@dataclass(frozen=True)
class RenderRequest:
    """A bar-exact clip. Ranges are those of the parameter table.

    Attributes:
        prompts: texts with their weights, 1..4.
        bars: length in bars of ``beats_per_bar`` beats.
        tempo: BPM.
        out: WAV to write, published atomically; its folder must exist.
        key: e.g. ``'A minor'``; empty is off. chords: e.g. ``'Am F C G'``, one a bar; empty is off.
        model, compute, precision, threads: as in `PlayerOptions`; of no effect in a daemon that plays.
        sample_rate: of the file in Hz; 0 keeps the model's.
    """

    prompts: tuple[tuple[str, float], ...]
    bars: int
    tempo: float
    out: Path
    beats_per_bar: int = 4
    seed: int = 0
    key: str = ""
    chords: str = ""
    temperature: float = 1.0
    top_k: int = 250
    top_p: float = 0.0
    guidance: float = 3.0
    model: str = "mini"
    compute: str = "auto"
    precision: str = "auto"
    threads: int = 0
    sample_rate: int = 0


Progress = Callable[[float], None]
"""Called with the share done, 0..1, from whatever thread renders."""


class Player(Protocol):
    """The instrument. All methods but `start` and `stop` return at once and are called from the event loop;
    callbacks (`on_notice`, `OnResult`) come back on that same loop.

    A method that refuses raises a `daw_bridge.errors.BridgeError`, or a `genmodels` error for a condition
    that does not fit the model; its text goes to whoever asked. Decks count from 1.
    """

    @property
    def deck_count(self) -> int:
        """Number of decks; it can be changed by ``/bridge/decks``."""

    async def start(self) -> None:
        """Open the output, start the worker, load and warm up the model.

        Raises:
            ModelError: the model cannot be loaded.
            DeviceError: the sound device was named and cannot be found. Without a name and without any device
                the player runs on the null clock and says so by a notice.
        """

    async def stop(self) -> None:
        """End worker, output and recording, and leave nothing behind; within 1.5 s; callable at any moment
        and more than once."""

    def get(self, path: str, deck: int | None) -> Values:
        """The value of a value parameter as last set (or its default)."""

    def set(
        self, path: str, deck: int | None, values: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Change a value parameter. ``prompt`` and ``prompts`` are one value under two names.

        Args:
            on_result: told an error where a value takes its time and cannot be had then (a clock); what was
                set before stays.
        """

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        """Carry out ``/bridge/deck/{deck}/start``, ``/bridge/deck/{deck}/stop`` (no args: `when` says all),
        ``/bridge/deck/{deck}/play`` (args say whether; it comes at the launch quantum),
        ``/bridge/deck/{deck}/choices`` (count and bars), ``cue`` or ``commit`` (the choice) of a deck,
        ``new``, ``mark`` or ``name`` below ``/bridge/take/``, ``cancel`` of a deck or of all (args is a
        parameter's name, ``''`` for everything), ``/bridge/deck/{deck}/grab`` (args are bars),
        ``/bridge/clip/render`` (args are prompt, bars, tempo and name, ``''`` for no name) or
        ``/bridge/model`` (args are its name). The outcome of the last three comes later by ``on_result``:
        its values are the path and the length in seconds, or for the model its name, and bar and beat at
        which it took over."""

    def change(
        self, model: str, settings: Settings, when: When, on_result: OnResult, on_refused: OnRefused
    ) -> Ack:
        """Set values together, at one line, and let another model take over there where one is named.

        Args:
            model: by name, or anything that can be loaded; empty for the one that plays or is on its way.
            on_result: gets the model's name, and bar and beat at which it was done; or why it was not, and
                then nothing has changed.
            on_refused: gets each value that cannot be set; the others are.
        """

    def show_capture(self, read: ReadCapture) -> None:
        """Let `status` tell how far the capture of a melody is, too; for whoever captures one."""

    def status(self) -> Status:
        """The present state; cheap enough for 50 calls a second."""
