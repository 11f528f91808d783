"""Rendering by FluidSynth and the corpus folder."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module

import mido
import numpy as np
import pytest

from genmodels.training.corpus import dataset
from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.dataset import CorpusError, read_corpus, write_corpus
from genmodels.training.corpus.piece import Note, Track
from genmodels.training.corpus.render import (
    PEAK_LIMIT,
    RenderError,
    find_fluidsynth,
    find_soundfont,
    render,
    write_midi,
)


def _missing() -> str:
    try:
        find_fluidsynth()
        find_soundfont()
    except RenderError as error:
        return str(error)
    return ""


needs_fluidsynth = pytest.mark.skipif(bool(_missing()), reason=_missing() or "present")


def clicks(bars=2):
    """Two bars of drums on every beat, at 120 BPM."""
    notes = tuple(Note(float(beat), 0.2, 36 if beat % 4 == 0 else 42, 110) for beat in range(bars * 4))
    return replace(
        compose(1),
        bpm=120.0,
        beats_per_bar=4,
        bars=bars,
        tracks=(Track("drums", 0, notes),),
        cutoff_hz=0.0,
        drive=0.0,
    )


@pytest.fixture
def quick_pieces(monkeypatch):
    monkeypatch.setattr(dataset, "compose", lambda seed: replace(clicks(), seed=seed))


def test_a_missing_soundfont_is_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(RenderError, match=r"none\.sf2.*not a file"):
        find_soundfont()
    monkeypatch.delenv("SOUNDFONT")
    monkeypatch.setattr(import_module("genmodels.training.corpus.render"), "_FOLDERS", (str(tmp_path),))
    with pytest.raises(RenderError, match="fluidr3mono-gm-soundfont"):
        find_soundfont()


def test_a_missing_fluidsynth_is_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="apt-get install fluidsynth"):
        find_fluidsynth()


def test_the_midi_file_has_the_notes_at_their_times(tmp_path):
    piece = clicks()
    write_midi(piece, tmp_path / "piece.mid")
    time, starts = 0.0, []
    for message in mido.MidiFile(str(tmp_path / "piece.mid")):
        time += message.time
        if message.type == "note_on":
            assert message.channel == 9
            starts.append(time)
    assert starts == pytest.approx([0.5 * beat for beat in range(8)], abs=1e-4)


@needs_fluidsynth
def test_rendered_onsets_agree_with_the_grid_within_10_ms_and_levels_are_in_range():
    audio = render(clicks())
    assert audio.dtype == np.float32
    assert audio.shape == (4 * 32000,)
    assert np.abs(audio).max() <= PEAK_LIMIT
    assert 20 * np.log10(np.sqrt(np.mean(audio**2))) == pytest.approx(-20.0, abs=5.0)
    for beat in range(1, 8):
        start = beat * 16000
        window = np.abs(audio[start - 640 : start + 1600])
        onset = int(np.argmax(window > 0.2 * window.max())) - 640
        assert abs(onset) <= 320


@needs_fluidsynth
def test_notes_ring_out_after_their_end():
    piece = replace(clicks(), tracks=(Track("chords", 0, (Note(0.0, 1.0, 60, 100),)),))
    audio = render(piece)
    after = audio[int(0.55 * 32000) : int(0.65 * 32000)]
    assert np.sqrt(np.mean(after**2)) > 1e-3


@needs_fluidsynth
def test_a_corpus_is_written_whole_read_back_and_resumed(tmp_path, quick_pieces):
    items = write_corpus(tmp_path, 2, 7)
    assert [item.facts["seed"] for item in items] == [7, 8]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".flac"] * 2 + [".json"] * 2 + [".npz"] * 2
    item = items[0]
    labels = item.labels()
    assert len(item.audio()) == 640 * len(labels.beat) == 640 * len(labels.chroma)
    assert len(item.captions) == 24
    kept = (tmp_path / "00000.flac").stat().st_mtime_ns
    (tmp_path / "00001.npz").unlink()
    (tmp_path / ".00001.npz.4711.part").write_text("left by a kill")
    assert len(write_corpus(tmp_path, 3, 7)) == 3
    assert (tmp_path / "00000.flac").stat().st_mtime_ns == kept
    assert (tmp_path / "00001.npz").is_file()
    assert not list(tmp_path.glob(".*"))


@needs_fluidsynth
def test_a_folder_of_another_seed_is_refused(tmp_path, quick_pieces):
    write_corpus(tmp_path, 1, 7)
    with pytest.raises(CorpusError, match="seed 7, not 8"):
        write_corpus(tmp_path, 1, 8)


def test_an_item_that_fails_leaves_no_file(tmp_path, monkeypatch):
    def fail(piece):
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
    facts = dataset.facts(compose(4))
    assert json.loads(json.dumps(facts)) == json.loads(json.dumps(facts))
    assert {"bpm", "beats_per_bar", "key", "style", "instruments", "captions"} <= set(facts)
