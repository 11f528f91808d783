from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.clock.quantum import Quantum
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.limiter import ReplyLimiter
from daw_bridge.decks.protocol import Notice, When
from daw_bridge.parameters import AddressTable
from tests.daw_bridge.fake_player import FakePlayer

ADDRESSES = [address.text for address in AddressTable(2)]


@dataclass(eq=False)
class Listener:
    got: list[tuple[object, ...]] = field(default_factory=list)

    def send(self, address: str, *args: object) -> None:
        self.got.append((address, *args))

    def addresses(self) -> list[object]:
        return [message[0] for message in self.got]


Scene = Callable[[Dispatcher, FakePlayer, Listener], Coroutine[None, None, None]]


def play(scene: Scene) -> tuple[FakePlayer, Listener]:
    player, listener = FakePlayer(), Listener()

    async def run() -> None:
        dispatcher = Dispatcher(player)
        await scene(dispatcher, player, listener)
        await asyncio.sleep(0.02)
        while dispatcher._backlog._waiting:
            await asyncio.sleep(0.001)
        dispatcher.close()

    asyncio.run(run())
    return player, listener


def send(*messages: tuple[object, ...]) -> tuple[FakePlayer, Listener]:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        for address, *args in messages:
            dispatcher.submit(listener, str(address), tuple(args))

    return play(scene)


def test_a_value_is_coerced_set_and_acknowledged() -> None:
    player, listener = send(("/bridge/tempo", 92))
    assert player.calls == [("/bridge/tempo", None, (92.0,), When())]
    assert listener.got == [("/bridge/ack", "/bridge/tempo", 4.5, 0.25, 2)]


def test_an_address_without_arguments_asks() -> None:
    _, listener = send(("/bridge/deck/2/top_k", 5), ("/bridge/deck/2/top_k",), ("/bridge/deck/1/top_k",))
    assert listener.got[1:] == [("/bridge/deck/2/top_k", 5), ("/bridge/deck/1/top_k", 250)]


def test_readonly_addresses_answer_and_refuse_to_be_set() -> None:
    _, listener = send(("/bridge/position",), ("/bridge/deck/2/state",), ("/bridge/position", 1))
    assert ("/bridge/position", 2, 1.5, 120.0, 2.25) in listener.got
    assert ("/bridge/deck/2/state", "stopped", 0.0, 0.0) in listener.got
    assert any(message[:2] == ("/bridge/error", "/bridge/position") for message in listener.got)


@pytest.mark.parametrize(
    ("address", "args", "words"),
    [
        ("/bridge/tempo", (500,), ["500", "40..240"]),
        ("/bridge/tempo", ("fast",), ["fast", "40..240"]),
        ("/bridge/tempo", (float("nan"),), ["nan", "40..240"]),
        ("/bridge/deck/9/gain", (0,), ["decks are 1..2"]),
        ("/bridge/nothing", (), ["no such address"]),
        ("/bridge/deck/1/prompt", ("x" * 60000,), ["60000 long", "1000 characters"]),
        ("/bridge/deck/{1/gain", (0,), ["not closed"]),
        ("/bridge/*/nothing", (0,), ["matches nothing"]),
        ("/bridge/deck/9/*", (), ["matches nothing", "decks are 1..2"]),
        ("/bridge/pign", (), ["do you mean /bridge/ping?"]),
        ("/bridge/deck/2/promt", ("x",), ["do you mean /bridge/deck/2/prompt?"]),
        ("/bridge/deck/1/prompt", ("boom",), ["failed inside", "wires crossed"]),
        ("/bridge/deck/1/start", (1,), ["first possible is bar 3"]),
    ],
)
def test_a_refused_message_is_answered_once_with_the_reason_and_changes_nothing(
    address: str, args: tuple[object, ...], words: list[str]
) -> None:
    player, listener = send((address, *args))
    assert player.calls == []
    assert listener.addresses() == ["/bridge/error"]
    assert listener.got[0][1] == address
    assert all(word in str(listener.got[0][2]) for word in words)
    # the address stands before it already
    assert not str(listener.got[0][2]).startswith(address)


def test_patterns_set_and_ask_every_match() -> None:
    player, listener = send(("/bridge/deck/*/gain", -6), ("/bridge/deck/?/gain",))
    assert [call[:3] for call in player.calls] == [
        ("/bridge/deck/{deck}/gain", 1, (-6.0,)),
        ("/bridge/deck/{deck}/gain", 2, (-6.0,)),
    ]
    assert listener.got[2:] == [("/bridge/deck/1/gain", -6.0), ("/bridge/deck/2/gain", -6.0)]


