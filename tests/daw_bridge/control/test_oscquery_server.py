from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.oscquery import server as server_module
from daw_bridge.control.oscquery import web_client
from daw_bridge.control.oscquery.server import OscQueryServer
from daw_bridge.control.packet import MAX_DATAGRAM, Message, decode, encode
from daw_bridge.control.port import listen
from tests.daw_bridge.fake_player import FakePlayer

HOST = "127.0.0.1"


class GrowingPlayer(FakePlayer):
    """The number of its decks can be set."""

    def get(self, path, deck):  # type: ignore[no-untyped-def]
        return (self.deck_count,) if path == "/bridge/decks" else super().get(path, deck)

    def set(self, path, deck, values, *more):  # type: ignore[no-untyped-def]
        if path == "/bridge/decks":
            self.deck_count = values[0]
        return super().set(path, deck, values, *more)


@dataclass
class Stage:
    player: FakePlayer
    dispatcher: Dispatcher
    server: OscQueryServer
    port: int
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.session.get(self.url + path, headers=headers) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json" and text
            return answer.status, json.loads(text) if is_json else text

    async def gone(self) -> None:
        """Until nobody is connected any more."""
        for _ in range(200):
            if not self.server.http.connections and not self.dispatcher.standing():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("somebody is still there")


@asynccontextmanager
async def stage(guard: Guard | None = None) -> AsyncIterator[Stage]:
    player = GrowingPlayer()
    dispatcher = Dispatcher(player)
    sock = listen(HOST, 0)
    serving = OscQueryServer(sock, Intake(dispatcher), guard or Guard(HOST), 7400)
    await serving.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        try:
            yield Stage(player, dispatcher, serving, sock.getsockname()[1], session)
        finally:
            serving.close()
            dispatcher.close()
            await asyncio.sleep(0.02)


def play(scene: Callable[[Stage], Coroutine[None, None, None]], guard: Guard | None = None) -> None:
    async def run() -> None:
        async with stage(guard) as on:
            await scene(on)

    asyncio.run(run())


async def frame(ws: Any) -> Any:
    """The next frame: OSC, or a notice."""
    message = await ws.receive(2)
    if message.type == aiohttp.WSMsgType.BINARY:
        return decode(message.data)[0]
    assert message.type == aiohttp.WSMsgType.TEXT, message
    return json.loads(message.data)


def command(name: str, data: object) -> str:
    return json.dumps({"COMMAND": name, "DATA": data})


def test_the_host_says_where_osc_is_spoken() -> None:
    async def scene(on: Stage) -> None:
        status, info = await on.get("/?HOST_INFO")
        assert status == 200
        assert (info["OSC_IP"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == (HOST, 7400, "UDP")
        assert (info["WS_IP"], info["WS_PORT"]) == (HOST, on.port)
        assert info["NAME"] == "daw-bridge"
        assert info["EXTENSIONS"]["LISTEN"] is True
        assert (await on.get("/bridge/tempo?HOST_INFO"))[1] == info

    play(scene)


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/bridge/tempo?VALUE", 200, {"VALUE": [120.0]}),
        ("/bridge/tempo?RANGE", 200, {"RANGE": [{"MIN": 40, "MAX": 240}]}),
        ("/bridge/tempo/?TYPE", 200, {"TYPE": "f"}),
        ("/bridge/deck/1/start?VALUE", 204, ""),
        ("/bridge?VALUE", 204, ""),
        ("/bridge/%74empo?ACCESS", 200, {"ACCESS": 3}),
    ],
)
def test_one_attribute_can_be_asked_for(path: str, status: int, content: object) -> None:
    async def scene(on: Stage) -> None:
        assert await on.get(path) == (status, content)

    play(scene)


@pytest.mark.parametrize(
    ("path", "status"), [("/bridge/nothing", 404), ("/bridge/deck/3", 404), ("/bridge/tempo?COLOUR", 400)]
)
def test_what_there_is_not_is_refused_with_a_reason(path: str, status: int) -> None:
    async def scene(on: Stage) -> None:
        found, content = await on.get(path)
        assert found == status
        assert len(content["error"]) > 10

    play(scene)


def test_the_whole_tree_follows_the_number_of_decks() -> None:
    async def scene(on: Stage) -> None:
        tree = (await on.get("/"))[1]
        assert tree["FULL_PATH"] == "/"
        assert list(tree["CONTENTS"]["bridge"]["CONTENTS"]["deck"]["CONTENTS"]) == ["1", "2"]
        on.player.deck_count = 3
        assert list((await on.get("/bridge/deck"))[1]["CONTENTS"]) == ["1", "2", "3"]

    play(scene)


def test_only_get_is_taken() -> None:
    async def scene(on: Stage) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            async with on.session.request(method, f"{on.url}/bridge/tempo", data=b"x" * 100) as answer:
                assert answer.status == 405
        async with on.session.head(f"{on.url}/bridge/tempo") as answer:
            assert answer.status == 200
        assert on.player.calls == []

    play(scene)


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example:7401"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_pages_of_others_get_nothing_and_open_no_websocket(headers: dict[str, str]) -> None:
    async def scene(on: Stage) -> None:
        assert (await on.get("/bridge/tempo", **headers))[0] == 403
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await on.session.ws_connect(on.url, headers=headers)
        assert not on.dispatcher.standing()

    play(scene)


