"""An unattended run of soaks: what is finished is kept at once, and an interrupted run can go on."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.results import FOLDER, Figure, Outcome
from benchmarks.soak.watching import Stopped

UNFINISHED = FOLDER / "soak-unfinished.json"
SAY_EVERY_S = 60.0


class Session:
    """The outcomes of a run so far, in a file until all of it is done.

    Args:
        resume: go on with what the file holds; else it begins anew.
    """

    def __init__(self, resume: bool, path: Path = UNFINISHED) -> None:
        self._path = path
        self.outcomes: dict[str, Outcome] = {}
        if resume and path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.outcomes = {name: _outcome(said) for name, said in kept.items()}

    def keep(self, name: str, outcome: Outcome) -> None:
        """A soak is finished."""
        self.outcomes[name] = outcome
        self._path.parent.mkdir(exist_ok=True)
        kept = {name: asdict(each) for name, each in self.outcomes.items()}
        fresh = self._path.with_suffix(".tmp")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(self._path)

    def close(self) -> None:
        """All is done."""
        self._path.unlink(missing_ok=True)


def _outcome(said: dict[str, object]) -> Outcome:
    figures, series = said["figures"], said["series"]
    assert isinstance(figures, list)
    assert isinstance(series, dict)
    return Outcome(str(said["name"]), [Figure(**figure) for figure in figures], series)


class Ending:
    """Whether whoever runs the soaks wants an end. The first Ctrl-C (or SIGTERM) lets the soak that runs
    report what it has measured; the second ends at once."""

    def __init__(self) -> None:
        self.wanted = False

    def check(self) -> None:
        """Raise `Stopped` when an end is wanted."""
        if self.wanted:
            raise Stopped

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take the signals while this is open."""

        def handle(number: int, frame: object) -> None:
            if self.wanted:
                raise KeyboardInterrupt
            self.wanted = True

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, old in before.items():
                signal.signal(number, old)


class Pace:
    """Says now and then, in a line, how far a soak is and how long it will take."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = self._said = time.monotonic()

    def line(self, done: float) -> str | None:
        """The line, where one is due."""
        now = time.monotonic()
        if now - self._said < SAY_EVERY_S or not 0.0 < done < 1.0:
            return None
        self._said = now
        left = (now - self._begun) * (1.0 - done) / done
        return f"{self._name}: {100 * done:.0f} %, {left / 60:.0f} minutes left"
