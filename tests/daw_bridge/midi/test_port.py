from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from daw_bridge.errors import DeviceError
from daw_bridge.jack_client import server_lost, server_was_lost
from daw_bridge.midi import port as port_module
from daw_bridge.midi.port import InputPort, OutputPort, api_number
from tests.daw_bridge.clock import fake_jack
from tests.daw_bridge.midi.fake_rtmidi import System, install


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return install(monkeypatch)


def test_an_input_is_opened_by_part_of_its_name_and_comes_back_under_another_number(system: System) -> None:
    got: list[tuple[bytes, float]] = []
    port = InputPort("Pads", lambda data, delta: got.append((data, delta)))
    port.start()
    assert not port.connected
    system.inputs[:] = ["Other 20:0", "My Pads 24:0"]
    assert port.watch()
    assert not port.watch()
    system.deliver("My Pads 24:0", b"\x90\x3c\x40", 0.5)
    assert got == [(b"\x90\x3c\x40", 0.5)]
    system.inputs[:] = ["My Pads 32:0"]
    assert port.watch()
    assert port.connected
    system.deliver("My Pads 32:0", b"\x80\x3c\x00", 0.1)
    assert got[1:] == [(b"\x80\x3c\x00", 0.1)]
    system.inputs[:] = []
    assert port.watch()
    assert not port.connected
    port.stop()
    port.stop()
    assert not port.watch()