def test_a_pattern_that_asks_does_not_start_or_subscribe() -> None:
    player, listener = send(("/bridge//*",))
    assert player.calls == []
    assert "/bridge/ack" not in listener.addresses()
    assert "/bridge/status" not in listener.addresses()
    assert "/bridge/deck/2/chroma/enable" in listener.addresses()


def test_a_pattern_of_commands_alone_carries_them_out() -> None:
    player, _ = send(("/bridge/deck/*/start",))
    assert [call[1] for call in player.calls] == [1, 2]


@pytest.mark.parametrize(
    ("address", "args", "when"),
    [
        ("/bridge/deck/1/prompt", ("a", "2M"), When(Quantum.parse("2M"))),
        ("/bridge/deck/1/prompts", ("a", 1, "b", 2, "1/2"), When(Quantum.parse("1/2"))),
        ("/bridge/deck/1/chroma", (*[0] * 12, 9), When(bar=9)),
        ("/bridge/tempo", (90, 17.0), When(bar=17)),
        ("/bridge/deck/1/outputs", (1, 2, "8M"), When(Quantum.parse("8M"))),
        ("/bridge/deck/1/mute", (1, "now"), When()),
    ],
)
def test_a_value_may_say_when_in_one_argument_more(
    address: str, args: tuple[object, ...], when: When
) -> None:
    player, listener = send((address, *args))
    assert listener.addresses() == ["/bridge/ack"]
    assert player.calls[0][3] == when
    assert len(player.calls[0][2]) == len(args) - 1  # type: ignore[arg-type]


@pytest.mark.parametrize("when", ["soon", 0, 1.5, ""])
def test_a_time_that_is_none_is_refused(when: object) -> None:
    player, listener = send(("/bridge/deck/1/gain", -6, when))
    assert player.calls == []
    assert "a bar number from 1" in str(listener.got[0][2])


def test_values_for_other_times_do_not_overrule_each_other() -> None:
    player, _ = send(
        ("/bridge/deck/1/gain", -6, 5), ("/bridge/deck/1/gain", -9, 6), ("/bridge/deck/1/gain", -3, 5)
    )
    assert [(call[2], call[3]) for call in player.calls] == [((-9.0,), When(bar=6)), ((-3.0,), When(bar=5))]


def test_addresses_come_and_go_with_the_decks() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        dispatcher.submit(listener, "/bridge/deck/3/gain")
        player.deck_count = 3
        dispatcher.submit(listener, "/bridge/deck/3/gain")
        dispatcher.submit(listener, "/bridge/deck/*/gain")

    _, listener = play(scene)
    assert listener.addresses() == [
        "/bridge/error", "/bridge/deck/3/gain", *(f"/bridge/deck/{n}/gain" for n in (1, 2, 3)),
    ]  # fmt: skip


def test_what_was_accepted_for_a_deck_that_has_gone_when_its_turn_comes_is_refused_by_name() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        for address, *args in [
            ("/bridge/decks", 1), ("/bridge/deck/2/gain", -6), ("/bridge/deck/2/gain",),
            ("/bridge/deck/2/state",), ("/bridge/deck/2/start",), ("/bridge/deck/2/gain/listen",),
        ]:  # fmt: skip
            dispatcher.submit(listener, str(address), tuple(args))
        player.deck_count = 1

    player, listener = play(scene)
    assert [call[0] for call in player.calls] == ["/bridge/decks"]
    assert listener.addresses() == ["/bridge/ack", *["/bridge/error"] * 5]
    assert all("decks are 1..1" in str(message[2]) for message in listener.got[1:])


def test_a_subscriber_hears_no_more_of_a_deck_that_has_gone() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        dispatcher.submit(listener, "/bridge/subscribe", (50,))
        await asyncio.sleep(0.01)
        assert "/bridge/deck/2/state" in listener.addresses()
        player.deck_count = 1
        listener.got.clear()
        dispatcher.notice(Notice("deck", "deck 2 stopped", 2))
        await asyncio.sleep(0.05)

    _, listener = play(scene)
    assert "/bridge/deck/1/state" in listener.addresses()
    assert not any("/deck/2/" in str(address) for address in listener.addresses())


@pytest.mark.parametrize("nothing", [(), (None,), (None, None)])
def test_nil_and_impulse_press_a_button(nothing: tuple[object, ...]) -> None:
    player, _ = send(("/bridge/deck/1/start", *nothing))
    assert [call[0] for call in player.calls] == ["/bridge/deck/{deck}/start"]


