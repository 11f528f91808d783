from __future__ import annotations

from pathlib import Path

import pytest

from daw_bridge.presets import load

MAPS = sorted((Path(__file__).parents[2] / "surfaces" / "midi").glob("*.yaml"))


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_every_map_is_valid_and_says_how_it_is_loaded(path: Path) -> None:
    setup = load("lofi", [f"midi={path}"]).midi
    assert setup.ports
    controls = [binding.source.control for binding in setup.bindings]
    assert len(set(controls)) == len(controls)
    assert f"midi=surfaces/midi/{path.name}" in path.read_text()


def test_there_is_a_map() -> None:
    assert MAPS
