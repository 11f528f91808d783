"""A controller on JACK in a process of its own, from a test's side."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.rig.jack_server import JackServer

CONTROLLER = Path(__file__).with_name("jack_controller.py")


class Controller:
    """A controller's process, for a `with` block; leaving it pulls the cable."""

    def __init__(self, server: JackServer) -> None:
        self.got: list[bytes] = []
        self._process = subprocess.Popen(
            [sys.executable, str(CONTROLLER)],
            env=server.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Controller:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._process.kill()
        self._process.wait()
        self._reader.join(5.0)
        self._process.stdout.close()

    def say(self, *messages: bytes) -> None:
        assert self._process.stdin is not None
        print(*(message.hex() for message in messages), file=self._process.stdin, flush=True)

    def blink(self) -> None:
        """Its output goes and comes back at once, under the same name and without its connections."""
        assert self._process.stdin is not None
        print("blink", file=self._process.stdin, flush=True)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.got.append(bytes.fromhex(line))