def test_a_page_of_this_machine_may_read_the_answers() -> None:
    async def scene(on: Stage) -> None:
        origin = "http://localhost:3000"
        async with on.session.get(f"{on.url}/bridge/tempo", headers={"Origin": origin}) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == origin
        async with on.session.get(f"{on.url}/bridge/tempo") as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers

    play(scene)


def test_a_websocket_takes_and_gives_osc() -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws:
            await ws.send_bytes(encode("/bridge/tempo", [92]))
            assert (await frame(ws)).args[0] == "/bridge/tempo"
            await ws.send_bytes(encode("/bridge/tempo"))
            assert await frame(ws) == Message("/bridge/tempo", (92.0,))
            await ws.send_bytes(encode("/bridge/deck/1/mute", [True], switches=True))
            await frame(ws)
            await ws.send_bytes(encode("/bridge/deck/1/mute"))
            assert await frame(ws) == Message("/bridge/deck/1/mute", (True,))
            await ws.send_bytes(b"garbage")
            assert "not OSC" in (await frame(ws)).args[1]
        await on.gone()

    play(scene)


def test_listen_and_ignore() -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws, on.session.ws_connect(on.url) as other:
            for client in (ws, other):
                await client.send_str(command("LISTEN", "/bridge/tempo"))
                assert await frame(client) == Message("/bridge/tempo", (120.0,))
            await ws.send_str(command("IGNORE", "/bridge/tempo"))
            await asyncio.sleep(0.05)
            on.player.values["/bridge/tempo", None] = (90.0,)
            assert await frame(other) == Message("/bridge/tempo", (90.0,))
            await ws.send_bytes(encode("/bridge/ping"))
            assert (await frame(ws)).address == "/bridge/pong"
        await on.gone()

    play(scene)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", "[" * 5000, "{}", command("LISTEN", 3), command("LISTEN", None),
     command("DANCE", "/bridge/tempo"), command("LISTEN", "/bridge/nothing"),
     command("LISTEN", "/bridge/deck/1/start"), json.dumps({"COMMAND": ["LISTEN"], "DATA": "/bridge/tempo"})],
)  # fmt: skip
def test_a_bad_command_is_answered_by_an_error_and_the_socket_stays(text: str) -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws:
            await ws.send_str(text)
            assert (await frame(ws)).address == "/bridge/error"
            await ws.send_bytes(encode("/bridge/ping"))
            assert (await frame(ws)).address == "/bridge/pong"

    play(scene)


def test_a_frame_too_long_ends_the_socket_alone() -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws:
            await ws.send_bytes(b"x" * (MAX_DATAGRAM + 100))
            assert (await ws.receive(2)).type == aiohttp.WSMsgType.CLOSE
        assert (await on.get("/bridge/tempo"))[0] == 200

    play(scene)


def test_who_is_connected_is_told_when_decks_come_and_go() -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws, on.session.ws_connect(on.url) as other:
            await other.send_bytes(encode("/bridge/decks", [4]))
            told = [await frame(ws) for _ in range(3)]
            assert told == [
                {"COMMAND": "PATH_ADDED", "DATA": "/bridge/deck/3"},
                {"COMMAND": "PATH_ADDED", "DATA": "/bridge/deck/4"},
                {"COMMAND": "PATH_CHANGED", "DATA": "/bridge/deck"},
            ]
            on.player.deck_count = 3
            assert [await frame(ws) for _ in range(2)] == [
                {"COMMAND": "PATH_REMOVED", "DATA": "/bridge/deck/4"},
                {"COMMAND": "PATH_CHANGED", "DATA": "/bridge/deck"},
            ]
        await on.gone()

    play(scene)


def test_who_does_not_read_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(on: Stage) -> None:
        reader, writer = await asyncio.open_connection(HOST, on.port, limit=1024)
        writer.write(
            f"GET / HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        asks = encode("/bridge//*")
        masked = bytes([0x82, 0x80 | len(asks), 0, 0, 0, 0]) + asks
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(3000):
            writer.write(masked * 10)
            await asyncio.sleep(0.001)
            if not on.server.http.connections:
                break
        writer.close()
        await on.gone()

    monkeypatch.setattr(web_client, "MAX_QUEUED", 500)
    play(scene)
    assert "does not read its WebSocket" in caplog.text


def test_who_is_not_in_the_allow_list_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(on: Stage) -> None:
        with pytest.raises(aiohttp.ClientError):
            await on.get("/")
        assert not on.server.http.connections

    monkeypatch.setattr("daw_bridge.control.guard.is_this_machine", lambda host: False)
    play(scene, Guard("0.0.0.0", ["10.1.0.0/16"]))


def test_one_connection_too_many_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(on: Stage) -> None:
        async with on.session.ws_connect(on.url) as ws:
            with pytest.raises(aiohttp.ClientError):
                await on.get("/")
            await ws.send_bytes(encode("/bridge/ping"))
            assert (await frame(ws)).address == "/bridge/pong"

    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 1)
    play(scene)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00\x00\x10/bridge/ping\0\0\0\0",
        b"GET " + b"x" * 20000,
        b"\xff" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_http_disturbs_nobody(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(on: Stage) -> None:
        _, writer = await asyncio.open_connection(HOST, on.port)
        writer.write(garbage)
        await asyncio.sleep(0.05)
        assert (await on.get("/bridge/tempo?VALUE"))[0] == 200
        writer.close()

    play(scene)
    assert not caplog.records
