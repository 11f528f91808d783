"""The ``midi`` section of a preset: read and checked against the parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from daw_bridge.clock.quantum import QUANTUM_NAMES, Quantum
from daw_bridge.control.midi.binding_reader import read_binding
from daw_bridge.control.midi.events import MMC_COMMANDS, Control
from daw_bridge.control.midi.mapping import (
    Binding,
    LoadPreset,
    MidiSetup,
    PlayScene,
    PortSetup,
    Scene,
    Send,
    Source,
)
from daw_bridge.control.midi.reading import Entry, list_of, mapping_entry
from daw_bridge.errors import PresetError
from daw_bridge.midi.port import APIS
from daw_bridge.parameters import Address, Values

CheckValues = Callable[[str, Mapping[Any, Any]], tuple[tuple[Address, Values], ...]]
"""Checks a tree of values as in a preset; its first argument names the place."""


def read_section(source: str, content: object, check_values: CheckValues) -> MidiSetup:
    """Read a section.

    Args:
        source: names the file in refusals.

    Raises:
        PresetError: something in it is unknown or out of range; names place, value and what is allowed.
    """
    entry = mapping_entry(f"{source}: midi", content)
    ports = _ports(entry)
    scenes = _scenes(entry, check_values)
    where = f"{entry.where}.map"
    bindings = [read_binding(f"{where}[{n}]", each) for n, each in enumerate(list_of(entry, "map"))]
    bindings += _programs(entry)
    if not any(binding.source.control.kind == "mmc" for binding in bindings):
        bindings += _transport_of_mmc()
    notes = mapping_entry(f"{entry.where}.notes", entry.take("notes", {}))
    setup = MidiSetup(
        ports=ports,
        bindings=tuple(bindings),
        scenes=scenes,
        api=entry.text("api", APIS, "auto"),
        notes=notes.text("port"),
        notes_channel=notes.whole("channel", 0, 16, 0),
    )
    notes.finish()
    entry.finish()
    _check_names(entry.where, setup)
    return setup


def _ports(entry: Entry) -> tuple[PortSetup, ...]:
    given = entry.take("ports", {})
    if isinstance(given, list | tuple):
        given = {name: {"in": name, "out": name} for name in given}
    ports = []
    for name, content in mapping_entry(f"{entry.where}.ports", given).content.items():
        port = mapping_entry(f"{entry.where}.ports.{name}", content)
        setup = PortSetup(
            str(name),
            port.text("in"),
            port.text("out"),
            port.text("virtual"),
            port.whole("channel", 0, 16, 0),
        )
        port.finish()
        if bool(setup.virtual) == bool(setup.input or setup.output):
            raise PresetError(f"{port.where}: either virtual, or in and out, is needed")
        ports.append(setup)
    return tuple(ports)


def _scenes(entry: Entry, check_values: CheckValues) -> dict[str, Scene]:
    scenes = {}
    for name, content in mapping_entry(f"{entry.where}.scenes", entry.take("scenes", {})).content.items():
        scene = mapping_entry(f"{entry.where}.scenes.{name}", content)
        text = scene.text("quantum", default="1M")
        try:
            quantum = Quantum.parse(text)
        except ValueError:
            raise scene.refused("quantum", text, ", ".join(QUANTUM_NAMES)) from None
        values = mapping_entry(f"{scene.where}.values", scene.take("values", {})).content
        scene.finish()
        scenes[str(name)] = Scene(str(name), quantum, check_values(scene.where, values))
    return scenes


def _programs(entry: Entry) -> list[Binding]:
    """``programs: [lofi, techno]``: program change 0 loads the first preset, and so on."""
    names = list_of(entry, "programs")
    if len(names) > 128:
        raise entry.refused("programs", len(names), "at most 128 presets")
    return [
        Binding(Source(Control("program", number)), LoadPreset(str(name)))
        for number, name in enumerate(names)
    ]


def _transport_of_mmc() -> list[Binding]:
    """Unless the map has MMC of its own: play starts all decks, stop and pause stop them."""
    does = {"play": "start", "deferred play": "start", "stop": "stop", "pause": "stop"}
    return [
        Binding(Source(Control("mmc", MMC_COMMANDS[name])), Send(f"/bridge/deck/*/{command}"))
        for name, command in does.items()
    ]


def _check_names(where: str, setup: MidiSetup) -> None:
    ports = {port.name for port in setup.ports}
    named = [binding.source.port for binding in setup.bindings] + [setup.notes]
    for name in named:
        if name and name not in ports:
            raise PresetError(f"{where}: port {name}: known are {', '.join(sorted(ports)) or 'none'}")
    for binding in setup.bindings:
        if isinstance(binding.action, PlayScene) and binding.action.name not in setup.scenes:
            known = ", ".join(setup.scenes) or "none"
            raise PresetError(f"{where}: scene {binding.action.name}: known are {known}")
