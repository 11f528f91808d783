from __future__ import annotations

import pytest

from daw_bridge.clock import ManualSource
from daw_bridge.clock.choose import make_source
from daw_bridge.clock.jack_transport import JackTransportSource
from daw_bridge.clock.midi_port import MidiClockPort
from daw_bridge.errors import DeviceError


def test_sources_have_names() -> None:
    internal = make_source("internal", 97.0)
    assert isinstance(internal, ManualSource)
    assert internal.read(0.0).tempo == 97.0
    assert isinstance(make_source(" jack "), JackTransportSource)
    port = make_source("midi:Drum: Machine")
    assert isinstance(port, MidiClockPort)
    assert port.name == "MIDI clock from Drum: Machine"
    assert isinstance(make_source("midi"), MidiClockPort)


@pytest.mark.parametrize("name", ["", "sun dial", "midi-clock", "jack:x", "x" * 500])
def test_another_name_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(DeviceError, match="midi:PORT") as refusal:
        make_source(name)
    assert len(str(refusal.value)) < 200
