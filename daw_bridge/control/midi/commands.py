"""Commands of controllers and melodies, for whoever sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.midi.desk import MidiDesk
from daw_bridge.decks.protocol import When
from daw_bridge.errors import BridgeError, DeviceError, MelodyError, ParameterError
from daw_bridge.melody.chroma_phrase import AnyPhrase
from daw_bridge.melody.files import phrase_of_midi, phrase_of_sound
from daw_bridge.melody.parameters import INPUT, MELODY
from daw_bridge.parameter import Values

MIDI_FILES = (".mid", ".midi")
Command = Callable[[Client, Values], None]


class MidiCommands:
    """Carries out the commands of `MELODY_PARAMETERS` and `MIDI_PARAMETERS`, and acknowledges them.

    Args:
        melodies: folder of the files that can be loaded.
        listens: whether a sound input is open.
    """

    def __init__(
        self,
        desk: MidiDesk,
        dispatcher: Dispatcher,
        melodies: Path,
        listens: Callable[[], bool] = lambda: False,
    ) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._melodies = melodies
        self._listens = listens
        self._loading: set[asyncio.Task[None]] = set()

    def table(self) -> dict[str, Command]:
        """The commands by their addresses, for `Dispatcher.add_commands`."""
        desk, melody = self._desk, self._desk.melody
        simple: dict[str, Callable[[Values], None]] = {
            "/bridge/midi/learn": lambda values: desk.learn(str(values[0]), str(values[1])),
            "/bridge/midi/forget": lambda values: desk.forget(str(values[0])),
            f"{MELODY}steer": self._steer,
            f"{MELODY}overdub": lambda values: melody.overdub(bool(values[0])),
            f"{MELODY}cancel": lambda values: melody.cancel(),
            f"{MELODY}clear": lambda values: melody.take(None),
        }
        commands = {address: self._acknowledged(address, does) for address, does in simple.items()}
        commands |= {"/bridge/scene": self._scene, "/bridge/preset": self._preset}
        return commands | {f"{MELODY}arm": self._arm, f"{MELODY}load": self._load}

    def close(self) -> None:
        """Load nothing more."""
        for task in self._loading:
            task.cancel()

    def _acknowledged(self, address: str, does: Callable[[Values], None]) -> Command:
        def carry_out(client: Client, values: Values) -> None:
            does(values)
            self._acknowledge(client, address)

        return carry_out

    def _acknowledge(self, client: Client, address: str) -> None:
        status = self._dispatcher.player.status()
        client.send("/bridge/ack", address, status.beats, 0.0, status.bar)

    def _steer(self, values: Values) -> None:
        deck, follow = values
        decks = self._dispatcher.player.deck_count
        if int(deck) > decks:
            raise ParameterError(f"{MELODY}steer", deck, f"one of the {decks} decks, or 0 for none")
        self._desk.melody.steer(int(deck), bool(follow))

    def _scene(self, client: Client, values: Values) -> None:
        self._desk.performer.scene(str(values[0]), client)
        self._acknowledge(client, "/bridge/scene")

    def _preset(self, client: Client, values: Values) -> None:
        name, word = values
        when = When(NOW, bar=int(word)) if not isinstance(word, str) else None
        if isinstance(word, str) and word:
            when = When(Quantum.parse(word))
        self._desk.performer.preset(str(name), when, client)
        self._acknowledge(client, "/bridge/preset")

    def _arm(self, client: Client, values: Values) -> None:
        bars, count_in, grid, source = values
        listens = self._listens()
        if source == "sound" and not listens:
            raise DeviceError(f"no sound input is open: send {INPUT} 1 first")
        sound = listens and source != "notes"
        size = float(Quantum.parse(str(grid)).size)
        span = self._desk.melody.arm(int(bars), int(count_in), size, monotonic(), sound)
        status = self._dispatcher.player.status()
        ahead = span.begin - status.place.beat
        bar = 1 + round(span.begin / status.beats_per_bar)
        client.send("/bridge/ack", f"{MELODY}arm", status.beats + ahead, ahead * 60.0 / status.tempo, bar)

    def _load(self, client: Client, values: Values) -> None:
        status = self._dispatcher.player.status()
        path = self._melodies / str(values[0])
        if not path.is_file():
            raise MelodyError(f"{path}: there is no such file")

        async def load() -> None:
            try:
                phrase = await asyncio.to_thread(_read, path, status.tempo, status.beats_per_bar)
            except BridgeError as error:
                self._dispatcher.refuse(client, f"{MELODY}load", error)
                return
            self._desk.melody.take(phrase)
            now = self._dispatcher.player.status()
            client.send("/bridge/ack", f"{MELODY}load", now.beats, 0.0, now.bar)

        task = asyncio.get_running_loop().create_task(load())
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)


def _read(path: Path, tempo: float, beats_per_bar: int) -> AnyPhrase:
    if path.suffix.lower() in MIDI_FILES:
        return phrase_of_midi(path)
    return phrase_of_sound(path, tempo, beats_per_bar)
