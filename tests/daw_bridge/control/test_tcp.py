from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from daw_bridge.control import tcp
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.framing import Framing, LengthFraming, SlipFraming
from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.packet import Message, decode, encode, encode_bundle
from daw_bridge.control.port import listen
from daw_bridge.control.tcp import TcpServer
from tests.daw_bridge.fake_player import FakePlayer

HOST = "127.0.0.1"
FRAMINGS = [SlipFraming, LengthFraming]


class Peer:
    """A client with one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing) -> None:
        self.reader, self.writer, self.framing = reader, writer, framing
        self.got: list[Message] = []

    def send(self, address: str, *args: object) -> None:
        self.writer.write(self.framing.wrap(encode(address, args)))

    async def receive(self) -> Message:
        while not self.got:
            data = await asyncio.wait_for(self.reader.read(65536), 2)
            assert data, "the daemon has hung up"
            self.got += [message for packet in self.framing.feed(data) for message in decode(packet)]
        return self.got.pop(0)

    async def ended(self) -> bool:
        try:
            while await asyncio.wait_for(self.reader.read(65536), 2):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def server(guard: Guard | None = None) -> AsyncIterator[tuple[FakePlayer, Dispatcher, TcpServer, int]]:
    player = FakePlayer()
    sock = listen(HOST, 0)
    # what the system keeps for a client that does not read is soon full
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    dispatcher = Dispatcher(player)
    serving = TcpServer(sock, Intake(dispatcher), guard or Guard(HOST))
    await serving.start()
    try:
        yield player, dispatcher, serving, sock.getsockname()[1]
    finally:
        serving.close()
        dispatcher.close()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def peer(port: int, framing: type[Framing] = SlipFraming) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield Peer(reader, writer, framing())
    finally:
        writer.close()
        await asyncio.sleep(0)


async def emptied(serving: TcpServer) -> None:
    """Until nobody is connected any more."""
    for _ in range(200):
        if not serving.connections:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("somebody is still connected")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_it_is_the_same_instrument_as_over_udp(framing: type[Framing]) -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port, framing) as client:
            client.send("/bridge/tempo", 92)
            assert (await client.receive()).args[0] == "/bridge/tempo"
            client.send("/bridge/tempo")
            assert await client.receive() == Message("/bridge/tempo", (92.0,))
            client.send("/bridge/tempo", 500)
            assert "40..240" in str((await client.receive()).args[1])
            client.writer.write(client.framing.wrap(b"hello"))
            assert "not OSC" in str((await client.receive()).args[1])
            bundle = encode_bundle([encode("/bridge/gain", [-3]), encode("/bridge/gain", [-4, 9])])
            client.writer.write(client.framing.wrap(bundle))
            assert [(await client.receive()).address for _ in range(2)] == ["/bridge/ack"] * 2
            assert [call[2] for call in player.calls] == [(92.0,), (-3.0,), (-4.0,)]

    asyncio.run(scene())


def test_a_time_in_the_future_is_kept() -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port) as client:
            at = time.time() + 0.3
            client.writer.write(client.framing.wrap(encode_bundle([encode("/bridge/tempo", [90])], at)))
            await client.receive()
            assert abs(player.calls[0][3].at - at) < 1e-3  # type: ignore[attr-defined]

    asyncio.run(scene())


def test_long_values_come_whole() -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port) as client:
            prompts = ("x" * 1000, 1.0, "é" * 1000, 0.5)
            player.values["/bridge/deck/{deck}/prompts", 1] = prompts
            client.send("/bridge/deck/1/prompts")
            assert await client.receive() == Message("/bridge/deck/1/prompts", prompts)

    asyncio.run(scene())


def test_many_clients_listen_at_once_and_are_forgotten_when_they_hang_up() -> None:
    async def scene() -> None:
        async with server() as (_, dispatcher, serving, port):
            async with peer(port) as one, peer(port, LengthFraming) as other:
                for client in (one, other):
                    client.send("/bridge/tempo/listen")
                    client.send("/bridge/subscribe", 0.1)
                    assert await client.receive() == Message("/bridge/tempo", (120.0,))
                other.send("/bridge/tempo", 99)
                while (await one.receive()) != Message("/bridge/tempo", (99.0,)):
                    pass
                assert len(dispatcher.standing()) == 2
            await emptied(serving)
            assert not dispatcher.standing()

    asyncio.run(scene())


def test_who_listens_and_hangs_up_in_one_breath_leaves_nothing() -> None:
    async def scene() -> None:
        async with server() as (_, dispatcher, serving, port):
            for _ in range(5):
                async with peer(port) as client:
                    client.send("/bridge//*/listen")
                    client.send("/bridge/subscribe", 50)
            await emptied(serving)
            assert not dispatcher.standing()

    asyncio.run(scene())


@pytest.mark.parametrize("stream", [b"GET /bridge/tempo HTTP/1.1\r\n\r\n", b"\xff\xff", b"\x01\x00\x00\x00"])
def test_what_is_no_osc_is_hung_up_on_without_a_word(stream: bytes) -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port) as client:
            client.writer.write(stream)
            assert await client.ended()
            assert player.calls == []

    asyncio.run(scene())


def test_a_packet_too_long_is_answered_and_ends_the_connection_after_what_came_before() -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port, LengthFraming) as client:
            client.writer.write(client.framing.wrap(encode("/bridge/tempo", [77])) + b"\x7f\xff\xff\xff")
            answer = await client.receive()
            assert answer.address == "/bridge/error"
            assert "2147483647 bytes: at most 65535" in str(answer.args[1])
            assert await client.ended()
            assert [call[2] for call in player.calls] == [(77.0,)]

    asyncio.run(scene())


def test_who_has_said_all_is_still_answered_and_then_hung_up_on() -> None:
    async def scene() -> None:
        async with server() as (_, _, serving, port), peer(port) as client:
            client.send("/bridge/tempo", 99)
            client.writer.write_eof()
            assert (await client.receive()).args[0] == "/bridge/tempo"
            assert await client.ended()
            await emptied(serving)

    asyncio.run(scene())


def test_who_is_not_in_the_allow_list_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with server(Guard("0.0.0.0", ["10.1.0.0/16"])) as (player, _, _, port):
            async with peer(port) as client:
                client.send("/bridge/tempo", 90)
                assert await client.ended()
            assert player.calls == []

    monkeypatch.setattr("daw_bridge.control.guard.is_this_machine", lambda host: False)
    asyncio.run(scene())


def test_one_connection_too_many_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with server() as (_, _, _, port), peer(port) as first:
            first.send("/bridge/ping")
            await first.receive()
            async with peer(port) as second:
                assert await second.ended()
            first.send("/bridge/ping")
            assert (await first.receive()).address == "/bridge/pong"

    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 1)
    asyncio.run(scene())


def test_who_does_not_read_is_hung_up_on_and_blocks_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with server() as (_, _, serving, port), peer(port) as deaf, peer(port) as other:
            slowest = 0.0
            for _ in range(4000):
                for _ in range(5):
                    deaf.send("/bridge//*")
                began = time.monotonic()
                other.send("/bridge/ping")
                await other.receive()
                slowest = max(slowest, time.monotonic() - began)
                if len(serving.connections) == 1:
                    break
            assert len(serving.connections) == 1
            assert slowest < 1.0

    monkeypatch.setattr(tcp, "MAX_UNSENT", 100_000)
    asyncio.run(scene())
    assert "does not read its answers" in caplog.text


def test_a_flood_is_taken_in_slices_and_whole() -> None:
    async def scene() -> None:
        async with server() as (player, _, _, port), peer(port, LengthFraming) as client:
            packet = client.framing.wrap(encode("/bridge/deck/1/gain", [-1.0]))
            client.writer.write(packet * 20000 + client.framing.wrap(encode("/bridge/deck/1/gain", [-7.0])))
            began, turns = time.monotonic(), 0
            while player.values.get(("/bridge/deck/{deck}/gain", 1)) != (-7.0,):
                await asyncio.sleep(0)
                turns += 1
                assert time.monotonic() - began < 10
            assert turns > 100

    asyncio.run(scene())
