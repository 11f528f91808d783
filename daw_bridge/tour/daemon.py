"""The instrument that a tour is played on: the daemon in a child process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from daw_bridge.errors import TourError

_READY = re.compile(r"ready on (\S+):(\d+) ")
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Daemon:
    """`daw-bridge serve` in a child process, its output kept in a log."""

    def __init__(self, arguments: tuple[str, ...], log: Path) -> None:
        self.host = ""
        self.port = 0
        self.ready_line = ""
        self._log = log
        self._command = [sys.executable, "-m", "daw_bridge", "serve", "--port", "0", "oscquery=0", *arguments]

    def __enter__(self) -> Daemon:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait()
        if not self.port:
            self._process.wait()
            raise TourError(f"the daemon did not start: {self._log.read_text().strip()[-600:]}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(2)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("w") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                found = _READY.search(line)
                if found and not self.port:
                    self.host, self.port = _ANY_HOST.get(found[1], found[1]), int(found[2])
                    self.ready_line = line.strip()
                    self._ready.set()
        self._ready.set()
