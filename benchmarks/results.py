"""Figures, how they are shown, and where they are kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured value, with the value to reach where there is one (`at_least` or `at_most`)."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        """The value for people, with its unit."""
        return f"{_number(self.value)} {self.unit}".strip()

    @property
    def target(self) -> str:
        """The value to reach, in words; empty without one."""
        if self.at_least is not None:
            return f">= {_number(self.at_least)}"
        return f"<= {_number(self.at_most)}" if self.at_most is not None else ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None


def mean(values: Sequence[float] | Sequence[bool]) -> float:
    """Not a number where there is none."""
    return float(np.mean(values)) if len(values) else float("nan")


def _number(value: float) -> str:
    """Thousands in whole numbers, else three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


@dataclass
class Outcome:
    """What one benchmark found: figures, and the raw series behind them for the curve."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    series: dict[str, list[float]] = field(default_factory=dict)


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    import torch

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cpu": model,
        "cores": available,
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
    }


def show(outcomes: list[Outcome], console: Console) -> None:
    """Print a table of all figures."""
    table = Table(title="daw_bridge, measured", title_justify="left")
    for column in ("benchmark", "figure", "value", "to reach", "", "note"):
        table.add_column(column, justify="right" if column in ("value", "to reach") else "left")
    for outcome in outcomes:
        for figure in outcome.figures:
            mark = {True: "[green]ok", False: "[red]missed", None: ""}[figure.reached]
            table.add_row(outcome.name, figure.name, figure.shown, figure.target, mark, figure.note)
    console.print(table)


def save(outcomes: list[Outcome], quick: bool) -> Path:
    """Write figures and series as JSON, and the curves as a picture beside it; returns the JSON's path."""
    FOLDER.mkdir(exist_ok=True)
    now = datetime.now(timezone.utc)
    path = FOLDER / f"{now:%Y%m%d-%H%M%S}{'-quick' if quick else ''}.json"
    content = {
        "date": now.isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine(),
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    draw(outcomes, path.with_suffix(".png"))
    return path


def draw(outcomes: list[Outcome], picture: Path) -> bool:
    """One panel a benchmark: series over their position, in milliseconds or in the unit that ends their name,
    latencies as sorted curves. Returns whether there was anything to draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    drawn = [outcome for outcome in outcomes if outcome.series]
    if not drawn:
        return False
    canvas = Canvas(figsize=(6 * len(drawn), 4), layout="constrained")
    FigureCanvasAgg(canvas)
    for index, outcome in enumerate(drawn):
        axes = canvas.add_subplot(1, len(drawn), index + 1)
        axes.set_title(outcome.name)
        for label, values in outcome.series.items():
            if label.startswith("sorted "):
                ordered = np.sort(values)
                axes.plot(ordered, (np.arange(len(ordered)) + 1) / len(ordered), label=label[7:], marker=".")
                axes.set_xlabel("ms")
                axes.set_ylabel("share of the trials")
            else:
                _, _, unit = label.partition(", ")
                axes.plot(values, label=label)
                axes.set_xlabel("step")
                axes.set_ylabel(unit or "ms")
                axes.set_yscale("linear" if unit else "log")
        axes.legend()
        axes.grid(alpha=0.3)
    canvas.savefig(picture, dpi=110)
    return True
