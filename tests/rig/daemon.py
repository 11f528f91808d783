"""The daemon as a real process, and what it leaves behind.

The environment variable RIG_MODEL names another model than the bundled one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

READY = re.compile(r"127\.0\.0\.1:(\d+)")


class Daemon:
    """`daw-bridge serve` with a free port, without takes and OSCQuery, started for a test.

    Attributes:
        port: its OSC port, once `start` has returned.
        ready_line: the line it said it with. ready_after: seconds from the process's start to that line.
        lines: everything it printed, both streams.
    """

    def __init__(self, *arguments: str, env: Mapping[str, str], port: int = 0) -> None:
        model = [f"model={os.environ['RIG_MODEL']}"] if "RIG_MODEL" in os.environ else []
        fixed = ["--port", str(port), "takes=0", "oscquery=0", *model]
        self.command = [sys.executable, "-m", "daw_bridge", "serve", *fixed, *arguments]
        self.env = {**env, "PYTHONUNBUFFERED": "1", "COLUMNS": "400", "NO_COLOR": "1"}
        self.lines: list[str] = []
        self.port = 0
        self.ready_line = ""
        self.ready_after = 0.0
        self.process: subprocess.Popen[str]
        self._ready = threading.Event()

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, timeout: float = 90.0) -> None:
        """Start the process and wait for its ready line.

        Raises:
            RuntimeError: it ended or stayed silent; the message holds what it printed.
        """
        begun = time.monotonic()
        self.launch()
        while not self._ready.wait(0.05):
            if self.process.poll() is not None:
                self._reader.join(2)
                raise RuntimeError(f"the daemon ended with code {self.process.returncode}:\n{self.output}")
            if time.monotonic() - begun > timeout:
                self.kill()
                raise RuntimeError(f"the daemon was not ready after {timeout} s:\n{self.output}")
        self.ready_after = time.monotonic() - begun

    def launch(self) -> None:
        """Start the process without waiting."""
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.env,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def processes(self) -> list[psutil.Process]:
        """The daemon and all its descendants that live now."""
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self, with_signal: int = signal.SIGTERM, timeout: float = 10.0) -> float:
        """Ask it to end; returns the seconds it took.

        Raises:
            subprocess.TimeoutExpired: it did not.
        """
        begun = time.monotonic()
        self.process.send_signal(with_signal)
        self.process.wait(timeout)
        took = time.monotonic() - begun
        self._reader.join(2)
        return took

    def kill(self) -> None:
        """End it and its children whatever state they are in."""
        children = self.processes()
        if self.process.poll() is None:
            try:
                self.stop(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for child in children[1:]:
            if child.is_running():
                child.kill()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            found = READY.search(line)
            if found and not self._ready.is_set():
                self.port = int(found[1])
                self.ready_line = line.strip()
                self._ready.set()


def shared_memory(processes: list[psutil.Process]) -> set[Path]:
    """The shared memory blocks that these processes have mapped, JACK's own excepted."""
    mapped = {Path(region.path) for process in processes for region in process.memory_maps()}
    return {path for path in mapped if path.parent == Path("/dev/shm") and "jack" not in path.name}
