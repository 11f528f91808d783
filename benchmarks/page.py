"""Measured figures in a page of docs: a section a measurement, each with its own date, machine and curves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.results import Outcome, draw

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
_SECTION = re.compile(r"^### (.+)$", re.MULTILINE)


def write_section(outcome: Outcome, how: str, where: Mapping[str, str | int], page: Path) -> None:
    """Put the figures of a measurement into a page, between its two marks, and its curves, where it has any,
    beside the page; other measurements' sections stay.

    Args:
        how: ``'in full'``, or how much of it was run.
        where: see `benchmarks.results.machine`.
    """
    before, _, rest = page.read_text().partition(BEGIN)
    inside, _, after = rest.partition(END)
    sections = _sections(inside)
    sections[outcome.name] = _section(outcome, how, where)
    picture = page.with_name(f"{page.stem}-{outcome.name.replace(' ', '-')}.png")
    if draw([outcome], picture):
        sections[outcome.name] += f"\n\n![{outcome.name}: its curves]({picture.name})"
    text = "\n".join(f"### {name}\n\n{body}\n" for name, body in sections.items())
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def _sections(text: str) -> dict[str, str]:
    """Bodies by heading; what stands before the first heading is dropped."""
    parts = _SECTION.split(text)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _section(outcome: Outcome, how: str, where: Mapping[str, str | int]) -> str:
    cores = f"{where['cores']} core{'s' if where['cores'] != 1 else ''} of {where['cpu']}"
    gpu = f", {where['gpu']}" if where["gpu"] else ""
    rows = [
        f"{datetime.now(timezone.utc):%Y-%m-%d}, {how}, on {cores}{gpu}, torch {where['torch']}, Python "
        f"{where['python']}; load before the run {where['load']}.",
        "",
        "| figure | value | to reach | reached | note |",
        "|---|---:|---:|---|---|",
    ]
    for figure in outcome.figures:
        mark = {True: "yes", False: "**no**", None: ""}[figure.reached]
        rows.append(f"| {figure.name} | {figure.shown} | {figure.target} | {mark} | {figure.note} |")
    return "\n".join(rows)
