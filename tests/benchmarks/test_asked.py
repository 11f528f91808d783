"""What an evaluation asks for is enough, and other seeds are other clips."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.evaluation.clips import TOGETHER, Asked, Player, Wish
from benchmarks.evaluation.evaluation import Evaluation
from benchmarks.evaluation.text import QUESTIONS
from benchmarks.evaluation.workers import each_of
from genmodels.checkpoints.bundled import BUNDLED
from genmodels.generate.musicgen import MusicGen


def test_every_question_has_two_hundred_clips_and_drums_as_many_without_as_with() -> None:
    evaluation = Evaluation("mini", quick=False)
    for question in QUESTIONS:
        clips = [clip for clip in evaluation.clips if clip.number < question.clips_of(clip.prompt)]
        assert len(clips) >= 200
    drums = next(question for question in QUESTIONS if question.name == "drums or none")
    answers = [
        drums.of_prompt(clip.prompt) for clip in evaluation.clips if clip.number < drums.clips_of(clip.prompt)
    ]
    assert answers.count("drums") == pytest.approx(answers.count("none"), rel=0.1)
    assert len(evaluation.drummed) >= 200
    assert len(evaluation.changes) >= 200
    assert len(evaluation.melodies) >= 200


def test_tuning_plays_none_of_the_clips_that_are_reported() -> None:
    reported, tuning = (Evaluation("mini", quick=False, tuning=tuning) for tuning in (False, True))
    for clips in (
        lambda evaluation: {clip.asked for clip in evaluation.clips},
        lambda evaluation: {change.asked for change in evaluation.changes},
        lambda evaluation: {melody.asked for melody in evaluation.melodies},
    ):
        assert not clips(reported) & clips(tuning)


def written(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return 2 * number


def test_work_in_several_processes_comes_back_in_order(tmp_path: Path) -> None:
    found = each_of(partial(written, tmp_path), range(20), "counting", 2)
    assert found == [2 * number for number in range(20)]
    assert len(list(tmp_path.iterdir())) == 20


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not (BUNDLED / "config.yaml").is_file(), reason="the bundled model is not there")
def test_two_processes_play_what_one_plays(tmp_path: Path) -> None:
    clips = [Asked(((0.0, Wish("house", seed=seed)),), 0.2) for seed in range(TOGETHER + 1)]
    model = MusicGen.get_pretrained("mini")
    reported: list[float] = []
    Player(model, tmp_path / "two", name="mini", workers=2).play_all(clips, reported.append)
    assert sum(reported) == pytest.approx(0.2 * len(clips), abs=1e-3)
    Player(model, tmp_path / "one").play_all(clips)
    one, two = (sorted((tmp_path / name).rglob("*.flac")) for name in ("one", "two"))
    assert len(one) == len(clips)
    assert [path.name for path in one] == [path.name for path in two]
    for mine, other in zip(one, two, strict=True):
        # the codec rounds in another way on another number of threads
        np.testing.assert_allclose(soundfile.read(str(mine))[0], soundfile.read(str(other))[0], atol=1e-3)
