"""The front process: what it must not carry."""

from __future__ import annotations

import subprocess
import sys


def test_the_front_process_does_not_load_torch() -> None:
    """The models live in the worker; the daemon answers sooner and stays small without their library."""
    modules = [
        "serve",
        "decks.player",
        "decks.clip_render",
        "decks.engine_host",
        "decks.engines",
        "takes.keeper",
    ]
    loads = "; ".join(f"import daw_bridge.{name}" for name in modules)
    code = f"import sys; {loads}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
