"""Hosts' ways in: listeners, TCP, OSCQuery, the reply port, with liblo, Pure Data, python-osc and aiohttp."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_tcp_server import MODE_1_0, MODE_1_1
from pythonosc.tcp_client import SimpleTCPClient

from tests.rig.conftest import Rig
from tests.rig.daemon import Daemon
from tests.rig.jack_server import JackServer
from tests.rig.osc import OscClient, encode
from tests.rig.pure_data import PureData
from tests.rig.recorder import Recorder

pytestmark = pytest.mark.rig


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


QUERY_PORT = free_port(socket.SOCK_STREAM)
URL = f"http://127.0.0.1:{QUERY_PORT}"


@pytest.fixture(scope="module")
def running(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """As the rig's, with OSCQuery."""
    data = tmp_path_factory.mktemp("data")
    with (
        Daemon(f"data={data}", f"oscquery={QUERY_PORT}", env=jack_server.env) as daemon,
        Recorder(jack_server.name) as recorder,
        OscClient(daemon.port) as client,
    ):
        recorder.connect()
        yield Rig(jack_server, daemon, recorder, client)


def oscsend(url: str, *message: str) -> None:
    subprocess.run(["oscsend", url, *message], check=True, timeout=10)


def received(client: SimpleTCPClient, wanted: str, timeout: float = 5.0) -> OscMessage:
    """The first message with an address."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for data in client.receive(timeout=0.5):
            message = OscMessage(data)
            if message.address == wanted:
                return message
    raise TimeoutError(f"no {wanted} within {timeout} s")


def test_oscsend_plays_over_tcp(rig: Rig) -> None:
    url = f"osc.tcp://127.0.0.1:{rig.daemon.port}/"
    oscsend(url, "/bridge/tempo", "f", "94")
    oscsend(url, "/bridge/deck/1/prompt", "s", "warm lo-fi piano")
    oscsend(url, "/bridge/deck/1/start", "s", "now")
    rig.recorder.wait_for_sound(timeout=6.0)
    assert rig.client.ask("/bridge/tempo").values[0] == pytest.approx(94.0)


@pytest.mark.parametrize("mode", [MODE_1_0, MODE_1_1])
def test_python_osc_listens_over_tcp_in_either_framing(rig: Rig, mode: str) -> None:
    with SimpleTCPClient("127.0.0.1", rig.daemon.port, mode=mode) as client:  # type: ignore[no-untyped-call]
        client.send_message("/bridge/deck/1/guidance/listen", [])
        first = received(client, "/bridge/deck/1/guidance").params[0]
        rig.client.ask("/bridge/deck/1/guidance", 5.5 if first != 5.5 else 4.5)
        assert received(client, "/bridge/deck/1/guidance").params[0] != first
        client.send_message("/bridge/deck/1/guidance", 99.0)
        assert "0..10" in str(received(client, "/bridge/error").params[1])


def test_pure_data_hears_what_another_client_sets(rig: Rig) -> None:
    rig.client.ask("/bridge/tempo", 100.0)
    with PureData(f"connect {rig.daemon.port}", "listen bang") as pure_data:
        pure_data.wait_for("bridge tempo 100")
        rig.client.ask("/bridge/tempo", 107.0)
        pure_data.wait_for("bridge tempo 107")
        oscsend(f"osc.tcp://127.0.0.1:{rig.daemon.port}/", "/bridge/tempo", "f", "96")
        pure_data.wait_for("bridge tempo 96")


def test_a_browser_of_oscquery_finds_everything_plays_and_sees_it_sound(rig: Rig) -> None:
    async def frames(ws: aiohttp.ClientWebSocketResponse[Any], address: str) -> tuple[Any, ...]:
        """Values of the next frame of an address."""
        while True:
            message = await ws.receive(5)
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            if message.type == aiohttp.WSMsgType.BINARY:
                found = OscMessage(message.data)
                if found.address == address:
                    return tuple(found.params)

    async def browse() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
            async with session.get(f"{URL}/?HOST_INFO") as answer:
                info = await answer.json()
            assert info["OSC_PORT"] == rig.daemon.port
            async with session.get(f"{URL}/") as answer:
                deck = (await answer.json())["CONTENTS"]["bridge"]["CONTENTS"]["deck"]["CONTENTS"]["1"]
            assert deck["CONTENTS"]["state"]["VALUE"][0] == "stopped"
            async with session.ws_connect(f"http://{info['WS_IP']}:{info['WS_PORT']}") as ws:
                for name in ("state", "gain"):
                    path = deck["CONTENTS"][name]["FULL_PATH"]
                    await ws.send_str(json.dumps({"COMMAND": "LISTEN", "DATA": path}))
                assert (await frames(ws, "/bridge/deck/1/state"))[0] == "stopped"
                await ws.send_bytes(encode("/bridge/deck/1/start", "now"))
                while (await frames(ws, "/bridge/deck/1/state"))[0] != "playing":
                    pass
                rig.client.send("/bridge/deck/1/gain", -3.0)
                while (await frames(ws, "/bridge/deck/1/gain")) != (-3.0,):
                    pass
            async with session.get(f"{URL}/bridge/deck/1/gain?VALUE") as answer:
                assert await answer.json() == {"VALUE": [-3.0]}

    asyncio.run(browse())
    rig.recorder.wait_for_sound(timeout=6.0)
    rig.client.ask("/bridge/deck/1/gain", 0.0)


def test_oscdump_hears_at_the_fixed_reply_port_what_oscsend_listens_to(
    jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    dump = subprocess.Popen(
        ["oscdump", "-L", str(port)], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    data = tmp_path_factory.mktemp("data")
    try:
        with Daemon(f"data={data}", "device=null", f"reply_port={port}", env=jack_server.env) as daemon:
            url = f"osc.udp://127.0.0.1:{daemon.port}/"
            oscsend(url, "/bridge/tempo/listen")
            oscsend(url, "/bridge/subscribe", "f", "0.1")
            oscsend(url, "/bridge/tempo", "f", "88")
            oscsend(f"osc.tcp://127.0.0.1:{daemon.port}/", "/bridge/tempo", "f", "77")
            time.sleep(0.5)
    finally:
        dump.terminate()
        heard = dump.communicate(timeout=5)[0]
    lines = [line.partition(" ")[2] for line in heard.splitlines()]
    assert any(line.startswith("/bridge/tempo f 120") for line in lines)
    assert any(line.startswith("/bridge/tempo f 77") for line in lines)
    assert any(line.startswith('/bridge/ack sffi "/bridge/tempo"') for line in lines)
    assert any(line.startswith("/bridge/position ") for line in lines)


def test_a_crowd_of_listeners_that_do_not_read_does_not_disturb_the_music(rig: Rig) -> None:
    rig.client.ask("/bridge/deck/1/start", "now")
    rig.recorder.wait_for_sound(timeout=6.0)
    crowd = [socket.create_connection(("127.0.0.1", rig.daemon.port)) for _ in range(8)]
    message = encode("/bridge//*/listen")
    for sock in crowd:
        sock.sendall(len(message).to_bytes(4, "big") + message)
    start = rig.recorder.now()
    time.sleep(3)
    assert rig.client.ask("/bridge/tempo").address == "/bridge/tempo"
    heard = rig.recorder.take(start, rig.recorder.now() - rig.recorder.rate // 10)
    for sock in crowd:
        sock.close()
    assert abs(heard.samples).max() > 0.001
