from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daw_bridge.cli import app
from genmodels.checkpoints.names import MODELS
from tests.genmodels.checkpoints.test_files import put


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both caches empty."""
    monkeypatch.setenv("AUDIOCRAFT_CACHE_DIR", str(tmp_path / "audiocraft"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def listed(data: str = "/nowhere") -> dict[str, dict[str, object]]:
    result = CliRunner().invoke(app, ["models", "--json", "--data", data])
    assert result.exit_code == 0
    return {item["name"]: item for item in json.loads(result.output)}


def test_every_model_is_listed_with_its_terms() -> None:
    found = listed()
    assert list(found) == [model.name for model in MODELS]
    assert found["facebook/musicgen-small"]["commercial_use"] is False
    assert "non-commercial" in str(found["facebook/musicgen-small"]["licence"])
    assert found["mini"]["commercial_use"] is True
    assert found["mini"]["here"] == "yes"
    assert int(str(found["mini"]["size_bytes"])) > 1_000_000


def test_what_is_cached_is_told_file_by_file(caches: Path) -> None:
    name = "facebook/musicgen-small"
    assert listed()[name]["here"] == "no"
    path = put(caches / "audiocraft", name, "state_dict.bin")
    partly = listed()[name]
    assert (partly["here"], partly["folder"]) == ("partly", str(path.parent))
    assert partly["missing"] == [f"{name}/compression_state_dict.bin", "t5-base"]
    put(caches / "audiocraft", name, "compression_state_dict.bin")
    put(caches / "hub", "t5-base", "config.json")
    put(caches / "hub", "t5-base", "model.safetensors")
    assert listed()[name]["here"] == "yes"


def test_a_model_in_transformers_format_is_found_too(caches: Path) -> None:
    put(caches / "audiocraft", "facebook/encodec_32khz", "config.json")
    assert listed()["facebook/encodec_32khz"]["here"] == "partly"
    put(caches / "audiocraft", "facebook/encodec_32khz", "model.safetensors")
    assert listed()["facebook/encodec_32khz"]["here"] == "yes"


def test_folders_below_models_in_the_data_folder_are_listed(tmp_path: Path) -> None:
    for name in ("mine", ".hidden"):
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / "mine" / "lm.safetensors").write_bytes(bytes(3_000_000))
    (tmp_path / "models" / "a file").write_text("")
    assert listed(str(tmp_path))["mine"]["size_bytes"] == 3_000_000
    assert [name for name, each in listed(str(tmp_path)).items() if each["kind"] == "own"] == ["mine"]
    text = CliRunner().invoke(app, ["models", "--data", str(tmp_path)]).output
    assert "mine  (your own, 3 MB)" in text


def test_the_text_names_licence_size_and_place() -> None:
    text = CliRunner().invoke(app, ["models"]).output
    assert "facebook/musicgen-large, large  (musicgen, 32000 Hz mono, 3,257 M parameters" in text
    assert "6.75 GB" in text
    assert "non-commercial" in text
