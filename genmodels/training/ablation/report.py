"""Tables and pictures of comparisons, and their place in docs/training.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from genmodels.errors import GenModelsError
from genmodels.training.ablation.study import Outcome


class ReportError(GenModelsError):
    """The page has no place for a comparison's table."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and what it says of an outcome."""

    title: str
    cell: Callable[[Outcome], str]


def table(columns: Sequence[Column], outcomes: Sequence[Outcome]) -> str:
    """A Markdown table, one row an outcome; all columns but the first are numbers."""
    lines = [
        "| " + " | ".join(column.title for column in columns) + " |",
        "|" + "|".join(["---"] + ["---:"] * (len(columns) - 1)) + "|",
    ]
    lines += ["| " + " | ".join(column.cell(outcome) for column in columns) + " |" for outcome in outcomes]
    return "\n".join(lines) + "\n"


def draw(
    path: Path, outcomes: Sequence[Outcome], curves: Sequence[tuple[str, str]], by_minutes: bool
) -> None:
    """Draws validation figures over steps or minutes, one panel a figure; an outcome without a history is a
    dotted line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, len(curves), figsize=(3.6 * len(curves), 3.2), layout="constrained", squeeze=False
    )
    for axis, (key, title) in zip(axes[0], curves, strict=True):
        for outcome in outcomes:
            points = [
                (entry["seconds"] / 60 if by_minutes else entry["step"], entry[f"valid_{key}"])
                for entry in outcome.history
                if f"valid_{key}" in entry
            ]
            if points:
                axis.plot(*zip(*points, strict=True), marker=".", label=outcome.name)
            else:
                axis.axhline(outcome.figures[key], color="gray", linestyle=":", label=outcome.name)
        axis.set(title=title, xlabel="minutes of training" if by_minutes else "steps")
        axis.grid(alpha=0.3)
    axes[0][0].legend(frameon=False)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def publish(page: Path, name: str, text: str) -> None:
    """Replaces what stands between `<!-- NAME -->` and `<!-- end of NAME -->` in a page.

    Raises:
        ReportError: the page lacks these marks.
    """
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(old):
        raise ReportError(f"{page}: no marks <!-- {name} --> and <!-- end of {name} -->")
    page.write_text(pattern.sub(lambda m: m[1] + text + m[2], old), encoding="utf-8")
