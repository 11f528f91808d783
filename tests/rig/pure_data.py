"""Pure Data without a screen, as a player's program that speaks OSC."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

PATCH = Path(__file__).with_name("client.pd")


class PureData:
    """`pd` with the patch `client.pd` connected to a daemon; use as a context manager.

    Args:
        port: the daemon's OSC port.
        messages: sent once the patch is loaded, in Pd's own syntax: `prompt symbol warm\\ piano`,
            `start bang`, `query bang`, `listen bang`.

    `lines` is what the patch printed: every reply as `reply: list ...`.
    """

    def __init__(self, port: int, *messages: str) -> None:
        self._command = ["pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-nrt", "-stderr"]
        for message in (f"connect {port}", *messages):
            self._command += ["-send", message]
        self._command.append(str(PATCH))
        self.lines: list[str] = []

    def __enter__(self) -> PureData:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(5)
        self._reader.join(2)

    def wait_for(self, text: str, timeout: float = 5.0) -> str:
        """The first printed line that contains `text`.

        Raises:
            TimeoutError: there was none.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for line in self.lines:
                if text in line:
                    return line
            time.sleep(0.02)
        raise TimeoutError(f"Pure Data printed no {text!r} within {timeout} s, but: {self.lines[-5:]}")

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line.rstrip())
