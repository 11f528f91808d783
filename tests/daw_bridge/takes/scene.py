"""A take of a minute of a player's life, played at once with the fake model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.take import Take
from tests.daw_bridge.decks.stage import Stage, stage


def takes_of(
    folder: Path, scene: Callable[[Stage], Awaitable[None]], model: str = "fake", **options: object
) -> list[Take]:
    """What a scene leaves behind, oldest first."""

    async def run() -> None:
        async with stage(folder, model, **{"takes": True, **options}) as s:  # type: ignore[arg-type]
            await scene(s)

    asyncio.run(run())
    return [Take(path) for path in folders(folder / TAKES)]
