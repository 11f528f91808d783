"""Pure Data without a screen, as a player's program that speaks OSC."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

CLIENT = Path(__file__).with_name("client.pd")


class PureData:
    """`pd` with a patch; use as a context manager.

    Args:
        messages: sent once the patches are loaded, in Pd's own syntax. Those of `client.pd`: `connect 7400`,
            `prompt symbol warm\\ piano`, `start bang`, `query bang`, `listen bang`.
        patches: the files; `client.pd` where none is named.

    `lines` is what the patches printed; `client.pd` prints every reply as `reply: list ...`.
    """

    def __init__(self, *messages: str, patches: Sequence[Path] = (CLIENT,)) -> None:
        self._command = ["pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-nrt", "-stderr"]
        for patch in patches:
            self._command += ["-open", str(patch)]
        for message in messages:
            self._command += ["-send", message]
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
