"""SuperCollider's language without a screen, as a player's program that speaks OSC."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CLASSES = Path(__file__).parents[2] / "surfaces" / "supercollider"
WELCOME = "*** Welcome to SuperCollider"


def run_sclang(script: Path, port: int, folder: Path, timeout: float = 60.0) -> list[str]:
    """Run a script with the class DawBridge at hand until it ends; returns the lines that it printed.

    Args:
        port: the daemon's OSC port, in the script's environment as DAW_BRIDGE_PORT.
        folder: an empty one for its settings.

    Raises:
        RuntimeError: it did not get as far as the script.
        subprocess.TimeoutExpired: the script did not end.
    """
    settings = folder / "sclang.yaml"
    settings.write_text(f"includePaths:\n    - {CLASSES}\n")
    folder.chmod(0o700)
    env = {
        **os.environ,
        "DAW_BRIDGE_PORT": str(port),
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "QT_QPA_PLATFORM": "offscreen",
        # its help browser refuses to begin as root with a sandbox
        "QTWEBENGINE_DISABLE_SANDBOX": "1",
    }
    command = ["sclang", "-l", str(settings), str(script)]
    ended = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    _, welcome, printed = ended.stdout.partition(WELCOME)
    if not welcome:
        raise RuntimeError(f"sclang ended with code {ended.returncode}:\n{ended.stdout}")
    return printed.splitlines()
