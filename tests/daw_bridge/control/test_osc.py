from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.osc import FAR_LEASE_S, LEASE_S, OscServer
from daw_bridge.control.packet import MAX_MESSAGES, Message, decode, encode, encode_bundle
from daw_bridge.control.pages import MAX_BYTES
from daw_bridge.control.port import AddressError, bind, port_holder
from daw_bridge.errors import PortInUseError
from tests.daw_bridge.control.test_pages import joined
from tests.daw_bridge.fake_player import FakePlayer


class Peer:
    """A client with its own socket on the loop."""

    def __init__(self, port: int) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.connect(("127.0.0.1", port))

    def send(self, address: str, *args: object) -> None:
        self.sock.send(encode(address, args))

    async def receive(self) -> Message:
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.sock, 65535), 2)
        return decode(data)[0]

    async def drain(self, seconds: float = 0.05) -> list[Message]:
        await asyncio.sleep(seconds)
        messages = []
        with suppress(BlockingIOError):
            while True:
                messages += decode(self.sock.recv(65535))
        return messages


@asynccontextmanager
async def daemon(**options: object) -> AsyncIterator[tuple[FakePlayer, Dispatcher, Peer]]:
    player = FakePlayer()
    sock = bind("127.0.0.1", 0)
    dispatcher = Dispatcher(player)
    server = OscServer(sock, dispatcher, **options)  # type: ignore[arg-type]
    await server.start()
    peer = Peer(sock.getsockname()[1])
    try:
        yield player, dispatcher, peer
    finally:
        peer.sock.close()
        server.close()
        dispatcher.close()
        await asyncio.sleep(0)


def test_a_message_is_carried_out_and_answered_to_its_sender() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            peer.send("/bridge/tempo", 92)
            assert (await peer.receive()).args[0] == "/bridge/tempo"
            peer.send("/bridge/tempo")
            assert await peer.receive() == Message("/bridge/tempo", (92.0,))
            assert player.calls[0][2] == (92.0,)

    asyncio.run(scene())


def test_garbage_is_answered_by_one_error_and_rationed() -> None:
    async def scene() -> None:
        async with daemon() as (_, _, peer):
            peer.sock.send(b"hello")
            assert (await peer.receive()).address == "/bridge/error"
            for _ in range(300):
                peer.sock.send(b"garbage")
                await asyncio.sleep(0)
            assert 90 <= len(await peer.drain()) <= 130
            peer.send("/bridge/ping")
            assert (await peer.receive()).address == "/bridge/pong"

    asyncio.run(scene())


def test_sixty_kilobytes_arrive_and_the_refusal_is_short() -> None:
    async def scene() -> None:
        async with daemon() as (_, _, peer):
            peer.send("/bridge/deck/1/prompt", "x" * 60000)
            data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer.sock, 65535), 2)
            assert len(data) < 1400
            assert b"60000" in data

    asyncio.run(scene())


def test_of_a_bundle_ahead_values_and_starts_are_planned_and_the_rest_waits_for_its_time() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            sent = time.time()
            messages = [("/bridge/tempo", 90), ("/bridge/deck/1/start",), ("/bridge/tempo", 80, "1M")]
            packed = [encode(address, args) for address, *args in messages]
            peer.sock.send(encode_bundle([*packed, encode("/bridge/ping")], sent + 0.2))
            assert [(await peer.receive()).address for _ in range(2)] == ["/bridge/ack"] * 2
            assert time.time() - sent < 0.15
            assert [call[0] for call in player.calls] == ["/bridge/tempo", "/bridge/deck/{deck}/start"]
            for call in player.calls:
                assert abs(call[3].at - sent - 0.2) < 1e-3  # type: ignore[attr-defined]
            assert (await peer.receive()).address == "/bridge/ack"
            assert (await peer.receive()).address == "/bridge/pong"
            assert 0.15 < time.time() - sent < 0.5

    asyncio.run(scene())


def test_late_and_immediate_bundles_are_taken_at_once_and_in_order() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            inner = encode_bundle([encode("/bridge/deck/1/start")])
            peer.sock.send(encode_bundle([encode("/bridge/tempo", [90]), inner], time.time() - 5))
            await peer.drain()
            assert [call[0] for call in player.calls] == ["/bridge/tempo", "/bridge/deck/{deck}/start"]

    asyncio.run(scene())


