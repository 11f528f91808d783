"""The layouts of the tablet surfaces as they are written, for every number of decks."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from itertools import combinations
from pathlib import Path

import pytest

from daw_bridge.parameters import MAX_DECKS

SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_surfaces.py"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module", params=[1, MAX_DECKS])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """How many decks the surfaces were written for, and where."""
    folder = tmp_path_factory.mktemp("surfaces")
    command = [sys.executable, str(SCRIPT), "--decks", str(request.param), "--out", str(folder)]
    subprocess.run(command, check=True, timeout=60)
    return request.param, folder


def overlapping(boxes: list[Box]) -> list[tuple[Box, Box]]:
    """Pairs of boxes (x, y, width, height) that share more than their rims."""
    return [
        (a, b)
        for a, b in combinations(boxes, 2)
        if a[0] < b[0] + b[2] - 0.01
        and b[0] < a[0] + a[2] - 0.01
        and a[1] < b[1] + b[3] - 0.01
        and b[1] < a[1] + a[3] - 0.01
    ]


def test_the_layout_of_touchosc_has_a_page_a_deck_and_nothing_lies_on_anything(
    written: tuple[int, Path],
) -> None:
    decks, folder = written
    document = ET.fromstring(zlib.decompress((folder / "touchosc" / "daw-bridge.tosc").read_bytes()))
    nodes = list(document.iter("node"))
    assert len({node.get("ID") for node in nodes}) == len(nodes)
    pager = next(node for node in nodes if node.get("type") == "PAGER")
    pages = pager.findall("children/node")
    assert len(pages) == 1 + decks
    for page in pages:
        controls = [node for node in page.findall("children/node") if node.get("type") != "LABEL"]
        boxes = [_frame(node) for node in controls]
        assert not overlapping(boxes)
        _, _, width, height = _frame(page)
        assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
        assert all(w > 30 and h > 10 for _, _, w, h in boxes)
        for value in page.iterfind("children/node/values/value"):
            if value.findtext("key") in ("x", "y"):
                assert 0 <= float(value.findtext("default") or "nan") <= 1


def test_the_session_of_open_stage_control_has_a_tab_a_deck_and_nothing_lies_on_anything(
    written: tuple[int, Path],
) -> None:
    decks, folder = written
    session = json.loads((folder / "open-stage-control" / "daw-bridge.json").read_text())
    tabs = session["content"]["tabs"]
    assert len(tabs) == 1 + decks
    names = [widget["id"] for tab in tabs for widget in tab["widgets"]]
    assert len(set(names)) == len(names)
    for tab in tabs:
        boxes = [_percent(widget) for widget in tab["widgets"]]
        assert not overlapping(boxes)
        assert all(x >= 0 and y >= 0 and x + w <= 100.01 and y + h <= 100.01 for x, y, w, h in boxes)


def _frame(node: ET.Element) -> Box:
    for each in node.iterfind("properties/property"):
        if each.findtext("key") == "frame":
            x, y, w, h = (float(each.findtext(f"value/{side}") or "nan") for side in "xywh")
            return x, y, w, h
    raise AssertionError("a control has no frame")


def _percent(widget: dict[str, str]) -> Box:
    x, y, w, h = (float(widget[side].rstrip("%")) for side in ("left", "top", "width", "height"))
    return x, y, w, h
