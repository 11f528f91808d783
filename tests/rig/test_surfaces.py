"""The ready-made surfaces in their programs: Pure Data and SuperCollider."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.rig.conftest import Rig
from tests.rig.pure_data import PureData
from tests.rig.supercollider import run_sclang

pytestmark = pytest.mark.rig

HERE = Path(__file__).parent
SURFACES = HERE.parents[1] / "surfaces"


def test_the_patch_for_pure_data_plays_two_decks_and_shows_what_they_do(rig: Rig) -> None:
    client = rig.client
    client.ask("/bridge/decks", 2)
    patches = (SURFACES / "pure-data" / "daw-bridge.pd", HERE / "probe.pd")
    messages = (
        f"bridge-port {rig.daemon.port}",
        "bridge-tempo 93",
        "deck1-prompt list warm lo-fi piano",
        "deck1-start bang",
        "deck2-mix 0.25",
        "deck2-chords list Am F C G",
        "deck2-gain -12",
    )
    with PureData(*messages, patches=patches) as pure_data:
        rig.recorder.wait_for_sound(timeout=10.0)
        pure_data.wait_for("shows: symbol playing", 10.0)
        pure_data.wait_for("plays: symbol warm\\ lo-fi\\ piano")
        assert not [line for line in pure_data.lines if "refused" in line]
    assert client.ask("/bridge/tempo").values == (93.0,)
    assert client.ask("/bridge/deck/1/prompt").values == ("warm lo-fi piano",)
    assert client.ask("/bridge/deck/2/prompts").values == ("solo piano", 0.75, "driving techno", 0.25)
    assert client.ask("/bridge/deck/2/chords").values == ("Am F C G",)
    assert client.ask("/bridge/deck/2/gain").values == (-12.0,)
    client.ask("/bridge/decks", 1)


@pytest.mark.skipif(
    shutil.which("sclang") is None and not os.environ.get("CI"), reason="needs sclang: run make test"
)
def test_the_class_for_supercollider_plays_a_deck_and_its_clock_goes_along(rig: Rig, tmp_path: Path) -> None:
    said = run_sclang(HERE / "player.scd", rig.daemon.port, tmp_path)
    assert "done" in said
    assert [line for line in said if line.startswith("pong ")]
    errors = [line for line in said if line.startswith("error ")]
    assert len(errors) == 1
    assert "H minor" in errors[0]
    assert {f"ack /bridge/{name}" for name in ("tempo", "quantum", "deck/1/key", "deck/1/start")} <= set(said)
    mix = next(line for line in said if line.startswith("value /bridge/deck/1/prompts"))
    assert mix.endswith("[ solo piano, 0.75, techno, 0.25 ]")
    states = [line for line in said if line.startswith("state 1 ")]
    assert states.index("state 1 playing") < states.index("state 1 stopped", 1)
    apart = float(next(line for line in said if line.startswith("apart ")).split()[1])
    assert abs(apart) < 0.5
    assert rig.client.ask("/bridge/deck/1/key").values == ("A minor",)
    rig.client.ask("/bridge/quantum", "1M")