def test_a_bundle_ahead_with_all_the_messages_that_it_can_hold_does_not_stall_the_loop() -> None:
    """The time to sort out what waits grows with the number of messages, not with its square."""

    async def scene() -> float:
        sock = bind("127.0.0.1", 0)
        dispatcher = Dispatcher(FakePlayer())
        server = OscServer(sock, dispatcher)
        waits = [encode("/bridge/take/mark", [f"mark {number}"]) for number in range(MAX_MESSAGES)]
        packet = encode_bundle(waits, time.time() + 30.0)
        started = time.process_time()
        server.datagram_received(packet, ("127.0.0.1", 9))
        took = time.process_time() - started
        server.close()
        dispatcher.close()
        return took

    assert min(asyncio.run(scene()) for _ in range(3)) < 0.15


def test_a_bundle_too_far_ahead_is_refused() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            peer.sock.send(encode_bundle([encode("/bridge/tempo", [90])], time.time() + 3600))
            reply = await peer.receive()
            assert reply.address == "/bridge/error"
            assert "60 s" in str(reply.args[1])
            assert player.calls == []

    asyncio.run(scene())


def test_a_subscriber_whose_port_closes_is_dropped() -> None:
    async def scene() -> None:
        async with daemon() as (_, dispatcher, peer):
            gone = Peer(peer.sock.getpeername()[1])
            gone.send("/bridge/subscribe", 50)
            await gone.receive()
            peer.send("/bridge/subscribe", 50)
            await peer.receive()
            gone.sock.close()
            await asyncio.sleep(0.2)
            assert len(dispatcher.subscriptions) == 1
            assert len(await peer.drain()) > 5

    if hasattr(socket, "MSG_ERRQUEUE"):
        asyncio.run(scene())


def test_answers_go_to_the_reply_port_when_one_is_set() -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tablet:
            tablet.bind(("127.0.0.1", 0))
            tablet.setblocking(False)
            async with daemon(reply_port=tablet.getsockname()[1]) as (_, _, peer):
                peer.send("/bridge/ping")
                data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(tablet, 999), 2)
                assert decode(data)[0].address == "/bridge/pong"

    asyncio.run(scene())


def test_listening_and_subscriptions_go_to_the_reply_port_too() -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tablet:
            tablet.bind(("127.0.0.1", 0))
            tablet.setblocking(False)
            port = tablet.getsockname()[1]
            async with daemon(reply_port=port) as (_, dispatcher, peer):
                second = Peer(peer.sock.getpeername()[1])
                peer.send("/bridge/tempo/listen")
                second.send("/bridge/subscribe", 0.1)
                await asyncio.sleep(0.05)
                assert [client.port for client in dispatcher.standing()] == [port]  # type: ignore[attr-defined]
                peer.send("/bridge/tempo", 99)
                second.send("/bridge/unsubscribe")
                await asyncio.sleep(0.05)
                told = set()
                with suppress(BlockingIOError):
                    while True:
                        told.add(decode(tablet.recv(9999))[0].address)
                assert {"/bridge/tempo", "/bridge/ack", "/bridge/position"} <= told
                assert not await peer.drain() + await second.drain()
                second.sock.close()

    asyncio.run(scene())


def test_who_says_nothing_for_the_lease_is_forgotten_and_who_says_anything_is_not() -> None:
    async def scene() -> None:
        async with daemon(lease_s=0.2) as (_, dispatcher, peer):
            silent = Peer(peer.sock.getpeername()[1])
            for client in (peer, silent):
                client.send("/bridge/tempo/listen")
                client.send("/bridge/subscribe", 0.1)
            for _ in range(10):
                await asyncio.sleep(0.05)
                peer.send("/bridge/ping")
            port = peer.sock.getsockname()[1]
            assert [client.port for client in dispatcher.standing()] == [port]  # type: ignore[attr-defined]
            silent.send("/bridge/tempo/listen")
            await asyncio.sleep(0.05)
            assert len(dispatcher.standing()) == 2
            silent.sock.close()

    asyncio.run(scene())


def test_a_client_of_another_machine_has_a_lease_even_where_the_system_tells_of_closed_ports() -> None:
    """Its firewall may drop what would tell; a client of this machine keeps what it has."""

    async def scene() -> None:
        sock = bind("127.0.0.1", 0)
        dispatcher = Dispatcher(FakePlayer())
        server = OscServer(sock, dispatcher, allow=["192.0.2.0/24"], lease_s=None, far_lease_s=0.2)
        await server.start()
        here = Peer(sock.getsockname()[1])
        here.send("/bridge/tempo/listen")
        awake, silent = ("192.0.2.7", 9000), ("192.0.2.8", 9000)
        for address in (awake, silent):
            server.datagram_received(encode("/bridge/tempo/listen"), address)
        for _ in range(10):
            await asyncio.sleep(0.05)
            server.datagram_received(encode("/bridge/ping"), awake)
        left = {client.host for client in dispatcher.standing()}  # type: ignore[attr-defined]
        assert left == {awake[0], "127.0.0.1"}
        here.sock.close()
        server.close()
        dispatcher.close()

    asyncio.run(scene())


