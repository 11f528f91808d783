"""A take as a picture: level over time, bar lines, and what was done."""

from __future__ import annotations

from pathlib import Path

from daw_bridge.errors import TakeError
from daw_bridge.takes.clip import publish
from daw_bridge.takes.export import levels
from daw_bridge.takes.take import Event, Take

COLUMNS = 1600
MAX_LINES = 64
MAX_LABELS = 40
MAX_LABEL = 44
FLOOR_DB = -60.0
ROWS = 8
ROW_DB = 4.0
COLOURS = {"command": "tab:orange", "mark": "tab:red", "state": "tab:green"}


def draw(take: Take, out: Path) -> None:
    """Write a PNG (or what matplotlib makes of the ending).

    Raises:
        TakeError: the take has no sound, or the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    times, level = levels(take, COLUMNS)
    figure = Figure(figsize=(14, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.fill_between(times, FLOOR_DB, level.clip(FLOOR_DB, 0.0), color="tab:blue", alpha=0.6, linewidth=0)
    axes.set(xlim=(0, max(take.seconds, 1e-3)), xlabel="s", ylabel="level (dB)")
    axes.set_ylim(FLOOR_DB, (ROWS + 1) * ROW_DB)
    axes.set_yticks(range(round(FLOOR_DB), 1, 10))
    axes.set_title(f"{take.name or take.folder.name}: {take.model['name']}, {take.tempo:g} BPM", loc="left")
    for bar, seconds in _bar_lines(take):
        axes.axvline(seconds, color="0.6", linewidth=0.6, zorder=0)
        axes.text(seconds, FLOOR_DB + 1, str(bar), fontsize=7, color="0.4")
    shown = [event for event in take.events if 0 <= _seconds(take, event) <= take.seconds]
    for number, event in enumerate(shown):
        seconds = _seconds(take, event)
        axes.axvline(seconds, color=COLOURS[event.kind], linewidth=0.8, alpha=0.8)
        if number < MAX_LABELS:
            place = (seconds, (ROWS - number % ROWS) * ROW_DB)
            axes.annotate(_label(event), place, fontsize=7, color=COLOURS[event.kind])
    try:
        publish(out, lambda path: figure.savefig(path, dpi=110, format=out.suffix[1:] or "png"))
    except (OSError, ValueError) as error:
        raise TakeError(f"picture {out} cannot be written: {error}") from error


def _bar_lines(take: Take) -> list[tuple[int, float]]:
    """Bars with their seconds; every 2nd, 4th ... of a long take."""
    clock, first, rate = take.clock, take.first_sample, take.sample_rate
    last = clock.bar_beat(clock.beat_at(first + take.samples))[0]
    step = 1
    while last / step > MAX_LINES:
        step *= 2
    places = [(bar, clock.sample_at(clock.beat_of_bar(bar))) for bar in range(1, last + 1, step)]
    return [(bar, (place - first) / rate) for bar, place in places if place >= first]


def _seconds(take: Take, event: Event) -> float:
    return (event.sample - take.first_sample) / take.sample_rate


def _label(event: Event) -> str:
    text = event.text.removeprefix("/bridge/")
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"
