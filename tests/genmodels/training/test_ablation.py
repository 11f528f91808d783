"""Comparisons of trainings: resumed or begun anew as their settings say; told in a table and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genmodels.training.ablation import __main__ as command
from genmodels.training.ablation import corpus as corpus_module
from genmodels.training.ablation.report import Column, ReportError, draw, publish, table
from genmodels.training.ablation.study import Outcome, Variant, run_study
from genmodels.training.schedule import LoopConfig
from genmodels.training.train_codec import CodecTraining

CODEC = {
    "kind": "spectral", "encoder_dim": 8, "encoder_blocks": 1, "decoder_dim": 8, "decoder_hidden": 16,
    "decoder_blocks": 1, "latent": 4, "n_q": 2, "bins": 8,
}  # fmt: skip
OUTCOMES = [
    Outcome("start", 0, 0.0, {"mel": 0.5}, []),
    Outcome("trained", 2, 3.0, {"mel": 0.25}, [{"step": 2, "seconds": 3.0, "valid_mel": 0.25}]),
]


def variant(tmp_path: Path, steps: int = 2) -> Variant:
    folder = tmp_path / "corpus"
    if not folder.exists():
        folder.mkdir()
        soundfile.write(folder / "00000.flac", 0.1 * np.ones(32000), 32000, subtype="PCM_16")
    config = CodecTraining(
        corpus=str(folder), valid_corpus=str(folder), folder=str(tmp_path / "run"), batch=2, seconds=0.2,
        valid_items=2, bf16=False, device="cpu", codec=CODEC,
        loop=LoopConfig(steps=steps, warmup=1, valid_every=100, log_every=1),
    )  # fmt: skip
    return Variant("a", config)


def test_finished_variant_is_measured_again_but_not_trained_again(tmp_path: Path) -> None:
    (first,) = run_study([variant(tmp_path)])
    stamp = (tmp_path / "run/history.jsonl").read_text()
    (second,) = run_study([variant(tmp_path)])
    assert first.steps == second.steps == 2
    assert second.seconds == first.seconds
    assert second.figures["mel"] == pytest.approx(first.figures["mel"])
    assert second.figures["speed"] > 0
    assert (tmp_path / "run/history.jsonl").read_text().startswith(stamp.splitlines()[0])


def test_changed_setting_starts_anew(tmp_path: Path) -> None:
    run_study([variant(tmp_path)])
    (outcome,) = run_study([variant(tmp_path, steps=3)])
    steps = [entry["step"] for entry in outcome.history if "mel" in entry]
    assert steps == [1, 2, 3]
    assert json.loads((tmp_path / "run/config.json").read_text())["loop"]["steps"] == 3


def test_table_has_a_row_for_each_outcome() -> None:
    columns = (Column("name", lambda o: o.name), Column("mel", lambda o: f"{o.figures['mel']:.2f}"))
    assert table(columns, OUTCOMES) == "| name | mel |\n|---|---:|\n| start | 0.50 |\n| trained | 0.25 |\n"


def test_picture_is_drawn_of_trainings_and_of_what_they_start_from(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", OUTCOMES, (("mel", "mel error"),), True)
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_publishing_replaces_only_what_stands_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n")
    publish(page, "a", "new \\1\n")
    assert page.read_text() == "before\n<!-- a -->\nnew \\1\n<!-- end of a -->\nafter\n"
    with pytest.raises(ReportError, match="b"):
        publish(page, "b", "new\n")


def test_corpus_of_the_trainers_is_used_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[Path, int, int]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        corpus_module, "write_corpus", lambda folder, count, seed, _: written.append((folder, count, seed))
    )
    own = Path("build/ablation/corpus"), Path("build/ablation/corpus-valid")
    assert corpus_module.corpora() == own
    assert [(folder, count) for folder, count, _ in written] == [(own[0], 40), (own[1], 8)]
    for folder, count in ((Path("build/corpus"), 40), (Path("build/corpus-valid"), 8)):
        folder.mkdir(parents=True)
        for index in range(count):
            (folder / f"{index:05d}.json").touch()
    assert corpus_module.corpora() == (Path("build/corpus"), Path("build/corpus-valid"))
    assert len(written) == 2


def test_unknown_study_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["colours"])
    assert "discriminators, codecs" in capsys.readouterr().err
