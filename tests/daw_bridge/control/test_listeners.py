from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from daw_bridge.control import listeners
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.parameters import AddressTable
from tests.daw_bridge.control.test_dispatch import Listener
from tests.daw_bridge.fake_player import FakePlayer

GAIN = "/bridge/deck/1/gain"
GAIN_ROW = "/bridge/deck/{deck}/gain"
Scene = Callable[[Dispatcher, FakePlayer, Listener, Listener], Coroutine[None, None, None]]


class MovingPlayer(FakePlayer):
    """Its position differs at every look."""

    looks = 0

    def status(self):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        self.looks += 1
        return replace(super().status(), beat=1.0 + self.looks % 300 / 100)


def play(scene: Scene, player: FakePlayer | None = None) -> tuple[Listener, Listener]:
    one, other = Listener(), Listener()

    async def run() -> None:
        dispatcher = Dispatcher(player or FakePlayer())
        await scene(dispatcher, dispatcher.player, one, other)  # type: ignore[arg-type]
        dispatcher.close()

    asyncio.run(run())
    return one, other


def test_a_listener_hears_the_value_at_once_and_every_change_but_its_own() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        for client in (one, other):
            dispatcher.submit(client, f"{GAIN}/listen")
        await asyncio.sleep(0.01)
        dispatcher.submit(other, GAIN, (-6,))
        await asyncio.sleep(0.15)
        dispatcher.submit(one, GAIN, (-9,))
        await asyncio.sleep(0.15)

    one, other = play(scene)
    assert one.got == [(GAIN, 0.0), (GAIN, -6.0), ("/bridge/ack", GAIN, 4.5, 0.25, 2)]
    assert other.got == [(GAIN, 0.0), ("/bridge/ack", GAIN, 4.5, 0.25, 2), (GAIN, -9.0)]


def test_a_change_from_elsewhere_is_heard_too() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, "/bridge/deck/1/prompt/listen")
        await asyncio.sleep(0.01)
        player.values["/bridge/deck/{deck}/prompt", 1] = ("strings",)
        await asyncio.sleep(0.15)

    assert play(scene)[0].got[1:] == [("/bridge/deck/1/prompt", "strings")]


def test_who_sets_a_value_for_later_is_told_that_the_old_one_still_holds() -> None:
    class Later(FakePlayer):
        def set(self, path, deck, values, when, on_result=None):  # type: ignore[no-untyped-def]
            return super().set(path, deck, (-60.0,), when)

    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, f"{GAIN}/listen")
        dispatcher.submit(one, GAIN, (3,))
        await asyncio.sleep(0.15)

    assert (GAIN, -60.0) in play(scene, Later())[0].got


def test_a_flood_of_changes_is_told_fifty_times_a_second_and_the_last_one_for_sure() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, f"{GAIN}/listen")
        for step in range(100):
            dispatcher.submit(other, GAIN, (-step / 10,))
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.15)

    got = play(scene)[0].got
    assert 3 <= len(got) <= 40
    assert got[-1] == (GAIN, -9.9)


def test_the_position_is_told_at_a_bounded_rate_and_what_stands_still_only_once() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, "/bridge/position/listen")
        dispatcher.submit(one, "/bridge/deck/1/state/listen")
        await asyncio.sleep(0.5)

    got = play(scene, MovingPlayer())[0].addresses()
    assert 3 <= got.count("/bridge/position") <= 12
    assert got.count("/bridge/deck/1/state") == 1


def test_a_pattern_listens_to_all_that_it_matches_and_unlistens() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, "/bridge/deck/*/gain/listen", (1.0,))
        await asyncio.sleep(0.01)
        dispatcher.submit(one, "/bridge/deck/2/gain/unlisten")
        await asyncio.sleep(0.01)
        player.values[GAIN_ROW, 1] = player.values[GAIN_ROW, 2] = (-1.0,)
        await asyncio.sleep(0.12)
        dispatcher.submit(one, "/bridge/deck/*/gain/unlisten")
        await asyncio.sleep(0.01)
        assert len(dispatcher.listeners) == 0
        assert not dispatcher.standing()

    assert play(scene)[0].got == [(GAIN, 0.0), ("/bridge/deck/2/gain", 0.0), (GAIN, -1.0)]


def test_everything_that_can_be_asked_for_can_be_listened_to() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, "/bridge//*/listen")
        await asyncio.sleep(0.1)

    askable = {each.text for each in AddressTable(2) if each.parameter.kind != "command"}
    assert set(play(scene)[0].addresses()) == askable


def test_a_deck_that_has_gone_is_silent_until_it_is_back_and_can_be_unlistened() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        for client in (one, other):
            dispatcher.submit(client, "/bridge/deck/2/gain/listen")
        await asyncio.sleep(0.01)
        player.deck_count = 1
        player.values[GAIN_ROW, 2] = (-3.0,)
        dispatcher.submit(other, "/bridge/deck/2/gain/unlisten")
        await asyncio.sleep(0.12)
        assert len(one.got) == 1
        player.deck_count = 2
        await asyncio.sleep(0.12)

    one, other = play(scene)
    assert one.got == [("/bridge/deck/2/gain", 0.0), ("/bridge/deck/2/gain", -3.0)]
    assert other.got == [("/bridge/deck/2/gain", 0.0)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/bridge/deck/1/start/listen", "a command has none"),
        ("/bridge/nothing/listen", "no such address"),
        ("/bridge/deck/9/gain/listen", "decks are 1..2"),
        ("/bridge/deck/1/gain/listen/listen", "no such address"),
        ("/listen", "no such address"),
        ("/bridge/*x/listen", "matches nothing"),
    ],
)
def test_what_cannot_be_listened_to_is_refused(address: str, words: str) -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, address)
        await asyncio.sleep(0.01)

    got = play(scene)[0].got
    assert [message[:2] for message in got] == [("/bridge/error", address)]
    assert words in str(got[0][2])


def test_one_client_too_many_is_refused_and_the_place_of_one_that_goes_is_free() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        crowd = [Listener() for _ in range(listeners.MAX_CLIENTS)]
        for client in (*crowd, one):
            dispatcher.submit(client, f"{GAIN}/listen")
        await asyncio.sleep(0.01)
        dispatcher.forget(crowd[0])
        dispatcher.submit(other, f"{GAIN}/listen")
        await asyncio.sleep(0.01)

    one, other = play(scene)
    assert one.addresses() == ["/bridge/error"]
    assert f"{listeners.MAX_CLIENTS} clients listen already" in str(one.got[0][2])
    assert other.addresses() == [GAIN]


def test_too_many_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "MAX_LISTENERS", 3)

    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        dispatcher.submit(one, "/bridge/deck/1/*/listen")
        await asyncio.sleep(0.02)

    got = play(scene)[0]
    assert len([address for address in got.addresses() if address != "/bridge/error"]) == 3
    assert "3 addresses are listened to" in str(got.got[3][2])


def test_a_client_that_turns_out_to_be_gone_while_another_is_told_is_not_told() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, one: Listener, other: Listener) -> None:
        class Messenger(Listener):
            def send(self, address: str, *args: object) -> None:
                super().send(address, *args)
                if len(self.got) == 2:
                    dispatcher.forget(other)

        for client in (Messenger(), other):
            dispatcher.submit(client, f"{GAIN}/listen")
        await asyncio.sleep(0.01)
        player.values[GAIN_ROW, 1] = (-5.0,)
        await asyncio.sleep(0.12)
        assert other not in dispatcher.standing()
        assert len(dispatcher.listeners) == 1

    assert play(scene)[1].got == [(GAIN, 0.0)]
