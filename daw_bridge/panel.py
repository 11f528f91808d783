"""The panel that `daw-bridge serve` draws on a terminal: a few lines, four times a second."""

from __future__ import annotations

from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel as Frame
from rich.table import Table
from rich.text import Text

from daw_bridge.clock.status import NO_CLOCK, ClockStatus
from daw_bridge.decks.conditions import PITCH_NAMES
from daw_bridge.decks.protocol import ChoicesStatus, DeckStatus, Status
from daw_bridge.melody.status import CaptureStatus

FULL_LEAD_S = 2.0
BAR_CELLS = 10
LEVELS = "·▁▂▃▄▅▆▇█"
STRONG = 0.5
NAMES_WIDTH = 10
COLOURS = {
    "playing": "green",
    "armed": "cyan",
    "holding": "yellow",
    "stopped": "dim",
    "ready": "green",
    "loading": "cyan",
    "restarting": "yellow",
    "failed": "bold red",
}


class Panel:
    """Draws states on a terminal; what is printed meanwhile scrolls above it.

    A terminal that has been closed ends the drawing and nothing else.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._live: Live | None = Live(console=console, auto_refresh=False, transient=True)

    def start(self) -> None:
        """Take the lowest lines of the terminal."""
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.start()

    def show(self, status: Status) -> None:
        """Draw a state."""
        if self._live is None:
            return
        try:
            self._live.update(drawn(status), refresh=True)
        except (OSError, ValueError):
            self.stop()

    def stop(self) -> None:
        """Give the lines back; may be called twice."""
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError, ValueError):
                live.stop()


def drawn(status: Status) -> RenderableType:
    """A state as it appears."""
    decks = Table.grid(padding=(0, 2))
    for deck in status.decks:
        decks.add_row(*_deck_cells(deck))
    parts: list[RenderableType] = [_place(status), decks, _figures(status)]
    title = Text.assemble((status.model, "bold"), "  ", (status.engine, COLOURS[status.engine]))
    if status.swap.model:
        title.append(f"  {status.swap.state}: {status.swap.model}", COLOURS["loading"])
    return Frame(Group(*parts), title=title, title_align="left", border_style="dim")


def _place(status: Status) -> Text:
    minutes, seconds = divmod(int(status.take.seconds), 60)
    take = f"take {status.take.state}"
    if status.take.state == "recording":
        take = f"● {status.take.name} {minutes}:{seconds:02}"
    return Text.assemble(
        (f"bar {status.bar} beat {int(status.beat)}/{status.beats_per_bar}", "bold"),
        f"   {status.tempo:.1f} BPM",
        _clock(status.clock),
        f"   {status.device}, {status.sample_rate} Hz, {status.latency_s * 1000:.0f} ms   ",
        (take, "red" if status.take.state in ("recording", "failed") else "dim"),
        (_capture(status.capture), "cyan"),
    )


def _clock(clock: ClockStatus) -> tuple[str, str]:
    """Whose clock is followed, where it is another's."""
    if clock == NO_CLOCK or clock.source == NO_CLOCK.source:
        return "", ""
    colours = {"locked": "green", "lost": "yellow"}
    return f" from {clock.source}, {clock.state} {clock.error_ms:+.1f} ms", colours.get(clock.state, "dim")


def _capture(capture: CaptureStatus) -> str:
    """How far the capture of a melody is, where there is one."""
    if capture.state == "idle":
        return ""
    return f"   melody: {capture.state} {capture.beats or ''}".rstrip()


def _deck_cells(deck: DeckStatus) -> tuple[RenderableType, ...]:
    full = min(BAR_CELLS, round(deck.lead_s / FULL_LEAD_S * BAR_CELLS))
    return (
        Text(f"deck {deck.deck}"),
        Text(f"{deck.state:8}", COLOURS[deck.state]),
        Text("█" * full + "░" * (BAR_CELLS - full) + f" {deck.lead_s:4.1f} s"),
        _heard(deck),
        Text(deck.prompt, overflow="ellipsis", no_wrap=True),
        Text(_choices(deck.choices), "cyan", no_wrap=True),
    )


def _heard(deck: DeckStatus) -> Text:
    """The pitch classes that the deck hears: a bar for each, and the names of the strong ones."""
    top = len(LEVELS) - 1
    bars = "".join(LEVELS[round(min(1.0, max(0.0, strength)) * top)] for strength in deck.heard)
    strong = [name for name, strength in zip(PITCH_NAMES, deck.heard, strict=True) if strength >= STRONG]
    return Text.assemble((bars, "cyan"), f" {' '.join(strong):{NAMES_WIDTH}.{NAMES_WIDTH}}")


def _choices(choices: ChoicesStatus) -> str:
    if not choices.count:
        return ""
    text = f"choices {choices.ready}/{choices.count}"
    text += f", cue {choices.cued}" if choices.cued else ""
    return text + (f", {choices.committed} at bar {choices.bar}" if choices.committed else "")


def _figures(status: Status) -> Text:
    metrics = status.metrics
    trouble = metrics.underruns + metrics.restarts
    control = "control to sound -"
    if metrics.control_ms:
        control = f"control to sound {metrics.control_ms:.0f} ms (p95 {metrics.control_p95_ms:.0f})"
    memory = f"{metrics.front_mb:.0f} + {metrics.worker_mb:.0f} MB"
    if metrics.gpu_mb:
        memory += f", GPU {metrics.gpu_mb:.0f} MB"
    return Text.assemble(
        f"{metrics.realtime_factor:.1f}x real time   ahead {metrics.lookahead_ms:.0f} ms   {control}   ",
        (
            f"underruns {metrics.underruns}, held {metrics.held_s:.1f} s, restarts {metrics.restarts}",
            "yellow" if trouble else "",
        ),
        f"   xruns {metrics.xruns}   {memory}",
    )