def test_a_lease_is_long_for_clients_of_other_machines_unless_options_say_otherwise() -> None:
    async def scene() -> None:
        dispatcher = Dispatcher(FakePlayer())
        server = OscServer(bind("127.0.0.1", 0), dispatcher)
        tells = hasattr(socket, "MSG_ERRQUEUE")
        assert server._lease_s == (None if tells else LEASE_S)
        assert server._far_lease_s == (FAR_LEASE_S if tells else LEASE_S)
        server.close()
        dispatcher.close()

    asyncio.run(scene())


def test_a_listener_whose_port_closes_is_dropped() -> None:
    async def scene() -> None:
        async with daemon() as (player, dispatcher, peer):
            gone = Peer(peer.sock.getpeername()[1])
            gone.send("/bridge/tempo/listen")
            await gone.receive()
            gone.sock.close()
            for tempo in (90.0, 91.0):
                player.values["/bridge/tempo", None] = (tempo,)
                await asyncio.sleep(0.15)
            assert not dispatcher.standing()

    if hasattr(socket, "MSG_ERRQUEUE"):
        asyncio.run(scene())


def test_long_values_come_in_pages_and_no_datagram_is_longer_than_it_may_be() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            prompts = ("é" * 900, 1.0, "x" * 1000, 0.5)
            player.values["/bridge/deck/{deck}/prompts", 1] = prompts
            peer.send("/bridge/deck/1/prompts")
            pages: list[Message] = []
            while not pages or len(pages) < int(pages[0].args[2]):  # type: ignore[call-overload]
                data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer.sock, 65535), 2)
                assert len(data) <= MAX_BYTES
                pages += decode(data)
            assert {page.address for page in pages} == {"/bridge/page"}
            assert joined(pages) == ("/bridge/deck/1/prompts", prompts)

    asyncio.run(scene())


def test_an_open_host_needs_an_allow_list() -> None:
    async def scene() -> None:
        sock = bind("0.0.0.0", 0)
        dispatcher = Dispatcher(FakePlayer())
        with pytest.raises(AddressError, match="allow="):
            OscServer(sock, dispatcher)
        with pytest.raises(AddressError, match="home"):
            OscServer(sock, dispatcher, allow=["home"])
        server = OscServer(sock, dispatcher, allow=["10.1.0.0/16"])
        assert server.guard.admits("10.1.2.3")
        assert server.guard.admits("127.0.0.1")
        assert not server.guard.admits("10.2.2.3")
        server.close()

    asyncio.run(scene())


def test_a_taken_port_names_its_holder() -> None:
    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)):
            bind("127.0.0.1", port)
        holder = port_holder(port)
        assert holder is None or "process" in holder
    assert port_holder(1) is None


def test_a_host_that_is_not_ours_is_an_address_error() -> None:
    with pytest.raises(AddressError):
        bind("192.0.2.77", 0)
    with pytest.raises(AddressError):
        bind("no such host.invalid", 0)


def test_two_thousand_messages_are_carried_out_in_a_fraction_of_a_second() -> None:
    async def scene() -> None:
        async with daemon() as (player, _, peer):
            started = time.process_time()
            for step in range(2000):
                peer.send("/bridge/deck/1/gain", -step / 100)
                if step % 20 == 0:
                    await asyncio.sleep(0)
            while player.get("/bridge/deck/{deck}/gain", 1)[0] != pytest.approx(-19.99):
                await asyncio.sleep(0.005)
                assert time.process_time() - started < 1.0
            assert time.process_time() - started < 1.0

    asyncio.run(scene())


@settings(max_examples=150)
@given(
    st.lists(st.one_of(st.binary(max_size=120), st.binary(max_size=80).map(lambda tail: b"/bridge/" + tail)))
)
def test_no_datagram_raises_or_stops_the_next(datagrams: list[bytes]) -> None:
    async def scene() -> None:
        sock = bind("127.0.0.1", 0)
        dispatcher = Dispatcher(FakePlayer())
        server = OscServer(sock, dispatcher)
        for data in datagrams:
            server.datagram_received(data, ("127.0.0.1", 9))
        server.datagram_received(encode("/bridge/tempo", [77]), ("127.0.0.1", 9))
        await asyncio.sleep(0.01)
        assert dispatcher.player.get("/bridge/tempo", None) == (77.0,)
        server.close()
        dispatcher.close()

    asyncio.run(scene())
