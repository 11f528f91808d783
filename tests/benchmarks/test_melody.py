"""The bundled model does something with the melodies that it is asked for."""

from __future__ import annotations

import pytest

from benchmarks.melody import melody
from genmodels.checkpoints.bundled import BUNDLED


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not (BUNDLED / "config.yaml").is_file(), reason="the bundled model is not there")
def test_what_sounds_is_nearer_to_the_melody_asked_for_than_to_another() -> None:
    figures = {figure.name: figure.value for figure in melody(8, 4.0).figures}
    asked = figures["chroma asked for and sounding, cosine"]
    assert asked > figures["against another melody"]
    assert figures["the notes themselves as plain tones"] > figures["against another melody"]
