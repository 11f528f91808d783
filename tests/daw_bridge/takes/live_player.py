"""A player with the fake model, for a process that is going to be killed.

``python -m tests.daw_bridge.takes.live_player FOLDER`` plays, changes something all the time, and prints the
number of output samples written so far.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.daw_bridge.decks.stage import stage


async def play(folder: Path) -> None:
    """Play until killed."""
    async with stage(folder, takes=True, record=None, decks=2) as s:
        s.tempo(240.0)
        s.start()
        s.start(deck=2)
        count = 0
        while True:
            count += 1
            s.set("prompt", str(200 + 50 * (count % 12)))
            if count % 7 == 0:
                s.tempo(180.0 + count % 60)
            for _ in range(8):
                print(s.player._output.written, flush=True)
                await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1])))
