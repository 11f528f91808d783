"""Clips rendered beside the music."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import soundfile

from daw_bridge.decks.protocol import Result
from daw_bridge.errors import ClipError
from tests.daw_bridge.decks.stage import Stage, perform


def test_clips_are_rendered_beside_the_music_and_never_overwrite(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        results: list[Result] = []
        s.set("prompt", "400")
        start = s.start()
        await s.until(start.sample)
        s.render(results.append, "500", 2, 120.0, "loop")
        s.render(results.append, "500", 1, 120.0, "loop")
        while len(results) < 2:
            await asyncio.sleep(0.02)
        assert [r.error for r in results] == ["", ""]
        assert [Path(str(r.values[0])).name for r in results] == ["loop.wav", "loop-2.wav"]
        assert [r.values[1] for r in results] == [4.0, 2.0]
        with pytest.raises(ClipError, match="path"):
            s.render(results.append, "500", 1, 120.0, "../loop")

    perform(scene, tmp_path, model="fake:ms=2")
    clip = tmp_path / "clips" / "loop.wav"
    assert soundfile.info(clip).frames == 4 * 32000
    facts = json.loads(clip.with_suffix(".json").read_text())
    assert (facts["bars"], facts["tempo"], facts["prompts"]) == (2, 120.0, [["500", 1.0]])
    assert not list((tmp_path / "clips").glob(".*"))


def test_a_clip_without_a_name_is_called_after_its_prompt_whatever_that_holds(tmp_path: Path) -> None:
    async def scene(s: Stage) -> None:
        results: list[Result] = []
        s.render(results.append, "../500 / 600", 1, 240.0, "")
        while not results:
            await asyncio.sleep(0.02)
        assert Path(str(results[0].values[0])) == tmp_path / "clips" / "500 600 240bpm.wav"

    perform(scene, tmp_path)
