from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from daw_bridge.clock.midi_port import MidiClockPort, Timestamps
from daw_bridge.errors import DeviceError


class FakeMidiIn:
    """python-rtmidi's input on a system whose ports a test makes."""

    ports: ClassVar[list[str]] = []
    virtual = True

    def __init__(self, api: int, name: str) -> None:
        self.opened: int | None = None
        self.callback: Any = None

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert not timing

    def set_callback(self, callback: Any) -> None:
        self.callback = callback

    def cancel_callback(self) -> None:
        self.callback = None

    def get_current_api(self) -> int:
        return 2

    def get_ports(self) -> list[str]:
        return list(self.ports)

    def open_port(self, number: int, name: str) -> None:
        self.opened = number

    def open_virtual_port(self, name: str) -> None:
        if not self.virtual:
            raise NotImplementedError("no virtual ports here")

    def close_port(self) -> None:
        self.opened = None
        self.callback = None

    def delete(self) -> None:
        pass


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> type[FakeMidiIn]:
    fake = ModuleType("rtmidi")

    class System(FakeMidiIn):
        pass

    fake.MidiIn = System  # type: ignore[attr-defined]
    fake.RtMidiError = RuntimeError  # type: ignore[attr-defined]
    fake.API_UNIX_JACK = 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rtmidi", fake)
    return System


def test_a_port_is_found_by_part_of_its_name_whenever_it_comes_and_comes_back(
    system: type[FakeMidiIn],
) -> None:
    port = MidiClockPort("Drum")
    port.start()
    assert not port.connected
    system.ports = ["Other:0", "Drum Machine:1"]
    port.watch()
    assert port.connected
    system.ports = ["Other:0"]
    port.watch()
    assert not port.connected
    system.ports = ["Drum Machine:0", "Other:1"]
    port.watch()
    assert port.connected
    # closing a port takes its callback away
    assert port._port._midi.callback is not None
    port.stop()
    port.stop()


def test_clocks_of_the_port_reach_the_source_with_its_own_timestamps(system: type[FakeMidiIn]) -> None:
    rng, now = np.random.default_rng(0), [50.0]
    port = MidiClockPort("any", virtual=True, clock=lambda: now[0])
    port.start()
    receive = port._port._midi.callback
    receive(([0xFA], 0.0), None)
    for tick in range(96):
        now[0] = 50.0 + (tick + 1) / 48 + rng.exponential(0.004)
        receive(([0xF8], 1 / 48), None)
    reading = port.read(52.0)
    assert reading.tempo == pytest.approx(120.0, rel=2e-4)
    assert reading.line is not None
    assert reading.line.beat_at(50.0 + 1 / 48) == pytest.approx(0.0, abs=0.002)


def test_a_system_without_virtual_ports_says_so(system: type[FakeMidiIn]) -> None:
    system.virtual = False
    with pytest.raises(DeviceError, match="'mine' cannot be opened: no virtual ports"):
        MidiClockPort("mine", virtual=True).start()


def test_timestamps_follow_the_drift_of_the_streams_clock_and_forget_lateness() -> None:
    stamps, rng = Timestamps(), np.random.default_rng(1)
    for n in range(1, 6000):
        true = n * 0.01
        stamped = stamps.arrived(0.01 * (1 - 5e-5), 7.0 + true + rng.exponential(0.002))
    assert stamped == pytest.approx(7.0 + true, abs=0.001)


def test_timestamps_begin_anew_after_a_jump_of_the_streams_clock() -> None:
    stamps = Timestamps()
    stamps.arrived(0.0, 1.0)
    assert stamps.arrived(0.0, 9.0) == 9.0