def test_launches_use_the_launch_quantum_their_own_or_a_bar() -> None:
    player, _ = send(
        ("/bridge/deck/1/start",),
        ("/bridge/quantum", "4M"),
        ("/bridge/deck/1/stop",),
        ("/bridge/deck/1/start", "now"),
        ("/bridge/deck/1/stop", 9.0),
    )
    whens = [call[3] for call in player.calls if call[0] != "/bridge/quantum"]
    assert whens == [
        When(Quantum.parse("1M")),
        When(Quantum.parse("4M")),
        When(Quantum.parse("now")),
        When(bar=9),
    ]


def test_a_commit_says_which_choice_and_perhaps_when() -> None:
    player, _ = send(
        ("/bridge/deck/1/choices", 3),
        ("/bridge/deck/1/commit", 2),
        ("/bridge/deck/1/commit", 2.0, "4M"),
        ("/bridge/deck/2/commit", 1, 17),
    )
    assert [call[1:] for call in player.calls] == [
        (1, (3, 4), When()),
        (1, (2,), When(Quantum.parse("1M"))),
        (1, (2,), When(Quantum.parse("4M"))),
        (2, (1,), When(bar=17)),
    ]
    assert not send(("/bridge/deck/1/commit",), ("/bridge/deck/1/commit", 5))[0].calls


def test_a_decks_quantum_rules_its_changes_but_not_its_gain() -> None:
    player, _ = send(
        ("/bridge/deck/1/quantum", "1M"), ("/bridge/deck/1/prompt", "piano"), ("/bridge/deck/1/gain", -3)
    )
    assert [call[3] for call in player.calls] == [When(), When(Quantum.parse("1M")), When()]


def test_a_flood_of_one_address_is_coalesced_to_its_last_value() -> None:
    player, listener = send(*[("/bridge/gain", -value / 100) for value in range(2000)])
    assert [call[2] for call in player.calls] == [(-19.99,)]
    assert listener.addresses() == ["/bridge/ack"]


def test_a_note_that_ends_as_soon_as_it_began_is_passed_on_however_many_there_are() -> None:
    silent, one, two = ((0.0,) * 12, (1.0, *(0.0,) * 11), (0.0, 0.8, *(0.0,) * 10))
    address = "/bridge/deck/1/melody"
    player, _ = send((address, *one), (address, *silent))
    assert [call[2] for call in player.calls] == [one, silent]
    player, _ = send(*((address, *values) for values in (one, silent, two, silent) * 200))
    assert [call[2] for call in player.calls] == [one, two, silent]


def test_values_are_not_coalesced_across_a_command() -> None:
    player, _ = send(("/bridge/tempo", 90), ("/bridge/deck/1/start",), ("/bridge/tempo", 100))
    assert [call[2] for call in player.calls] == [(90.0,), (), (100.0,)]


def test_a_bad_value_does_not_undo_the_good_one_before_it() -> None:
    player, listener = send(("/bridge/tempo", 90), ("/bridge/tempo", 900))
    assert player.values["/bridge/tempo", None] == (90.0,)
    assert sorted(map(str, listener.addresses())) == ["/bridge/ack", "/bridge/error"]


def test_a_steady_flood_costs_few_changes() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        for step in range(200):
            dispatcher.submit(listener, "/bridge/gain", (-step / 10,))
            await asyncio.sleep(0)

    player, _ = play(scene)
    assert len(player.calls) < 20
    assert player.calls[-1][2] == (-19.9,)


def test_too_many_waiting_commands_are_refused() -> None:
    player, listener = send(*[("/bridge/deck/1/start",)] * 9000)
    assert "/bridge/error" in listener.addresses()
    assert len(player.calls) <= 8192


def test_an_answer_that_fails_does_not_end_the_answering() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        class Deaf(Listener):
            def send(self, address: str, *args: object) -> None:
                raise RuntimeError("no line")

        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        dispatcher.submit(Deaf(), "/bridge/ping")
        await asyncio.sleep(0.02)
        dispatcher.submit(listener, "/bridge/ping")

    _, heard = play(scene)
    assert heard.addresses() == ["/bridge/pong"]


def test_error_replies_are_rationed() -> None:
    _, listener = send(*[("/bridge/x", n) for n in range(1000)])
    assert 100 <= len(listener.got) <= 120


