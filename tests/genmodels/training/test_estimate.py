"""What is said of a training's length before it begins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from genmodels.training import estimate
from genmodels.training.corpus.facts import COMPOSER
from genmodels.training.corpus.render import RenderError
from genmodels.training.estimate import Cost, known_cost, main, parts, table

COST = Cost(render=1.0, encode=0.5, codec=0.2, text=0.6, lm=2.0)


def folders(tmp_path: Path) -> list[str]:
    for name in ("corpus", "valid", "training"):
        (tmp_path / name).mkdir()
    where = {"corpus": "corpus", "valid_corpus": "valid", "folder": "training"}
    return [f"{key}={tmp_path / name}" for key, name in where.items()] + ["loop.minutes=10"]


def test_everything_is_left_of_a_training_that_has_not_begun(tmp_path: Path) -> None:
    render, codec, tokens, text, lm = parts(COST, 240, 2, folders(tmp_path))
    assert render.minutes == pytest.approx(2.0)
    assert tokens.minutes == pytest.approx(2.0)
    assert (codec.minutes, lm.minutes) == (10.0, 10.0)
    assert codec.made_of.startswith("3000 steps")
    assert lm.made_of.startswith("300 steps")
    assert text.made_of.startswith("500 steps")


def test_what_is_there_is_not_counted_again(tmp_path: Path) -> None:
    overrides = folders(tmp_path)
    for number in range(130):
        composer = COMPOSER if number < 120 else COMPOSER - 1
        (tmp_path / "corpus" / f"{number:05d}.json").write_text(json.dumps({"composer": composer}))
    for number in range(120):
        (tmp_path / "corpus" / f"{number:05d}.tokens.npz").touch()
    history = tmp_path / "training" / "history.jsonl"
    history.write_text(json.dumps({"step": 90.0, "seconds": 240.0}) + "\n")
    render, codec, tokens, *_ = parts(COST, 240, 2, overrides)
    assert render.minutes == pytest.approx(1.0)
    assert codec.minutes == pytest.approx(6.0)
    assert tokens.minutes == pytest.approx(2.0), "a codec that goes on learning makes other tokens"
    history.write_text(json.dumps({"step": 90.0, "seconds": 600.0}) + "\n")
    _, codec, tokens, _, lm = parts(COST, 240, 2, overrides)
    assert (codec.minutes, lm.minutes) == (0.0, 0.0)
    assert tokens.minutes == pytest.approx(1.0)


def test_a_budget_of_steps_counts_where_it_ends_first(tmp_path: Path) -> None:
    _, codec, _, _, lm = parts(COST, 240, 2, [*folders(tmp_path), "loop.steps=60"])
    assert codec.minutes == pytest.approx(0.2)
    assert lm.minutes == pytest.approx(2.0)


def test_pieces_are_as_many_as_the_minutes_need(tmp_path: Path) -> None:
    found = parts(COST, 240, 2, folders(tmp_path))
    assert "29.0 min, in 3 pieces of 10 min" in table(found, 10)
    assert "pieces" not in table(found)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="FluidSynth is not there")
def test_every_part_is_tried_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--items", "10", "loop.minutes=1", "batch=1"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("render", "codec", "tokens", "words", "language model", "in all"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "build" / "cost.json"]


def test_what_was_measured_is_measured_again_only_for_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def probe(overrides: list[str]) -> Cost:
        asked.append(overrides)
        return COST

    monkeypatch.setattr(estimate, "probe", probe)
    kept = tmp_path / "build" / "cost.json"
    for where, overrides in (("cpu", []), ("cpu", []), ("cpu", ["batch=2"]), ("gpu", ["batch=2"])):
        assert known_cost(where, overrides, kept) == COST
    assert asked == [[], ["batch=2"], ["batch=2"]]


def test_where_nothing_can_be_rendered_there_is_no_estimate_and_the_training_may_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def probe(overrides: list[str]) -> Cost:
        raise RenderError("no fluidsynth")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(estimate, "probe", probe)
    assert main(["loop.minutes=5"]) == 0
    assert "no estimate: no fluidsynth" in capsys.readouterr().out


def test_an_unknown_key_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loop.minuets=5"]) == 1
    assert "minuets" in capsys.readouterr().err
