from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from genmodels.errors import ConfigError
from genmodels.lm import native_build
from genmodels.lm.native_build import build, library_path, load_library


def test_another_source_or_processor_needs_another_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = library_path(tmp_path)
    assert here == library_path(tmp_path)
    source = tmp_path / "source"
    shutil.copytree(native_build.SOURCE, source, ignore=shutil.ignore_patterns("build"))
    monkeypatch.setattr(native_build, "SOURCE", source)
    assert library_path(tmp_path) == here
    (source / "step.cpp").write_text("changed")
    assert library_path(tmp_path) != here
    monkeypatch.undo()
    monkeypatch.setattr(native_build, "_processor", lambda: "another")
    assert library_path(tmp_path) != here


def test_what_is_not_a_library_is_not_loaded(tmp_path: Path) -> None:
    assert load_library(tmp_path / "absent.so") is None
    (tmp_path / "text.so").write_text("text")
    assert load_library(tmp_path / "text.so") is None


def test_without_a_compiler_it_says_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ConfigError, match=r"needs a C\+\+ compiler"):
        build(tmp_path)


@pytest.mark.parametrize("compiler", ["false", "true"])
def test_a_compiler_that_fails_leaves_nothing(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", compiler)
    with pytest.raises(ConfigError, match="failed"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_reports_and_never_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(native_build, "library_path", lambda folder=None: tmp_path / "native-x.so")
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert native_build.main() == 1
    assert "slower decoders" in capsys.readouterr().err
    (tmp_path / "native-x.so").touch()
    assert native_build.main() == 0
