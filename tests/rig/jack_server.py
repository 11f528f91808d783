"""A JACK server of its own for a test: no sound card, apart from any that runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

import psutil

RATE = 48000
PERIOD = 256
SERVER_PRIORITY = 10
REGISTRY = Path("/dev/shm/jack-shm-registry")
PROGRAMS = {"jackd": "jackd2", "oscsend": "liblo-tools", "pd": "puredata-core"}


def missing_programs() -> list[str]:
    """Names of the system packages whose programs the rig needs and this machine lacks."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


def realtime_granted() -> bool:
    """Whether this process may run in real time, as a stage's sound server does."""

    def probe() -> None:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(SERVER_PRIORITY))

    try:
        subprocess.run(["true"], preexec_fn=probe, check=True)
    except (OSError, subprocess.SubprocessError, AttributeError):
        return False
    return True


def forget_dead_servers() -> None:
    """JACK knows eight servers and does not forget one that was killed. Where none runs, begin anew; but not
    where a process has looked into the list, this one or another: it would go on reading the old one."""
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in ("jackd", "jackdbus"):
            return
        with contextlib.suppress(OSError):
            if "libjack" in Path(f"/proc/{process.pid}/maps").read_text():
                return
    with contextlib.suppress(OSError):
        REGISTRY.unlink(missing_ok=True)


class JackServer:
    """`jackd` with the dummy driver at 48 kHz, 256 frames, under a name of its own.

    It runs in real time where that is granted, as a server on stage does, and in synchronous mode (-S): a
    client that the machine schedules late is waited for, not skipped, so that a capture is complete and what
    is measured is the daemon. Its own gaps stay gaps.

    It plays on so many channels. Use it as a context manager. `env` is the environment for the programs that
    shall find this server.
    """

    def __init__(self, name: str | None = None, channels: int = 2) -> None:
        self._channels = channels
        self.name = name or f"rig{os.getpid()}_{time.monotonic_ns() % 1_000_000}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """This process's environment, with JACK clients sent to this server and to no other."""
        return {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    def __enter__(self) -> JackServer:
        forget_dead_servers()
        self._log = tempfile.TemporaryFile()
        self._process = self._spawn(self._log)
        try:
            self._wait_until_up(timeout=10.0)
        except BaseException:
            self.__exit__()
            raise
        return self

    def end(self, with_signal: signal.Signals) -> None:
        """End it under its clients; another of its name may follow inside the `with` block."""
        assert self._process is not None
        self._process.send_signal(with_signal)
        self._process.wait(5)

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            if self._ended(self._process):
                # JACK gives a dead server's place only to one of the same name, which frees it as it ends
                again = self._spawn(subprocess.DEVNULL)
                time.sleep(0.3)
                self._ended(again)
            self._remove_files()
        if self._log is not None:
            self._log.close()

    def _spawn(self, log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        rights = ["-R", "-P", str(SERVER_PRIORITY)] if realtime_granted() else ["-r"]
        driver = ["-r", str(RATE), "-p", str(PERIOD), "-P", str(self._channels)]
        return subprocess.Popen(
            ["jackd", "-n", self.name, *rights, "-S", "-d", "dummy", *driver],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @staticmethod
    def _ended(process: subprocess.Popen[bytes]) -> bool:
        """Ends a server; whether it had to be killed, or had been."""
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return process.returncode == -signal.SIGKILL

    def _remove_files(self) -> None:
        """Remove what a server of this name leaves in /dev/shm when it had to be killed."""
        for path in Path("/dev/shm").glob(f"*{self.name}*"):
            path.unlink(missing_ok=True)

    def _wait_until_up(self, timeout: float) -> None:
        import jack

        jack.set_error_function(lambda _text: None)
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"jackd ended with code {self._process.returncode}: {self._output()}")
            try:
                jack.Client("probe", servername=self.name, no_start_server=True).close()
                return
            except jack.JackOpenError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"jackd does not answer after {timeout} s: {self._output()}") from None
                time.sleep(0.05)

    def _output(self) -> str:
        assert self._log is not None
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-2000:]
