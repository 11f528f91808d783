"""The compiled decoder, for the tests that need it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genmodels.lm.native_build import build, find_compiler, library_path


@pytest.fixture(scope="session")
def native_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where it is; built for this session only unless it has been built before."""
    path = library_path()
    if path.is_file():
        yield path
        return
    if find_compiler() is None:
        pytest.skip("no C++ compiler here")
    path = build(tmp_path_factory.mktemp("native"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("genmodels.lm.native.library_path", lambda: path)
        yield path
