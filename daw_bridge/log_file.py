"""The daemon's log: JSON lines in a file that is rotated, written by a thread of its own."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

LOGS = "logs"
MAX_BYTES = 4_000_000
KEPT_FILES = 4

session = logging.getLogger("daw_bridge.session")
"""What the daemon does, for the file alone. Facts go into `note`."""


def note(event: str, **facts: object) -> None:
    """Put an event with its facts into the log file, where there is one."""
    session.info(event, extra={"facts": facts})


class JsonLines(logging.Formatter):
    """A record as one line: time (ISO 8601), level, source, event, its facts, and the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "source": record.name,
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _File(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk ends the log, not the music."""


@contextmanager
def log_file(data: Path, name: str) -> Iterator[Path]:
    """While this is open, `note` and all warnings of the program go to ``logs/<name>.log`` below a folder.

    A file of 4 MB is put aside and a new one begun; four are kept. Nobody waits for the disk.

    Raises:
        OSError: the file cannot be written.
    """
    path = data / LOGS / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _File(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(message)s"))
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    entry = QueueHandler(lines)
    entry.setFormatter(JsonLines())
    listener = QueueListener(lines, file)
    root = logging.getLogger()
    session.propagate = False
    session.setLevel(logging.INFO)
    session.addHandler(entry)
    root.addHandler(entry)
    listener.start()
    try:
        yield path
    finally:
        root.removeHandler(entry)
        session.removeHandler(entry)
        listener.stop()
        file.close()
