"""The tour: the daemon in a child process, played over real OSC for a minute, recorded, measured and drawn.

`daw-bridge play` runs it. It leaves `play.wav` (what sounded) and `play.png` (its spectrogram with bar lines
and prompts) in a folder, and prints what it did and what it measured.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from rich.console import Console

from daw_bridge.audio import analysis
from daw_bridge.errors import BridgeError

Value = float | int | str
Message = tuple[str, tuple[Value, ...]]

DECK = "/bridge/deck/1"
_READY = re.compile(r"ready on (\S+):(\d+) ")
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_POLL_S = 0.2
_MEASURABLE_S = 4.0


@dataclass(frozen=True)
class Cue:
    """A moment of the script: `at` is its share of the whole length, `tempo` the BPM from then on."""

    at: float
    label: str
    tempo: float
    messages: tuple[Message, ...]


SCRIPT = (
    Cue(0.0, "lo-fi hip hop with electric piano, 84 bpm", 84.0, ()),
    Cue(0.2, "drums only, lo-fi hip hop, 84 bpm", 84.0, ()),
    Cue(0.36, "solo piano, calm, 84 bpm", 84.0, ()),
    Cue(0.54, "techno with synth bass and drums, 126 bpm", 126.0, ()),
    Cue(
        0.8,
        "half techno, half orchestral strings",
        126.0,
        ((f"{DECK}/prompts", ("techno, 126 bpm", 0.5, "orchestral strings, 126 bpm", 0.5)),),
    ),
)


@dataclass(frozen=True)
class Heard:
    """A cue as it was acknowledged: the output second and the bar at which it sounds."""

    cue: Cue
    seconds: float
    bar: int


@dataclass
class Story:
    """What happened on a tour; `positions` are rows of (output seconds, beats since the clock's start)."""

    heard: list[Heard] = field(default_factory=list)
    positions: list[tuple[float, float]] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    underruns: int = 0
    start_s: float = 0.0
    stop_s: float = 0.0

    def bar_lines(self, beats_per_bar: int = 4) -> npt.NDArray[np.float64]:
        """Output seconds of the bar lines between start and stop."""
        seconds, beats = np.array(self.positions).T
        bars = np.arange(np.ceil(beats[0] / beats_per_bar), beats[-1] / beats_per_bar)
        lines: npt.NDArray[np.float64] = np.interp(bars * beats_per_bar, beats, seconds)
        return lines[(lines >= self.start_s - 0.05) & (lines <= self.stop_s + 0.05)]


class TourError(BridgeError):
    """The tour could not be played: the daemon did not start or did not answer."""


def play(
    seconds: float = 60.0,
    folder: Path = Path("build/play"),
    arguments: tuple[str, ...] = (),
    console: Console | None = None,
) -> Story:
    """Play the tour.

    Args:
        seconds: length of the music, 8 and up.
        folder: takes `play.wav`, `play.png` and the daemon's log.
        arguments: more arguments of `daw-bridge serve`, such as `device=null`.

    Raises:
        TourError: the daemon does not start or does not answer.
    """
    out = console or Console(soft_wrap=True, highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / "play.wav"
    recording.unlink(missing_ok=True)
    with _Daemon((f"record={recording}", "takes=0", *arguments), folder / "daemon.log") as daemon:
        out.print(f"[bold]{daemon.ready_line}")
        with _Link(daemon.host, daemon.port) as link:
            story = _perform(link, max(seconds, 8.0), out)
    _report(story, recording, folder / "play.png", out)
    return story


def _perform(link: _Link, length: float, out: Console) -> Story:
    story = Story()
    link.ask(f"{DECK}/quantum", "1M")
    for cue in SCRIPT:
        if cue.at > 0.0:
            _wait(link, story, story.start_s + cue.at * length)
        _play_cue(link, story, cue, out)
    _wait(link, story, story.start_s + 0.96 * length)
    ack = link.ask(f"{DECK}/stop", "1M")
    story.stop_s = link.output_second() + float(ack.params[2])
    out.print(f"bar {ack.params[3]:>3}  stop")
    _wait(link, story, story.stop_s + 1.0)
    link.send("/bridge/status")
    story.underruns = int(link.wait_for("/bridge/status").params[6])
    return story


def _play_cue(link: _Link, story: Story, cue: Cue, out: Console) -> None:
    """Send a cue's messages; a new prompt sounds at the next bar line, a new tempo right there."""
    first = not story.heard
    if first:
        link.ask("/bridge/tempo", cue.tempo)
    messages = cue.messages or ((f"{DECK}/prompt", (cue.label,)),)
    for address, values in messages:
        ack = link.ask(address, *values)
    if first:
        ack = link.ask(f"{DECK}/start", "1M")
    at = link.output_second() + float(ack.params[2])
    bar = int(ack.params[3])
    story.heard.append(Heard(cue, at, bar))
    if first:
        story.start_s = at
    out.print(f"bar {bar:>3}  {cue.label}  [dim](sounds {float(ack.params[2]):.2f} s after it was sent)")
    if not first and cue.tempo != story.heard[-2].cue.tempo:
        _wait(link, story, at)
        link.ask("/bridge/tempo", cue.tempo)
        out.print(f"         tempo {cue.tempo:g}")


def _wait(link: _Link, story: Story, until: float) -> None:
    """Let the music play to an output second, noting where the clock is meanwhile."""
    while True:
        link.send("/bridge/position")
        bar, beat, _tempo, seconds = link.wait_for("/bridge/position").params
        story.positions.append((seconds, (bar - 1) * 4 + beat - 1.0))
        link.send(f"{DECK}/state")
        story.factors.append(float(link.wait_for(f"{DECK}/state").params[2]))
        left = until - seconds
        if left <= 0.0:
            return
        time.sleep(min(left, _POLL_S))


def _report(story: Story, recording: Path, picture: Path, out: Console) -> None:
    samples, rate = soundfile.read(recording, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    ends = [heard.seconds for heard in story.heard[1:]] + [story.stop_s]
    out.print()
    for heard, end in zip(story.heard, ends, strict=True):
        section = mono[round(heard.seconds * rate) : round(end * rate)]
        if end - heard.seconds < _MEASURABLE_S:
            out.print(f"{heard.cue.label:45.45}  asked {heard.cue.tempo:g} bpm, too short to measure")
            continue
        found = analysis.tempo_error(analysis.onset_envelope(section, rate), heard.cue.tempo)
        out.print(
            f"{heard.cue.label:45.45}  asked {heard.cue.tempo:g} bpm, heard {found.bpm:.1f} bpm "
            f"(salience {found.salience:.2f})"
        )
    whole = mono[round(story.start_s * rate) : round(story.stop_s * rate)]
    factors = [factor for factor in story.factors if factor > 0]
    out.print(
        f"generation {np.median(factors) if factors else float('nan'):.1f}x real time, "
        f"{story.underruns} underruns, level {20 * np.log10(max(analysis.rms(whole), 1e-9)):.1f} dBFS, "
        f"longest gap {1000 * analysis.longest_silence(whole, rate):.0f} ms"
    )
    out.print(f"recording  {recording}")
    _draw(story, mono, rate, picture)
    out.print(f"picture    {picture}")


def _draw(story: Story, mono: npt.NDArray[np.float32], rate: int, picture: Path) -> None:
    """Draw the spectrogram with bar lines and prompts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    first = max(story.start_s - 0.3, 0.0)
    shown = mono[round(first * rate) : round((story.stop_s + 0.5) * rate)]
    decibels, frequencies, times = _spectrogram(shown, rate)
    mesh = axes.pcolormesh(
        times + first, frequencies, decibels, cmap="magma", vmin=decibels.max() - 80, shading="nearest"
    )
    mesh.set_rasterized(True)
    axes.set_yscale("log")
    axes.set_ylim(frequencies[0], frequencies[-1])
    for line in story.bar_lines():
        axes.axvline(line, color="white", linewidth=0.6, alpha=0.55)
    for heard in story.heard:
        axes.axvline(heard.seconds, color="cyan", linewidth=1.5)
        axes.text(heard.seconds, frequencies[-1] * 1.06, _wrapped(heard.cue.label), fontsize=9, va="bottom")
    axes.set_xlabel("seconds; white: the clock's bar lines, cyan: prompt changes as acknowledged")
    axes.set_ylabel("Hz")
    figure.savefig(picture, dpi=110)


def _spectrogram(
    mono: npt.NDArray[np.float32], rate: int, bands: int = 160, columns: int = 1600
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decibels [bands, columns] over log-spaced frequencies 40 Hz .. 14 kHz, their Hz, and seconds."""
    size = 4096
    hop = max(1, len(mono) // columns)
    padded = np.pad(mono, (size // 2, size))
    starts = np.arange(0, len(mono), hop)
    window = np.hanning(size)
    frequencies = np.geomspace(40.0, min(14000.0, rate / 2.2), bands)
    bins = frequencies / rate * size
    power = np.empty((bands, len(starts)))
    for column, start in enumerate(starts):
        spectrum = np.abs(np.fft.rfft(padded[start : start + size] * window))
        power[:, column] = np.interp(bins, np.arange(len(spectrum)), spectrum)
    return 20.0 * np.log10(power + 1e-6), frequencies, starts / rate


def _wrapped(text: str, width: int = 24) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


class _Daemon:
    """`daw-bridge serve` in a child process, its output kept in a log."""

    def __init__(self, arguments: tuple[str, ...], log: Path) -> None:
        self.host = ""
        self.port = 0
        self.ready_line = ""
        self._log = log
        self._command = [sys.executable, "-m", "daw_bridge", "serve", "--port", "0", "oscquery=0", *arguments]

    def __enter__(self) -> _Daemon:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait()
        if not self.port:
            self._process.wait()
            raise TourError(f"the daemon did not start: {self._log.read_text().strip()[-600:]}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(2)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("w") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                found = _READY.search(line)
                if found and not self.port:
                    self.host, self.port = _ANY_HOST.get(found[1], found[1]), int(found[2])
                    self.ready_line = line.strip()
                    self._ready.set()
        self._ready.set()


class _Link:
    """A player's side of the OSC port."""

    def __init__(self, host: str, port: int) -> None:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind)
        self._socket.connect(address)

    def __enter__(self) -> _Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, address: str, *values: Value) -> None:
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self._socket.send(builder.build().dgram)

    def ask(self, address: str, *values: Value) -> OscMessage:
        """Send a setting or command and return its acknowledgement."""
        self.send(address, *values)
        return self.wait_for("/bridge/ack", about=address)

    def output_second(self) -> float:
        """The second of the output that is being heard."""
        self.send("/bridge/position")
        return float(self.wait_for("/bridge/position").params[3])

    def wait_for(self, address: str, about: str = "", timeout: float = 5.0) -> OscMessage:
        """The next message of an address, about another address.

        Raises:
            TourError: the daemon refused, or did not answer.
        """
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65535)
            except OSError:
                break
            for message in _messages(data):
                if message.address == "/bridge/error":
                    raise TourError(f"the daemon refused: {' '.join(map(str, message.params))}")
                if message.address == address and (not about or message.params[:1] == [about]):
                    return message
        raise TourError(f"the daemon did not answer with {address} {about} within {timeout:g} s")


def _messages(data: bytes) -> Iterator[OscMessage]:
    if OscBundle.dgram_is_bundle(data):
        yield from (part for part in OscBundle(data) if isinstance(part, OscMessage))
    else:
        yield OscMessage(data)
