"""A flood of messages from a process of its own, so that who listens has its time for that.

``python -m benchmarks.soak.flood PORT RATE DECKS`` sends until its standard input closes; prints how many.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.rig import flood_message, send_flood


class Flood:
    """A running flood.

    Attributes:
        sent: messages, once it has ended. seconds: that it lasted.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.seconds = 0.0


@contextmanager
def flooding(port: int, rate: int, decks: int) -> Iterator[Flood]:
    """Send ``rate`` messages a second to a daemon, a tenth of them garbage, while this is open."""
    command = [sys.executable, "-m", "benchmarks.soak.flood", str(port), str(rate), str(decks)]
    flood, begun = Flood(), time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield flood
        finally:
            flood.seconds = time.monotonic() - begun
            said, _ = process.communicate(timeout=10.0)
            flood.sent = int(said or 0)


def main() -> None:
    """Send until standard input closes."""
    port, rate, decks = (int(word) for word in sys.argv[1:])
    rng = random.Random(2)
    datagrams = [flood_message(rng, rng.randint(1, decks)) for _ in range(4096)]
    ended, sent = threading.Event(), [0]
    sender = threading.Thread(target=send_flood, args=(port, datagrams, rate, ended, sent))
    sender.start()
    sys.stdin.read()
    ended.set()
    sender.join()
    print(sent[0])


if __name__ == "__main__":
    main()
