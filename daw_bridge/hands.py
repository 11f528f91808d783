"""Hands: MIDI, melodies and the sound input of a daemon, put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.listening import SoundListener
from daw_bridge.control.midi.commands import MidiCommands
from daw_bridge.control.midi.desk import MidiDesk
from daw_bridge.control.midi.scenes import DECKS, LivePreset
from daw_bridge.decks.protocol import Notice
from daw_bridge.errors import PresetError
from daw_bridge.melody.parameters import INPUT
from daw_bridge.options import Setup
from daw_bridge.parameters import AddressTable
from daw_bridge.presets import bundled, load

PRESETS, MELODIES = "presets", "melodies"
LEARNED = "midi.yaml"
# what a preset may change while playing, or what changes nothing
CHANGEABLE = frozenset({"title", "about", "model", "decks"})


class Hands:
    """What people play the instrument with, besides OSC.

    Its commands are known to the dispatcher at once; ports open with `start`.
    """

    def __init__(self, setup: Setup, dispatcher: Dispatcher, notify: Callable[[Notice], None]) -> None:
        self._data = setup.player_options().data
        self._notify = notify
        learned = self._data / PRESETS / LEARNED
        self._desk = MidiDesk(dispatcher, setup.midi, notify, learned, self._preset)
        device, channel = str(setup.options["input"]), int(setup.options["input_channel"])
        self._sound = SoundListener(dispatcher, self._desk.melody, notify, device, channel)
        melodies = self._data / MELODIES
        self._commands = MidiCommands(self._desk, dispatcher, melodies, lambda: self._sound.on)
        dispatcher.add_commands(self._commands.table() | {INPUT: self._sound.carry_out})

    def start(self) -> None:
        """Open the ports, or begin to look for them."""
        self._desk.start()
        self._sound.start()

    def close(self) -> None:
        """Close the ports."""
        self._commands.close()
        self._sound.close()
        self._desk.close()

    def _preset(self, name: str) -> LivePreset:
        setup = load(preset_file(name, self._data))
        if fixed := sorted(setup.given - CHANGEABLE):
            are = "are" if len(fixed) > 1 else "is"
            text = f"preset {name}: {', '.join(fixed)} {are} fixed while daw-bridge runs, and left as it is"
            self._notify(Notice("info", text))
        values = setup.values
        if "decks" in setup.given:
            values = ((AddressTable(1).lookup(DECKS), (setup.options["decks"],)), *values)
        return LivePreset(values, str(setup.options["model"]) if "model" in setup.given else "")


def preset_file(name: str, data: Path) -> Path:
    """A preset that may be named from outside: one in the data folder's folder presets, or a bundled one.

    Raises:
        PresetError: there is none of this name.
    """
    own = {path.stem: path for path in sorted((data / PRESETS).glob("*.yaml")) if path.name != LEARNED}
    known = bundled() | own
    if name not in known:
        raise PresetError(f"preset {name:.80}: known are {', '.join(known)}")
    return known[name]
