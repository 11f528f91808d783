"""The front process: what it must not carry."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRONT = (
    "serve", "decks.player", "decks.clip_render", "decks.engine_host", "decks.engines", "takes.keeper",
    "control.oscquery.server", "control.announce",
)  # fmt: skip


def carries(modules: tuple[str, ...], libraries: tuple[str, ...]) -> bool:
    """Whether a process with some modules has any of the libraries loaded."""
    loads = "; ".join(f"import daw_bridge.{name}" for name in modules)
    code = f"import sys; {loads}; sys.exit(any(name in sys.modules for name in {libraries}))"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode != 0


def test_the_front_process_does_not_load_torch() -> None:
    """The models live in the worker; the daemon answers sooner and stays small without their library."""
    assert not carries(FRONT, ("torch",))


@pytest.mark.parametrize("module", ["serve", "decks.player"])
def test_the_libraries_of_oscquery_and_mdns_are_loaded_only_when_they_are_needed(module: str) -> None:
    assert not carries((module,), ("aiohttp", "zeroconf"))
