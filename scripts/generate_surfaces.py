"""Writes the tablet surfaces, for TouchOSC and Open Stage Control, from the parameter table; ``--check`` only
says whether they are up to date. ``--decks 4 --out FOLDER`` writes them for more decks."""

from __future__ import annotations

import argparse
import sys
import zlib
from pathlib import Path

import surface_open_stage_control
import surface_touchosc
from surface_layout import pages

from daw_bridge.parameters import MAX_DECKS

SURFACES = Path(__file__).resolve().parent.parent / "surfaces"
DECKS = 2
SESSION = Path("open-stage-control", "daw-bridge.json")
LAYOUT = Path("touchosc", "daw-bridge.tosc")


def stale(folder: Path, decks: int) -> list[Path]:
    """The files that are not what would be written; of the layout its text, as zlibs pack differently."""
    found = []
    session = folder / SESSION
    if not session.is_file() or session.read_text() != surface_open_stage_control.session(pages(decks)):
        found.append(session)
    layout = folder / LAYOUT
    written = zlib.decompress(layout.read_bytes()).decode() if layout.is_file() else ""
    if written != surface_touchosc.document(pages(decks)):
        found.append(layout)
    return found


def write(folder: Path, decks: int) -> None:
    """Write what is not up to date."""
    for path in stale(folder, decks):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path == folder / SESSION:
            path.write_text(surface_open_stage_control.session(pages(decks)))
        else:
            path.write_bytes(surface_touchosc.layout(pages(decks)))


def main() -> int:
    """Write or check; 1 when a check finds one out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, but say what is out of date")
    parser.add_argument("--decks", type=int, choices=range(1, MAX_DECKS + 1), default=DECKS)
    parser.add_argument("--out", type=Path, default=SURFACES, help="folder for the files")
    asked = parser.parse_args()
    if not asked.check:
        write(asked.out, asked.decks)
        return 0
    found = stale(asked.out, asked.decks)
    for path in found:
        print(f"{path} is out of date: run make docs", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
