from __future__ import annotations

import math
import threading
from types import SimpleNamespace

import pytest

from daw_bridge import jack_client
from daw_bridge.audio import devices
from daw_bridge.errors import DeviceError, SoundServerError


class PortAudioError(Exception):
    pass


class Library:
    """PortAudio, which does not always start."""

    def __init__(self) -> None:
        self.running = True
        self.starts = True

    def terminate(self) -> None:
        if not self.running:
            raise PortAudioError("not initialized")
        self.running = False

    def initialize(self) -> None:
        if not self.starts:
            raise PortAudioError("unanticipated host error")
        self.running = True


def test_a_portaudio_that_does_not_start_is_a_device_error_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    face = SimpleNamespace(
        _terminate=library.terminate, _initialize=library.initialize, PortAudioError=PortAudioError
    )
    monkeypatch.setattr(devices, "portaudio", lambda: face)
    library.starts = False
    for _ in range(2):
        with pytest.raises(DeviceError, match="does not start"):
            devices.refresh()
    library.starts = True
    devices.refresh()
    assert library.running


def test_a_sound_server_that_died_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_abandoned", True)
    with pytest.raises(SoundServerError, match="restart"):
        devices.refresh()


@pytest.mark.parametrize(("said", "latency"), [(0.02, 0.02), (89478.5, 0.0), (-1.0, 0.0), (math.nan, 0.0)])
def test_a_latency_that_cannot_be_is_none(said: float, latency: float) -> None:
    assert devices.stated_latency(SimpleNamespace(latency=said)) == latency
    assert devices.stated_latency(None) == 0.0


@pytest.mark.parametrize(("host", "lost"), [("ALSA", False), ("JACK Audio Connection Kit", True)])
def test_a_stream_that_does_not_close_gives_portaudio_up_and_jack_only_where_it_is_one_of_its(
    monkeypatch: pytest.MonkeyPatch, host: str, lost: bool
) -> None:
    closed = threading.Event()
    stream = SimpleNamespace(abort=lambda ignore_errors: closed.wait(10.0), close=lambda ignore_errors: None)
    monkeypatch.setattr(devices, "_abandoned", False)
    monkeypatch.setattr(devices, "CLOSING_LIMIT_S", 0.01)
    monkeypatch.setattr(devices, "portaudio", lambda: SimpleNamespace(_exit_handler=lambda: None))
    devices.close_stream(stream, host)
    closed.set()
    assert jack_client.server_was_lost() == lost
    with pytest.raises(SoundServerError):
        devices.refresh()
