"""Sound devices by name, through PortAudio."""

from __future__ import annotations

import atexit
import contextlib
from dataclasses import dataclass
from types import ModuleType

from daw_bridge.errors import DeviceError, SoundServerError


@dataclass(frozen=True)
class OutputDevice:
    """A device that plays: PortAudio's index, its name, the host API's name, channels, its own rate in Hz."""

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


def abandon() -> None:
    """Give PortAudio up for the life of this process: a stream cannot be closed (its sound server died),
    and to end PortAudio, now or when the process exits, would wait for it for ever."""
    global _abandoned
    _abandoned = True
    atexit.unregister(portaudio()._exit_handler)


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


def output_devices() -> list[OutputDevice]:
    """Every device with output channels, in PortAudio's order.

    Raises:
        DeviceError: PortAudio is missing or does not answer.
    """
    sounddevice = portaudio()
    try:
        hosts = sounddevice.query_hostapis()
        default = sounddevice.default.device[1]
        if default < 0 and hosts:
            default = next((h["default_output_device"] for h in hosts if h["default_output_device"] >= 0), -1)
        return [
            OutputDevice(
                index=index,
                name=str(device["name"]),
                host=str(hosts[device["hostapi"]]["name"]),
                channels=int(device["max_output_channels"]),
                sample_rate=round(device["default_samplerate"]),
                default=index == default,
            )
            for index, device in enumerate(sounddevice.query_devices())
            if device["max_output_channels"] > 0
        ]
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list the sound devices: {error}") from error


def find_output(name: str) -> OutputDevice:
    """The output device that ``name`` means: a number, a whole name, or a part of ``'name, host API'``, in
    this order and without regard to case; ``''`` is the system's default.

    Raises:
        DeviceError: there is none; the message lists what there is.
    """
    devices = output_devices()
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
        raise DeviceError(f"sound device {name!r} was not found: output devices are: {listed}")
    return found[0]
