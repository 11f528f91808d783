"""The daemon with a fake model, which is never late: what is measured is everything else.

``python -m tests.rig.light_daemon KEY=VALUE ...``
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial

from daw_bridge import presets, serve
from daw_bridge.control.port import bind
from daw_bridge.decks.player import create_player
from tests.daw_bridge.fake_model import LOADER
from tests.rig.daemon import Daemon


class LightDaemon(Daemon):
    """As `Daemon`, with the fake model."""

    def __init__(self, *arguments: str, env: Mapping[str, str]) -> None:
        super().__init__(*arguments, env=env)
        words = ("port=0", "takes=0", "model=fake", *arguments)
        self.command = [sys.executable, "-m", "tests.rig.light_daemon", *words]


def main() -> None:
    setup = presets.load(None, sys.argv[1:])
    with bind("127.0.0.1", 0) as sock:
        asyncio.run(serve.Daemon(setup, sock, partial(create_player, loader=LOADER)).run())


if __name__ == "__main__":
    main()