def test_limiter_refills_with_time_and_forgets_old_senders() -> None:
    now = [0.0]
    limiter = ReplyLimiter(rate=50, burst=2, now=lambda: now[0])
    assert [limiter.allows("a") for _ in range(3)] == [True, True, False]
    assert limiter.allows("b")
    now[0] = 0.02
    assert [limiter.allows("a") for _ in range(2)] == [True, False]


def test_a_model_is_asked_for_by_name_and_line_and_its_coming_is_told() -> None:
    player, listener = send(("/bridge/model",), ("/bridge/model", "other", "4M"), ("/bridge/model/state",))
    assert ("/bridge/model", "mini") in listener.got
    assert ("/bridge/model/state", "none", "") in listener.got
    ((path, deck, args, when),) = player.calls
    assert (path, deck, args, when) == ("/bridge/model", None, ("other",), When(Quantum.parse("4M")))
    assert "/bridge/model/done" in listener.addresses()


def test_clip_results_come_back_to_the_sender() -> None:
    _, listener = send(("/bridge/clip/render", "piano", 4, 92), ("/bridge/clip/render", "", 4, 92))
    assert ("/bridge/clip/done", "/tmp/a.wav", 2.0) in listener.got
    assert ("/bridge/error", "/bridge/clip/render", "no prompt") in listener.got


def test_status_and_ping_answer_at_once() -> None:
    _, listener = send(("/bridge/status",), ("/bridge/ping",))
    assert listener.addresses() == [
        "/bridge/status",
        "/bridge/position",
        "/bridge/take/state",
        "/bridge/metrics",
        "/bridge/output",
        "/bridge/engine",
        "/bridge/clock/state",
        "/bridge/model/state",
        "/bridge/melody/state",
        *(
            f"/bridge/deck/{n}/{name}"
            for n in (1, 2)
            for name in ("state", "position", "next", "held", "heard", "choices/state")
        ),
        "/bridge/pong",
    ]


def test_a_subscriber_gets_the_state_at_its_rate_until_it_unsubscribes() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        dispatcher.submit(listener, "/bridge/subscribe", (50,))
        await asyncio.sleep(0.15)
        dispatcher.submit(listener, "/bridge/unsubscribe")
        await asyncio.sleep(0.02)
        count = len(listener.got)
        await asyncio.sleep(0.06)
        assert len(listener.got) == count
        assert len(dispatcher.subscriptions) == 0

    _, listener = play(scene)
    assert 3 <= listener.addresses().count("/bridge/position") <= 10


def test_subscribers_hear_of_notices_and_of_what_others_set() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        other = Listener()
        dispatcher.submit(listener, "/bridge/subscribe", (0.1,))
        dispatcher.submit(other, "/bridge/tempo", (90,))
        dispatcher.submit(listener, "/bridge/gain", (-1,))
        await asyncio.sleep(0.01)
        dispatcher.notice(Notice("deck", "deck 2 plays", 2))
        assert other.addresses() == ["/bridge/ack"]

    _, listener = play(scene)
    assert ("/bridge/tempo", 90.0) in listener.got
    assert ("/bridge/gain", -1.0) not in listener.got
    assert ("/bridge/notice", "deck", "deck 2 plays", 2) in listener.got
    assert listener.got[-6] == ("/bridge/deck/2/state", "stopped", 0.0, 0.0)
    assert listener.got[-3:] == [
        ("/bridge/deck/2/held", 0, 0.0),
        ("/bridge/deck/2/heard", *[0.0] * 12),
        ("/bridge/deck/2/choices/state", "none", 0, 0, 0, 0, 0, 0),
    ]


def test_the_sixty_fifth_subscriber_is_refused() -> None:
    async def scene(dispatcher: Dispatcher, player: FakePlayer, listener: Listener) -> None:
        for _ in range(64):
            dispatcher.submit(Listener(), "/bridge/subscribe", (0.1,))
        dispatcher.submit(listener, "/bridge/subscribe")
        await asyncio.sleep(0.01)
        assert len(dispatcher.subscriptions) == 64

    assert play(scene)[1].addresses() == ["/bridge/error"]


anything = st.one_of(st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=5), st.none())


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(ADDRESSES), st.text("/*?[]{}abc,!-", max_size=20)), st.lists(anything)
        ),
        max_size=10,
    )
)
def test_no_message_escapes_an_answer(messages: list[tuple[str, list[object]]]) -> None:
    _, listener = send(*[(address, *args) for address, args in messages])
    assert listener.got or all(address == "/bridge/unsubscribe" for address, _ in messages)
