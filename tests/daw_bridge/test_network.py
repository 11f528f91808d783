from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from daw_bridge.control import announce
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.port import bind, listen
from daw_bridge.decks.protocol import Notice
from daw_bridge.network import Network
from daw_bridge.presets import load
from tests.daw_bridge.fake_player import FakePlayer


def free_port() -> int:
    with listen("127.0.0.1", 0) as sock:
        return int(sock.getsockname()[1])


@asynccontextmanager
async def network(*words: str, host: str = "127.0.0.1") -> AsyncIterator[tuple[Network, list[Notice]]]:
    notices: list[Notice] = []
    dispatcher = Dispatcher(FakePlayer())
    serving = Network(load(None, words), bind(host, 0), dispatcher, notices.append)
    try:
        await serving.start()
        yield serving, notices
    finally:
        serving.close()
        dispatcher.close()
        await serving.closed()


async def get(port: int, path: str) -> object:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


class Recorded:
    """What would be announced."""

    made: ClassVar[list[Recorded]] = []

    def __init__(self, ports: Mapping[str, int], addresses: Sequence[str] = ()) -> None:
        self.ports, self.addresses, self.closed = dict(ports), tuple(addresses), False
        self.made.append(self)

    async def start(self) -> None:
        if self.addresses == ("127.0.0.2",):
            raise OSError("no multicast here")

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    Recorded.made = []
    monkeypatch.setattr(announce, "Announcement", Recorded)
    return Recorded.made


def test_oscquery_names_the_port_of_osc_and_the_ports_are_free_afterwards() -> None:
    async def scene() -> None:
        port = free_port()
        async with network(f"oscquery={port}") as (serving, notices):
            info = await get(port, "/?HOST_INFO")
            assert isinstance(info, dict)
            assert str(port) in serving.text
            assert not notices
        for each in (port, info["OSC_PORT"]):
            listen("127.0.0.1", each).close()
        bind("127.0.0.1", info["OSC_PORT"]).close()

    asyncio.run(scene())


def test_without_oscquery_there_is_no_port_and_aiohttp_is_not_needed() -> None:
    async def scene() -> None:
        async with network("oscquery=0") as (serving, notices):
            assert serving.query_port == 0
            assert "OSCQuery" not in serving.text
            assert not notices

    asyncio.run(scene())


def test_a_port_of_oscquery_that_is_taken_is_a_warning_that_names_the_option() -> None:
    async def scene() -> None:
        with listen("127.0.0.1", 0) as taken:
            port = taken.getsockname()[1]
            async with network(f"oscquery={port}") as (serving, notices):
                assert [notice.kind for notice in notices] == ["warning"]
                assert f"TCP port {port} is in use" in notices[0].text
                assert "oscquery=N" in notices[0].text
                assert serving.query_port == 0

    asyncio.run(scene())


def test_it_is_announced_only_where_others_can_reach_it_and_it_is_wanted(announced: list[Recorded]) -> None:
    async def scene() -> None:
        async with network("oscquery=0"):
            pass
        async with network("oscquery=0", "allow=10.0.0.0/8", "announce=0", host="0.0.0.0"):
            pass
        assert not announced
        async with network("oscquery=0", "allow=10.0.0.0/8", host="0.0.0.0"):
            await asyncio.sleep(0.05)
        (made,) = announced
        assert set(made.ports) == {announce.OSC_UDP, announce.OSC_TCP}
        assert made.addresses == ()
        assert made.closed

    asyncio.run(scene())


def test_a_failure_to_announce_is_a_warning(
    announced: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with network("oscquery=0", "tcp=0", host="127.0.0.2") as (_, notices):
            await asyncio.sleep(0.05)
            assert [notice.kind for notice in notices] == ["warning"]
            assert "no multicast here" in notices[0].text

    monkeypatch.setattr("daw_bridge.network.is_loopback", lambda host: False)
    asyncio.run(scene())


def test_a_stop_before_the_start_gives_the_ports_back() -> None:
    async def scene() -> None:
        port = free_port()
        sock = bind("127.0.0.1", 0)
        dispatcher = Dispatcher(FakePlayer())
        serving = Network(load(None, [f"oscquery={port}"]), sock, dispatcher, lambda notice: None)
        osc_port = sock.getsockname()[1]
        serving.close()
        await serving.closed()
        dispatcher.close()
        for each in (port, osc_port):
            listen("127.0.0.1", each).close()

    asyncio.run(scene())
