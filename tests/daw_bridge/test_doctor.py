from __future__ import annotations

import pytest

from daw_bridge import doctor
from daw_bridge.audio import devices
from daw_bridge.audio.devices import SoundDevice
from daw_bridge.control.port import listen
from tests.daw_bridge.midi.fake_rtmidi import System, install


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return install(monkeypatch)


def test_midi_ports_are_named_and_so_is_what_can_be_made(system: System) -> None:
    system.inputs[:] = system.outputs[:] = ["Keystation 20:0"]
    check = doctor._midi()
    assert check.level == "OK"
    assert check.text.count("Keystation 20:0") == 1
    assert "virtual ports can be made" in check.text


def test_a_midi_system_that_does_not_answer_is_said_and_is_no_error(system: System) -> None:
    system.broken = True
    check = doctor._midi()
    assert check.level == "OK"
    assert "does not answer" in check.text
    assert "virtual" not in check.text


@pytest.mark.parametrize(
    ("found", "text"),
    [([], "none"), ([SoundDevice(3, "Mic", "ALSA", 2, 48000, True)], "Mic (ALSA) *")],
)
def test_sound_inputs_are_named(monkeypatch: pytest.MonkeyPatch, found: list[SoundDevice], text: str) -> None:
    monkeypatch.setattr(devices, "input_devices", lambda: found)
    check = doctor._inputs()
    assert check.level == "OK"
    assert check.text.startswith(text)


def test_a_tcp_port_that_is_taken_is_a_warning_that_names_the_option() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        check = doctor._tcp_ports(port)
        assert check.level == "WARNING"
        assert f"TCP port {port} is in use" in check.text
        assert "port=N" in check.text
