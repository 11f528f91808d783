"""Sound devices by name, through PortAudio."""

from __future__ import annotations

import atexit
import contextlib
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from daw_bridge.errors import DeviceError, SoundServerError
from daw_bridge.jack_client import server_lost

Kind = Literal["input", "output"]
DEFAULT = "default"
CLOSING_LIMIT_S = 0.5
# what a device says of its latency beyond this is nonsense: JACK, of a program that has not set its own
MAX_LATENCY_S = 1.0
JACK_HOST = "JACK Audio Connection Kit"


@dataclass(frozen=True)
class SoundDevice:
    """A device that records or plays: PortAudio's index, its name, the host API's name, channels of that
    kind, its own rate in Hz, and whether it is the system's choice."""

    index: int
    name: str
    host: str
    channels: int
    sample_rate: int
    default: bool


def portaudio() -> ModuleType:
    """The `sounddevice` module.

    Raises:
        DeviceError: PortAudio's library is not installed.
    """
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            f"PortAudio cannot be loaded ({error}): install it (Debian/Ubuntu: apt install libportaudio2)"
        ) from error
    return sounddevice  # type: ignore[no-any-return]


_abandoned = False


def abandon(host: str) -> None:
    """Give PortAudio up for the life of this process: a stream of a host API cannot be closed (its sound
    server died), and to end PortAudio, now or when the process exits, would wait for it for ever."""
    global _abandoned
    _abandoned = True
    if host == JACK_HOST:
        server_lost()
    atexit.unregister(portaudio()._exit_handler)


def stated_latency(stream: Any) -> float:
    """Latency of an open stream in seconds, as PortAudio says; 0 where there is none or it does not know."""
    said = 0.0 if stream is None else float(stream.latency)
    return said if 0.0 <= said <= MAX_LATENCY_S else 0.0


def close_stream(stream: Any, host: str) -> None:
    """Close a stream of a host API, in at most `CLOSING_LIMIT_S`; one that cannot be closed is given up with
    all of PortAudio."""

    def close() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    closing = threading.Thread(target=close, daemon=True, name="close-device")
    closing.start()
    closing.join(CLOSING_LIMIT_S)
    if closing.is_alive():
        abandon(host)


def refresh() -> None:
    """Read the device list anew; PortAudio freezes it at start. Only while no stream is open.

    Raises:
        SoundServerError: the sound server died under an open stream; only a new process can use it again.
        DeviceError: PortAudio does not start at the moment.
    """
    if _abandoned:
        raise SoundServerError(
            "the sound server died while it was in use: restart daw-bridge to use it again"
        )
    sounddevice = portaudio()
    # after an earlier failure there is nothing to end
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    try:
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"PortAudio does not start: {error}") from error


def output_devices() -> list[SoundDevice]:
    """Every device with output channels, in PortAudio's order.

    Raises:
        DeviceError: PortAudio is missing or does not answer.
    """
    return _listed("output")


def input_devices() -> list[SoundDevice]:
    """Every device with input channels, in PortAudio's order.

    Raises:
        DeviceError: PortAudio is missing or does not answer.
    """
    return _listed("input")


def find_output(name: str) -> SoundDevice:
    """The output device that ``name`` means: a number, a whole name, or a part of ``'name, host API'``, in
    this order and without regard to case; ``''`` is the system's default.

    Raises:
        DeviceError: there is none; the message lists what there is.
    """
    return _found(name, "output")


def find_input(name: str) -> SoundDevice:
    """The input device that ``name`` means, as for `find_output`; ``'default'``, too, is the system's.

    Raises:
        DeviceError: there is none; the message lists what there is.
    """
    return _found("" if name.strip().lower() == DEFAULT else name, "input")


def _listed(kind: Kind) -> list[SoundDevice]:
    sounddevice = portaudio()
    channels, default_of_host = f"max_{kind}_channels", f"default_{kind}_device"
    try:
        hosts = sounddevice.query_hostapis()
        default = sounddevice.default.device[kind == "output"]
        if default < 0 and hosts:
            default = next((h[default_of_host] for h in hosts if h[default_of_host] >= 0), -1)
        return [
            SoundDevice(
                index=index,
                name=str(device["name"]),
                host=str(hosts[device["hostapi"]]["name"]),
                channels=int(device[channels]),
                sample_rate=round(device["default_samplerate"]),
                default=index == default,
            )
            for index, device in enumerate(sounddevice.query_devices())
            if device[channels] > 0
        ]
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list the sound devices: {error}") from error


def _found(name: str, kind: Kind) -> SoundDevice:
    devices = _listed(kind)
    wanted = name.strip().lower()
    if not wanted:
        found = [d for d in devices if d.default] or devices
    elif wanted.isdigit():
        found = [d for d in devices if d.index == int(wanted)]
    else:
        found = [d for d in devices if d.name.lower() == wanted]
        found = found or [d for d in devices if wanted in f"{d.name}, {d.host}".lower()]
    if not found:
        listed = "; ".join(f"{d.index} {d.name} ({d.host})" for d in devices) or "none"
        what = f"sound device {name!r}" if kind == "output" else f"sound input {name or DEFAULT!r}"
        raise DeviceError(f"{what} was not found: {kind} devices are: {listed}")
    return found[0]
