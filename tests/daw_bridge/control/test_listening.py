from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.listening import SoundListener
from daw_bridge.decks.protocol import Notice
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.ear_process import Deaf, EarEvent, Listening
from daw_bridge.melody.live_chroma import ChromaFrame
from daw_bridge.melody.place import SongPlace
from daw_bridge.parameter import Values
from tests.daw_bridge.fake_player import FakePlayer

INPUT = "/bridge/melody/input"
A = (*[0.0] * 9, 1.0, 0.0, 0.0)


class FakeEar:
    """Says what a test says."""

    def __init__(self, heard: Callable[[EarEvent], None]) -> None:
        self.heard = heard
        self.opened: tuple[str, int] = ("", 0)
        self.running = False

    def start(self, device: str, channel: int) -> None:
        self.opened, self.running = (device, channel), True

    def stop(self) -> None:
        self.running = False

    def join(self) -> None:
        pass


class Stage:
    """A listener with a client, and what everybody was told."""

    def __init__(self, device: str = "", channel: int = 1) -> None:
        self.player = FakePlayer()
        self.dispatcher = Dispatcher(self.player)
        self.told: list[tuple[str, Values]] = []
        self.notices: list[str] = []
        self.got: list[tuple[object, ...]] = []
        self.ears: list[FakeEar] = []
        melody = MelodyDesk(lambda address, values: self.told.append((address, values)), self._place)
        melody.steer(1, True)
        self.listener = SoundListener(
            self.dispatcher, melody, self._notice, device, channel, self._ear  # type: ignore[arg-type]
        )  # fmt: skip
        self.dispatcher.add_commands({INPUT: self.listener.carry_out})

    def send(self, address: str, *args: float | int | str) -> None:
        self.got.append((address, *args))

    async def ask(self, *args: object) -> None:
        self.dispatcher.submit(self, INPUT, args)
        await asyncio.sleep(0.02)

    def _place(self, at: float) -> SongPlace:
        return SongPlace(at, 4)

    def _notice(self, notice: Notice) -> None:
        self.notices.append(notice.text)

    def _ear(self, heard: Callable[[EarEvent], None]) -> FakeEar:
        self.ears.append(FakeEar(heard))
        return self.ears[-1]


def play(scene: Callable[[Stage], Awaitable[None]], device: str = "", channel: int = 1) -> Stage:
    async def course() -> Stage:
        stage = Stage(device, channel)
        stage.listener.start()
        await scene(stage)
        stage.listener.close()
        stage.dispatcher.close()
        return stage

    return asyncio.run(course())


def test_an_input_is_acknowledged_when_it_is_open_and_steers_until_it_is_closed() -> None:
    async def scene(stage: Stage) -> None:
        await stage.ask(1, "mic", 2)
        assert stage.got == []
        assert stage.ears[0].opened == ("mic", 2)
        stage.ears[0].heard(Listening("mic", 0.01))
        assert stage.got == [("/bridge/ack", INPUT, 4.5, 0.0, 2)]
        assert stage.listener.on
        stage.ears[0].heard((ChromaFrame(1.0, A, -20.0),))
        await stage.ask(0)
        assert stage.got[1:] == [("/bridge/ack", INPUT, 4.5, 0.0, 2)]
        assert not stage.ears[0].running
        assert not stage.listener.on

    silent = (0.0,) * 12
    assert play(scene).told == [("/bridge/deck/1/melody", A), ("/bridge/deck/1/melody", silent)]


def test_on_a_machine_without_input_it_is_refused_and_nothing_goes_on() -> None:
    async def scene(stage: Stage) -> None:
        await stage.ask(1)
        stage.ears[0].heard(Deaf("sound input 'default' was not found: input devices are: none", False))
        assert stage.got[0][:2] == ("/bridge/error", INPUT)
        assert "input devices are: none" in str(stage.got[0][2])
        assert not stage.ears[0].running
        stage.ears[0].heard(Listening("too late", 0.0))
        assert not stage.listener.on

    assert play(scene).notices == []


def test_the_options_input_is_looked_for_and_a_lost_one_steers_no_more() -> None:
    async def scene(stage: Stage) -> None:
        (ear,) = stage.ears
        assert ear.opened == ("mic", 3)
        for _ in range(3):
            ear.heard(Deaf("sound input 'mic' was not found", False))
        ear.heard(Listening("mic", 0.01))
        ear.heard((ChromaFrame(1.0, A, -20.0),))
        ear.heard(Deaf("sound input 'mic' is gone", True))
        assert ear.running

    stage = play(scene, "mic", 3)
    assert [values[9] for _, values in stage.told] == [1.0, 0.0]
    assert [notice.split(":")[0] for notice in stage.notices] == [
        "sound input 'mic' was not found",
        "listening to mic, 10 ms behind",
        "sound input 'mic' is gone",
    ]


def test_sound_below_the_gate_is_silence() -> None:
    async def scene(stage: Stage) -> None:
        stage.player.values["/bridge/melody/gate", None] = (-30.0,)
        stage.ears[0].heard(Listening("mic", 0.01))
        stage.ears[0].heard((ChromaFrame(1.0, A, -40.0),))
        assert stage.told == []
        stage.ears[0].heard((ChromaFrame(2.0, A, -20.0),))

    # the last is the silence of the closed input
    assert [values[9] for _, values in play(scene, "mic").told] == [1.0, 0.0]
