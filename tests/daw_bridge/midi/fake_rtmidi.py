"""A system of MIDI ports that a test makes, in place of python-rtmidi's module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest


class FakeRtMidiError(Exception):
    """In place of rtmidi's."""


@dataclass
class System:
    """Ports that others have, and what was sent to them.

    Attributes:
        inputs, outputs: names that our inputs and outputs find. virtual: whether virtual ports can be made.
        broken: every look at the ports fails. api: number of the API that is in use.
        on_listed: told of each look. made: all that was made of rtmidi's objects, in order.
        sent: (name of the port, bytes). on_sent: told of each as it is sent.
    """

    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    virtual: bool = True
    broken: bool = False
    api: int = 1
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    on_sent: Callable[[bytes], None] = lambda data: None
    on_listed: Callable[[], None] = lambda: None
    made: list[FakePort] = field(default_factory=list)
    open_inputs: list[FakePort] = field(default_factory=list)

    def deliver(self, name: str, data: bytes, delta: float = 0.0) -> None:
        """Bytes come in on every open input of this name, as rtmidi calls back."""
        for port in list(self.open_inputs):
            if port.opened == name and port.callback is not None:
                port.callback((list(data), delta), None)


class FakePort:
    """`rtmidi.MidiIn` or `MidiOut`."""

    def __init__(self, system: System, names: list[str]) -> None:
        self.system, self.names = system, names
        self.opened = ""
        self.callback: Any = None
        system.made.append(self)

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert (sysex, timing, active_sense) == (False, False, False)

    def set_callback(self, callback: Any) -> None:
        assert self.callback is None
        self.callback = callback
        self.system.open_inputs.append(self)

    def cancel_callback(self) -> None:
        self.callback = None
        if self in self.system.open_inputs:
            self.system.open_inputs.remove(self)

    def get_current_api(self) -> int:
        return self.system.api

    def get_ports(self) -> list[str]:
        if self.system.broken:
            raise FakeRtMidiError("the system's MIDI has gone")
        self.system.on_listed()
        return list(self.names)

    def open_port(self, number: int, name: str) -> None:
        if self.opened:
            raise FakeRtMidiError("already opened")
        self.opened = self.names[number]

    def open_virtual_port(self, name: str) -> None:
        if not self.system.virtual:
            raise NotImplementedError("no virtual ports here")
        self.opened = name

    def close_port(self) -> None:
        # as python-rtmidi does it
        self.opened = ""
        self.cancel_callback()

    def send_message(self, message: list[int]) -> None:
        if self.opened not in self.names and not self.system.virtual:
            raise FakeRtMidiError("the port has gone")
        self.system.on_sent(bytes(message))
        self.system.sent.append((self.opened, bytes(message)))

    def delete(self) -> None:
        pass


def install(monkeypatch: pytest.MonkeyPatch) -> System:
    """Put a system without ports in place of rtmidi for a test."""
    system, fake = System(), ModuleType("rtmidi")
    constants = ("API_UNSPECIFIED", "API_LINUX_ALSA", "API_UNIX_JACK", "API_MACOSX_CORE", "API_WINDOWS_MM")
    contents: dict[str, Any] = {name: number for number, name in enumerate(constants)}
    contents |= {
        "API_RTMIDI_DUMMY": 5,
        "get_compiled_api": lambda: [1],
        "get_api_display_name": lambda api: constants[api],
        "MidiIn": lambda api, name: FakePort(system, system.inputs),
        "MidiOut": lambda api, name: FakePort(system, system.outputs),
        "RtMidiError": FakeRtMidiError,
    }
    vars(fake).update(contents)
    monkeypatch.setitem(sys.modules, "rtmidi", fake)
    return system
