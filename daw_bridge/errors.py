"""Exceptions of daw_bridge. Every message names the thing, the value, what is allowed and what to do."""

from __future__ import annotations

from typing import ClassVar


class BridgeError(Exception):
    """Base of every error that daw_bridge raises on purpose.

    ``exit_code`` is what the command line returns when the error ends the program.
    """

    exit_code: ClassVar[int] = 1


class ParameterError(BridgeError):
    """A value was refused by the parameter table.

    Attributes:
        address: the OSC address (or preset key) that was written.
        value: what came, shortened for display.
        allowed: the range, type or choices that would have been taken.
    """

    exit_code = 2

    def __init__(self, address: str, value: object, allowed: str) -> None:
        self.address = address
        self.value = shorten(value)
        self.allowed = allowed
        super().__init__(f"{address}: {self.value} is refused: allowed is {allowed}")


class UnknownAddressError(ParameterError):
    """No parameter has this address (or this deck number)."""

    def __init__(self, address: str, hint: str) -> None:
        super().__init__(address, "", hint)
        self.args = (f"{shorten_text(address)}: no such address: {hint}",)


class PresetError(BridgeError):
    """A preset file, or a key=value of the command line, cannot be used."""

    exit_code = 2


class PortInUseError(BridgeError):
    """The OSC port belongs to another program."""

    exit_code = 3


class ModelError(BridgeError):
    """The model cannot be loaded, or the worker that holds it does not start."""

    exit_code = 4


class EngineError(BridgeError):
    """The model worker failed while running, or was asked for something it cannot do."""


class DeviceError(BridgeError):
    """A sound device cannot be found or opened."""


class SoundServerError(DeviceError):
    """The sound server died while it was in use; only a new process can use it again."""


class ClipError(BridgeError):
    """A clip cannot be rendered or written."""


class TakeError(BridgeError):
    """A take cannot be recorded, read, exported or replayed."""


class TourError(BridgeError):
    """The tour could not be played: the daemon did not start, did not answer, or kept no take."""


class MelodyError(BridgeError):
    """Notes or a melody file cannot be used."""


class ScheduleError(BridgeError):
    """A message asks for a time that cannot be kept (too far ahead, too many waiting)."""


class MalformedPacketError(BridgeError):
    """A datagram is not OSC."""


def shorten(value: object, limit: int = 80) -> str:
    """``repr`` of a value, cut to ``limit`` characters; a one-element tuple shows its element."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, str | bytes) and len(value) > limit:
        return f"{value[: limit - 20]!r}... ({len(value)} long)"
    return shorten_text(repr(value), limit)


def shorten_text(text: str, limit: int = 80) -> str:
    """The text, cut to ``limit`` characters with its length named when it was longer."""
    return text if len(text) <= limit else f"{text[: limit - 20]}... ({len(text)} long)"