def test_a_jack_port_that_was_away_for_a_moment_is_opened_anew(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_jack.install(monkeypatch)
    system.api, system.inputs[:] = 2, ["pads:out", "keys:out"]
    got: list[bytes] = []
    port = InputPort("pads", lambda data, delta: got.append(data))
    port.start()
    assert not port.watch()
    server.register("keys:out")
    assert not port.watch()
    # told late of the port that is connected
    server.connections["pads:out"] = ["synth:in", "daw_bridge-02:midi"]
    server.register("pads:out")
    assert not port.watch()
    server.connections["pads:out"] = ["synth:in", "daw_bridge:clock"]
    assert not port.watch()
    # as JACK has it: the connection is gone, the name is there
    system.open_inputs[0].opened = ""
    server.register("pads:out")
    assert port.watch()
    assert not port.connected
    assert port.watch()
    assert port.connected
    assert not port.watch()
    system.deliver("pads:out", b"\x90\x3c\x40")
    assert got == [b"\x90\x3c\x40"]
    port.stop()
    assert server.clients == 0


def test_no_jack_port_is_opened_after_a_jack_server_has_ended_under_the_process(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_jack.install(monkeypatch)
    system.api, system.inputs[:] = 2, ["pads:out"]
    first = InputPort("pads", lambda data, delta: None, api=2)
    first.start()
    server.end()
    with pytest.raises(DeviceError, match="restart the instrument"):
        InputPort("pads", lambda data, delta: None, api=2).start()
    assert len(system.open_inputs) == 1
    first.stop()


def test_a_port_that_waits_is_not_opened_on_another_jack_server_than_the_one_that_was_lost(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, looks = fake_jack.install(monkeypatch), []
    server.runs, system.api = False, 2
    system.on_listed = lambda: looks.append(1)
    port = InputPort("pads", lambda data, delta: None, api=2)
    port.start()
    server_lost()
    system.inputs[:] = ["pads:out"]
    before = len(looks)
    assert not port.watch()
    assert not port.connected
    # to look, rtmidi would open a client
    assert len(looks) == before
    port.stop()


def test_what_jack_tells_is_listened_to_once_its_server_is_there(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_jack.install(monkeypatch)
    server.runs, system.api = False, 2
    port = InputPort("pads", lambda data, delta: None, api=2)
    port.start()
    server.runs, system.inputs[:] = True, ["pads:out"]
    assert port.watch()
    assert not port.watch()
    assert server.clients == 1
    server.end()
    assert server_was_lost()
    port.stop()
    assert server.clients == 0


def test_a_jack_server_that_ends_while_it_is_opened_leaves_a_port_that_works_and_no_client(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_jack.install(monkeypatch)
    server.ending, system.api, system.inputs[:] = True, 2, ["pads:out"]
    port = InputPort("pads", lambda data, delta: None, api=2)
    port.start()
    assert port.connected
    assert server.clients == 0
    port.stop()


def test_of_jack_ports_that_came_and_went_nothing_is_kept(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_jack.install(monkeypatch)
    system.api, system.inputs[:] = 2, ["keys:out"]
    port = InputPort("pads", lambda data, delta: None)
    port.start()
    server.register("keys:out")
    server.register("gone:out")
    port.watch()
    assert port._arrivals is not None
    assert port._arrivals._names == {"keys:out"}
    port.stop()


@pytest.mark.parametrize(("api", "objects"), [(1, 2), (2, 1)])
def test_sending_does_not_wait_for_a_look_at_the_ports(
    system: System, monkeypatch: pytest.MonkeyPatch, api: int, objects: int
) -> None:
    fake_jack.install(monkeypatch)
    system.api, system.outputs[:] = api, ["Pads"]
    port = OutputPort("Pads")
    port.start()
    assert port.connected
    # on JACK each would be another client
    assert len(system.made) == objects

    sent: list[int] = []

    def send_meanwhile() -> None:
        sender = threading.Thread(target=port.send, args=(b"\x90\x3c\x40",))
        sender.start()
        sender.join(5.0)
        sent.append(len(system.sent))

    system.on_listed = send_meanwhile
    assert not port.watch()
    assert sent == [1]
    port.stop()


def test_without_jack_client_a_jack_port_works_all_the_same(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    system.api, system.inputs[:] = 2, ["pads:out"]
    port = InputPort("pads", lambda data, delta: None)
    port.start()
    assert port.connected
    assert not port.watch()
    port.stop()


def test_a_midi_system_that_fails_is_a_port_that_has_gone(system: System) -> None:
    system.inputs[:] = ["Pads"]
    port = InputPort("Pads", lambda data, delta: None)
    port.start()
    system.broken = True
    assert port.watch()
    assert not port.connected
    system.broken = False
    assert port.watch()
    assert port.connected


def test_our_own_ports_are_never_taken_for_those_of_others(system: System) -> None:
    system.inputs[:] = ["daw_bridge:midi 128:0", "daw_bridge-01:midi"]
    port = InputPort("daw", lambda data, delta: None)
    port.start()
    assert not port.connected


def test_an_output_sends_while_it_is_there_and_never_raises(system: System) -> None:
    system.virtual = False
    port = OutputPort("Pads")
    port.start()
    port.send(b"\x90\x3c\x7f")
    system.outputs[:] = ["Pads"]
    port.watch()
    port.send(b"\x90\x3d\x7f")
    assert system.sent == [("Pads", b"\x90\x3d\x7f")]
    system.outputs.clear()
    port.send(b"\x90\x3e\x7f")
    assert not port.connected


def test_what_the_system_cannot_do_is_said(system: System) -> None:
    system.virtual = False
    with pytest.raises(DeviceError, match="'mine' cannot be opened: no virtual ports"):
        OutputPort("mine", virtual=True).start()
    with pytest.raises(DeviceError, match="MIDI over jack"):
        api_number("jack")


@pytest.mark.parametrize(
    ("sequencer", "compiled", "number"), [(True, [1, 2], 0), (False, [1, 2], 2), (False, [1], 0)]
)
def test_without_a_sequencer_in_the_kernel_midi_goes_over_jack(
    system: System,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sequencer: bool,
    compiled: list[int],
    number: int,
) -> None:
    monkeypatch.setattr(port_module, "SEQUENCER", tmp_path if sequencer else tmp_path / "none")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.modules["rtmidi"], "get_compiled_api", lambda: compiled)
    assert api_number("auto") == number
