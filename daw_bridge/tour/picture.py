"""A tour as a picture: spectrogram with bar lines and prompts; the melody asked for on what sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from daw_bridge.takes.obedience import harmony, mono
from daw_bridge.takes.take import Samples, Take
from daw_bridge.tour.report import Section, lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def draw(take: Take, parts: list[Section], picture: Path) -> None:
    """Write a PNG of the sections of a take."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
    first, stop = parts[0].samples[0], parts[-1].samples[1]
    _draw_spectrum(take, mono(take, first, stop), above)
    _draw_harmony(take, first, stop, below)
    for line in _bar_lines(take, first, stop):
        for axes in (above, below):
            axes.axvline(line, color="white", linewidth=0.6, alpha=0.55)
    for part in parts:
        seconds = (part.samples[0] - first) / take.sample_rate
        for axes in (above, below):
            axes.axvline(seconds, color="cyan", linewidth=1.5)
        text = "\n".join([_wrapped(part.cue.name), *lines(part.figures)])
        above.text(seconds, above.get_ylim()[1] * 1.06, text, fontsize=8, va="bottom")
    below.set_xlim(0, (stop - first) / take.sample_rate)
    below.set_xlabel(
        "seconds; white: bar lines, cyan: changes; in brackets: a faster grid, the notes reordered"
    )
    figure.savefig(picture, dpi=110)


def _draw_spectrum(take: Take, sound: Samples, axes: Axes) -> None:
    decibels, frequencies, times = _spectrogram(sound, take.sample_rate)
    mesh = axes.pcolormesh(
        times, frequencies, decibels, cmap="magma", vmin=decibels.max() - 80, shading="nearest"
    )
    mesh.set_rasterized(True)
    axes.set_yscale("log")
    axes.set_ylim(frequencies[0], frequencies[-1])
    axes.set_ylabel("Hz")


def _draw_harmony(take: Take, first: int, stop: int, axes: Axes) -> None:
    """Chroma that sounds, and in outline the one that was asked for."""
    asked, heard = harmony(take, 1, first, stop)
    times = np.linspace(0.0, (stop - first) / take.sample_rate, len(heard), endpoint=False)
    mesh = axes.pcolormesh(times, np.arange(12), heard.T, cmap="gray", shading="nearest")
    mesh.set_rasterized(True)
    for pitch in np.flatnonzero(asked.any(axis=0)):
        sounding = np.diff(np.pad(asked[:, pitch] > 0, 1).astype(int))
        begins, ends = np.flatnonzero(sounding > 0), np.flatnonzero(sounding < 0) - 1
        spans = [(times[a], times[b] - times[a]) for a, b in zip(begins, ends, strict=True)]
        axes.broken_barh(spans, (pitch - 0.5, 1.0), facecolor="none", edgecolor="orange", linewidth=1.2)
    axes.set_yticks(range(12), PITCHES, fontsize=7)
    axes.set_ylabel("heard; orange: asked for")


def _bar_lines(take: Take, first: int, stop: int) -> list[float]:
    """Seconds, from an output sample on, of the bar lines up to another."""
    clock = take.clock
    bars = range(clock.bar_beat(clock.beat_at(first))[0], clock.bar_beat(clock.beat_at(stop))[0] + 1)
    places = [clock.sample_at(clock.beat_of_bar(bar)) for bar in bars]
    return [(place - first) / take.sample_rate for place in places if first <= place <= stop]


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
