"""The corpus folder: written whole, resumably, by several processes, read back."""

from __future__ import annotations

import json
import multiprocessing
import time
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genmodels.training.corpus import dataset
from genmodels.training.corpus.compose import Wishes, compose
from genmodels.training.corpus.dataset import CorpusError, read_corpus, write_corpus
from genmodels.training.corpus.facts import item_facts
from genmodels.training.corpus.held_out import VALIDATION_SEEDS
from genmodels.training.corpus.render import RenderError
from tests.genmodels.training.corpus.test_render import clicks, needs_fluidsynth


@pytest.fixture
def quick_items(monkeypatch):
    piece = compose(1, wishes=Wishes("techno", "drums only", seconds=(5.0, 6.0)))
    monkeypatch.setattr(dataset, "compose_item", lambda seed: (replace(piece, seed=seed),))


@needs_fluidsynth
def test_a_corpus_is_written_whole_read_back_and_resumed(tmp_path, quick_items):
    items = write_corpus(tmp_path, 2, 7)
    assert [item.facts["seed"] for item in items] == [7, 8]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".flac"] * 2 + [".json"] * 2 + [".npz"] * 2
    item = items[0]
    labels = item.labels()
    assert len(item.audio()) == 640 * len(labels.beat) == 640 * len(labels.chroma)
    assert item.scenes[0].texture == "drums only"
    assert len(item.scenes[0].captions) == 24
    kept = (tmp_path / "00000.flac").stat().st_mtime_ns
    (tmp_path / "00001.npz").unlink()
    (tmp_path / ".00001.npz.4711.part").write_text("left by a kill")
    assert len(write_corpus(tmp_path, 3, 7)) == 3
    assert (tmp_path / "00000.flac").stat().st_mtime_ns == kept
    assert (tmp_path / "00001.npz").is_file()
    assert not list(tmp_path.glob(".*"))


@needs_fluidsynth
def test_a_corpus_that_is_there_needs_nothing_that_renders(tmp_path, quick_items, monkeypatch):
    def absent() -> None:
        raise RenderError("no soundfont")

    write_corpus(tmp_path, 1, 7)
    monkeypatch.setattr(dataset, "find_soundfont", absent)
    assert len(write_corpus(tmp_path, 1, 7)) == 1
    with pytest.raises(RenderError, match="no soundfont"):
        write_corpus(tmp_path, 2, 7)


@needs_fluidsynth
def test_a_folder_of_another_seed_is_refused_and_items_of_another_composer_are_written_anew(
    tmp_path, quick_items
):
    write_corpus(tmp_path, 1, 7)
    with pytest.raises(CorpusError, match="seed 7, not 8"):
        write_corpus(tmp_path, 1, 8)
    path = tmp_path / "00000.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "composer": 1}))
    assert write_corpus(tmp_path, 1, 8)[0].facts["seed"] == 8


@needs_fluidsynth
def test_the_audio_of_an_item_is_within_its_sixteen_bits_of_the_render(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "compose_item", lambda seed: (replace(clicks(), seed=seed),))
    monkeypatch.setattr(dataset, "item_facts", lambda seed, pieces: {"composer": 2, "seed": seed})
    item = write_corpus(tmp_path, 1, 3)[0]
    assert np.abs(item.audio()).max() > 0.1
    assert np.abs(item.audio() - dataset.render(clicks())).max() < 1e-4


def test_an_item_that_fails_leaves_no_file(tmp_path, monkeypatch):
    def fail(*pieces):
        raise RenderError("broken")

    monkeypatch.setattr(dataset, "render", fail)
    monkeypatch.setattr(dataset, "find_fluidsynth", lambda: "fluidsynth")
    monkeypatch.setattr(dataset, "find_soundfont", lambda: tmp_path)
    with pytest.raises(RenderError, match="broken"):
        write_corpus(tmp_path / "corpus", 1, 1)
    assert list((tmp_path / "corpus").iterdir()) == []


def test_an_empty_folder_is_an_error_that_says_how_to_write_one(tmp_path):
    with pytest.raises(CorpusError, match=r"python -m genmodels\.training\.corpus"):
        read_corpus(tmp_path)


def test_facts_are_plain_json():
    facts = item_facts(4, (compose(4),))
    assert json.loads(json.dumps(facts)) == facts
    assert {"bpm", "meter", "key", "style", "drums", "lead_family", "captions"} <= set(facts["scenes"][0])


def test_training_seeds_end_where_held_out_ones_begin():
    script = (Path(__file__).parents[4] / "scripts/train_mini.sh").read_text()
    assert str(VALIDATION_SEEDS.start) in script


def slow_item(folder: Path, index: int, *_: object) -> None:
    time.sleep(0.2)
    (folder / f"{index}.made").touch()


def test_an_interrupted_call_begins_no_further_item(tmp_path, monkeypatch):
    def interrupted(jobs):
        yield next(as_completed(jobs))
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, "_write_item", slow_item)
    monkeypatch.setattr(dataset, "as_completed", interrupted)
    monkeypatch.setattr(dataset, "get_context", lambda _: multiprocessing.get_context("fork"))
    for name in ("find_fluidsynth", "find_soundfont"):
        monkeypatch.setattr(dataset, name, lambda: None)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path, 60, 7, workers=2)
    assert 1 <= len(list(tmp_path.glob("*.made"))) < 12
