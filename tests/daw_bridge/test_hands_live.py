"""The ready-made map for eight pads, played on a whole player on the null clock with a fake model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.hands import Hands
from daw_bridge.melody.phrase import Phrase
from daw_bridge.presets import load
from tests.daw_bridge.control.midi.desk_stage import until
from tests.daw_bridge.control.test_dispatch import Listener
from tests.daw_bridge.decks.stage import Stage, perform
from tests.daw_bridge.midi.fake_rtmidi import System, install

MAP = Path(__file__).parents[2] / "surfaces" / "midi" / "eight-pads-eight-knobs.yaml"
PORT = "MPK mini 24:0"
START, ARM, CLEAR = 36, 42, 43
C, E = 0, 4
TEMPO = 240.0


class Played:
    """A stage whose controller is played."""

    def __init__(self, on: Stage, system: System, dispatcher: Dispatcher) -> None:
        self.on = on
        self.dispatcher = dispatcher
        self.listener = Listener()
        self._system = system

    def press(self, note: int) -> None:
        self._system.deliver(PORT, bytes((0x90, note, 100)))

    def release(self, note: int) -> None:
        self._system.deliver(PORT, bytes((0x80, note, 0)))

    def tap(self, note: int) -> None:
        self.press(note)
        self.release(note)

    def send(self, address: str, *args: object) -> None:
        self.dispatcher.submit(self.listener, address, args)

    @property
    def heard(self) -> set[int]:
        """Pitch classes that deck 1 hears."""
        heard = self.on.player.status().decks[0].heard
        return {pitch for pitch, strength in enumerate(heard) if strength}

    def phrase(self, deck: int = 1) -> Phrase | None:
        return Phrase.parse(str(self.on.player.get("/bridge/deck/{deck}/phrase", deck)[0]))

    @property
    def capture(self) -> tuple[str, int]:
        capture = self.on.player.status().capture
        return capture.state, capture.beats


def play(
    scene: Callable[[Played], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    **options: object,
) -> None:
    """Play a scene with the map and a controller that fits it."""
    system = install(monkeypatch)
    system.inputs[:] = system.outputs[:] = [PORT]

    async def course(on: Stage) -> None:
        dispatcher = Dispatcher(on.player)
        hands = Hands(load("lofi", [f"midi={MAP}", f"data={folder}"]), dispatcher, on.notices.append)
        on.tempo(TEMPO)
        hands.start()
        try:
            await scene(Played(on, system, dispatcher))
        finally:
            hands.close()
            dispatcher.close()

    perform(course, folder, **options)


def test_the_keys_are_heard_while_they_sound_and_what_the_pad_captures_is_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scene(p: Played) -> None:
        p.tap(START)
        await until(lambda: p.on.state() == "playing")
        p.press(60)
        await until(lambda: p.heard == {C})
        p.release(60)
        await until(lambda: p.heard == set())
        p.tap(ARM)
        await until(lambda: p.capture[0] == "recording")
        await asyncio.sleep(0.3)
        p.press(64)
        await asyncio.sleep(0.5)
        p.release(64)
        await until(lambda: p.phrase() is not None)
        # a time without any: what is repeated, then, and not the key
        await until(lambda: p.heard == set())
        await until(lambda: p.heard == {E})
        p.tap(CLEAR)
        await until(lambda: p.phrase() is None)

    play(scene, monkeypatch, tmp_path)


def test_a_capture_armed_in_silence_counts_in_from_the_start_of_the_first_deck(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scene(p: Played) -> None:
        await until(lambda: p.on.player.status().beats > 9.0)
        p.tap(ARM)
        await until(lambda: p.capture[0] == "count-in")
        begun = p.on.player.status().beats
        p.tap(START)
        await until(lambda: p.on.player.status().beats < begun)
        # a bar of count-in, and what comes before bar 1
        assert p.capture[0] == "count-in"
        assert p.capture[1] <= 4 + 4
        await until(lambda: p.capture[0] == "recording")
        status = p.on.player.status()
        assert (status.bar, status.capture.bars) == (2, 2)
        p.press(60)
        await asyncio.sleep(0.2)
        p.release(60)
        await until(lambda: p.capture[0] == "idle")
        phrase = p.phrase()
        assert phrase is not None
        assert phrase.beats == 8.0
        assert [note.pitch for note in phrase.notes] == [60]

    play(scene, monkeypatch, tmp_path)


def test_a_phrase_goes_to_the_deck_that_is_steered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def scene(p: Played) -> None:
        p.send("/bridge/melody/arm", 1, 0)
        await until(lambda: p.capture[0] == "recording")
        p.tap(60)
        await until(lambda: p.phrase() is not None)
        captured = p.phrase()
        p.send("/bridge/melody/steer", 2)
        await until(lambda: p.phrase(2) == captured and p.phrase(1) is None)

    play(scene, monkeypatch, tmp_path, decks=2)
