"""The fixture of all tests of the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from daw_bridge.control.midi.feedback import ECHO_S
from tests.daw_bridge.control.midi.desk_stage import PADS, Scene, Stage
from tests.daw_bridge.midi.fake_rtmidi import install


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Stage]:
    """Plays a scene at a desk with one port, other inputs that are there, and what else its section has."""

    def run(scene: Scene, others: Sequence[str] = (), **content: object) -> Stage:
        system = install(monkeypatch)
        system.inputs[:] = [PADS, *others]
        system.outputs[:] = [PADS]

        async def course() -> Stage:
            stage = Stage(system, tmp_path, **content)
            stage.desk.start()
            try:
                # first what is there is shown, then its echoes have their time, however busy the machine
                await asyncio.sleep(0.03)
                await asyncio.sleep(ECHO_S)
                await scene(stage)
            finally:
                stage.desk.close()
                stage.dispatcher.close()
            return stage

        return asyncio.run(course())

    return run
