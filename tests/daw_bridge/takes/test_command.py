from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from daw_bridge.errors import TakeError
from daw_bridge.takes.journal import JournalWriter
from daw_bridge.takes.library import TAKES, Limits, given_name, prune
from daw_bridge.takes_command import app
from tests.daw_bridge.decks.stage import RATE, Stage
from tests.daw_bridge.takes.scene import takes_of


async def scene(s: Stage) -> None:
    s.tempo(240.0)
    s.set("prompt", "400")
    first = s.start()
    await s.until(first.sample + RATE)
    s.set("prompt", "500")
    await s.until(first.sample + 5 * RATE // 2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one take, and one whose journal is damaged from the beginning."""
    folder = tmp_path_factory.mktemp("data")
    takes_of(folder, scene)
    broken = folder / TAKES / "2020-01-01 00-00-00"
    broken.mkdir()
    (broken / "take.journal").write_bytes(b"not a journal")
    return folder


def said(data: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def test_list_shows_every_take_and_what_is_wrong_with_one(data: Path) -> None:
    broken, whole = json.loads(said(data, "list", "--json"))
    assert "no beginning" in broken["error"]
    assert (whole["number"], whole["model"], whole["tempo"]) == (2, "fake", 240.0)
    assert whole["prompts"] == ["400", "500"]
    assert 2.5 < whole["seconds"] < 5
    text = said(data, "list")
    assert "400; 500" in text
    assert "0:03" in text or "0:04" in text


def test_show_tells_the_course_and_draws_it(data: Path, tmp_path: Path) -> None:
    events = json.loads(said(data, "show", "last", "--json"))["events"]
    assert [e["text"] for e in events if e["kind"] == "command"] == [
        "/bridge/deck/1/start",
        "/bridge/deck/1/prompts 500 1",
    ]
    assert "deck/1/start" in said(data, "show", "2", "--picture", str(tmp_path / "take.png"))
    assert (tmp_path / "take.png").read_bytes().startswith(b"\x89PNG")


def test_export_writes_bars_or_the_whole(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.flac"
    said(data, "export", "last", "--bars", "1:2", "--out", str(out))
    assert soundfile.info(out).frames == 2 * RATE
    said(data, "export", "last", "--out", str(tmp_path / "b.npz"))
    with np.load(tmp_path / "b.npz") as tokens:
        assert tokens["deck1_voice1"].shape[0] == 4


def test_an_interrupted_take_says_so(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / TAKES / "2026-01-01 00-00-00"
    folder.mkdir(parents=True)
    (whole,) = [row for row in json.loads(said(data, "list", "--json")) if "error" not in row]
    content = (Path(whole["folder"]) / "take.journal").read_bytes()
    (folder / "take.journal").write_bytes(content[: len(content) // 2])
    (row,) = json.loads(said(tmp_path, "list", "--json"))
    assert (row["ending"], row["seconds"]) == ("interrupted", 0.0)


def test_a_journal_that_ends_after_its_first_record_is_listed(tmp_path: Path, data: Path) -> None:
    (whole,) = [row for row in json.loads(said(data, "list", "--json")) if "error" not in row]
    content = (Path(whole["folder"]) / "take.journal").read_bytes()
    folder = tmp_path / TAKES / "2026-01-01 00-00-00"
    folder.mkdir(parents=True)
    (folder / "take.journal").write_bytes(content[: content.index(b"\n") + 40])
    (row,) = json.loads(said(tmp_path, "list", "--json"))
    assert row["tempo"] is None
    assert "2026" in said(tmp_path, "list")


def test_a_take_of_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / TAKES / "2026-01-01 00-00-00"
    folder.mkdir(parents=True)
    journal = JournalWriter(folder / "take.journal")
    journal.append({"type": "take", "version": 99})
    journal.close()
    assert "version 99" in json.loads(said(tmp_path, "list", "--json"))[0]["error"]


def test_a_take_that_has_ended_gets_a_name_and_loses_it(tmp_path: Path, data: Path) -> None:
    (whole,) = [row for row in json.loads(said(data, "list", "--json")) if "error" not in row]
    content = (Path(whole["folder"]) / "take.journal").read_bytes()
    folder = tmp_path / TAKES / "2026-01-01 00-00-00"
    folder.mkdir(parents=True)
    # a crash has torn the last record
    (folder / "take.journal").write_bytes(content[:-10])
    assert str(folder) in said(tmp_path, "name", "last", "für Elise")
    (row,) = json.loads(said(tmp_path, "list", "--json"))
    assert (row["name"], row["ending"], row["prompts"]) == ("für Elise", "interrupted", ["400", "500"])
    assert prune(tmp_path / TAKES, Limits(days=1e-9), time.time() + 1) == []
    said(tmp_path, "name", "für Elise", "", "--json")
    assert json.loads(said(tmp_path, "list", "--json"))[0]["name"] == ""
    assert prune(tmp_path / TAKES, Limits(days=1e-9), time.time() + 1) == [folder]


def test_a_take_that_is_being_recorded_is_named_over_osc(tmp_path: Path) -> None:
    folder = tmp_path / TAKES / "2026-01-01 00-00-00"
    folder.mkdir(parents=True)
    journal = JournalWriter(folder / "take.journal")
    journal.append({"type": "take", "version": 1})
    with pytest.raises(TakeError, match="being recorded: name it over OSC"):
        said(tmp_path, "name", "last", "opus")
    journal.close()
    assert given_name(folder) == ""
