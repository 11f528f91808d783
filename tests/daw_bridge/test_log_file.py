from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from daw_bridge import log_file as module
from daw_bridge.log_file import log_file, note


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_events_facts_warnings_and_traces_become_lines_of_json(tmp_path: Path) -> None:
    with log_file(tmp_path, "stage") as path:
        note("deck plays", deck=1, prompt="Café\nnoir", folder=tmp_path)
        logging.getLogger("somewhere.else").warning("%s is odd", "this")
        try:
            raise RuntimeError("wires crossed")
        except RuntimeError:
            logging.getLogger("daw_bridge").exception("inside")
    first, second, third = lines(path)
    assert path == tmp_path / "logs" / "stage.log"
    assert (first["event"], first["deck"], first["prompt"]) == ("deck plays", 1, "Café\nnoir")
    assert (second["level"], second["source"], second["event"]) == (
        "warning",
        "somewhere.else",
        "this is odd",
    )
    assert "wires crossed" in str(third["trace"])
    assert str(first["time"]).startswith("20")


def test_nothing_is_logged_before_or_after_and_no_handler_stays(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)
    note("too early")
    with log_file(tmp_path, "stage") as path:
        pass
    note("too late")
    assert path.read_text() == ""
    assert logging.getLogger().handlers == before


def test_a_full_file_is_put_aside_and_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with log_file(tmp_path, "stage") as path:
        for number in range(100):
            note("event", number=number)
    files = sorted(path.parent.iterdir())
    assert len(files) == 1 + module.KEPT_FILES
    assert all(file.stat().st_size <= 1000 for file in files)
    assert lines(path)[-1]["number"] == 99


def test_a_disk_that_fails_while_logging_is_not_heard_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    with log_file(tmp_path, "stage"):
        monkeypatch.setattr(module._File, "shouldRollover", fail)
        note("event")
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_made_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(OSError, match="logs"), log_file(tmp_path, "stage"):
        pass
