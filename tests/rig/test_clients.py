"""Programs that players use: liblo's oscsend and Pure Data."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.rig.conftest import Rig
from tests.rig.pure_data import PureData

pytestmark = pytest.mark.rig


def oscsend(port: int, address: str, types: str = "", *values: str) -> None:
    command = ["oscsend", "127.0.0.1", str(port), address, *([types] if types else []), *values]
    subprocess.run(command, check=True, timeout=10)


def test_oscsend_sets_the_tempo_and_starts_the_music(rig: Rig) -> None:
    oscsend(rig.daemon.port, "/bridge/tempo", "f", "93")
    oscsend(rig.daemon.port, "/bridge/deck/1/prompt", "s", "warm lo-fi piano")
    oscsend(rig.daemon.port, "/bridge/deck/1/start", "s", "now")
    rig.recorder.wait_for_sound(timeout=6.0)
    assert rig.client.ask("/bridge/tempo").values[0] == pytest.approx(93.0)
    assert rig.client.ask("/bridge/deck/1/prompt").values == ("warm lo-fi piano",)


def test_pure_data_plays_and_reads_its_acknowledgements(rig: Rig) -> None:
    rig.client.ask("/bridge/tempo", 100.0)
    rig.client.ask("/bridge/quantum", "1/4")
    with PureData(
        f"connect {rig.daemon.port}", r"prompt symbol drums\ only\ house", "start bang", "query bang"
    ) as pure_data:
        assert "bridge ack /bridge/deck/1/prompt" in pure_data.wait_for("/bridge/deck/1/prompt")
        assert "bridge ack /bridge/deck/1/start" in pure_data.wait_for("/bridge/deck/1/start")
        assert "bridge tempo 100" in pure_data.wait_for("bridge tempo")
        rig.recorder.wait_for_sound(timeout=6.0)
    rig.client.ask("/bridge/quantum", "1M")


def test_a_client_that_is_gone_does_not_disturb_the_daemon(rig: Rig) -> None:
    for _ in range(20):
        oscsend(rig.daemon.port, "/bridge/status")
    time.sleep(0.2)
    assert rig.client.ask("/bridge/tempo").address == "/bridge/tempo"
