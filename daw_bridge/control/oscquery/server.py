"""OSCQuery: the parameter table as a JSON tree over HTTP, and OSC over WebSocket."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from daw_bridge.control.guard import Guard
from daw_bridge.control.intake import Intake
from daw_bridge.control.listeners import LISTEN, UNLISTEN
from daw_bridge.control.oscquery.origin import is_own_host, is_own_origin
from daw_bridge.control.oscquery.tree import ATTRIBUTES, Node, describe
from daw_bridge.control.oscquery.web_client import WebClient
from daw_bridge.control.packet import MAX_DATAGRAM
from daw_bridge.errors import BridgeError

log = logging.getLogger(__name__)
_http_log = log.getChild("http")
_http_log.addFilter(lambda record: not _is_their_fault(record))

MAX_CONNECTIONS = 64
IDLE_S = 75.0
HEARTBEAT_S = 20.0
SLICE = 64
HOST_INFO = "HOST_INFO"
NAME = "daw-bridge"
DECKS = "/bridge/decks"
DECK = "/bridge/deck"
_COMMANDS = {"LISTEN": LISTEN, "IGNORE": UNLISTEN}
_NOTICES = ("PATH_ADDED", "PATH_REMOVED", "PATH_CHANGED")
_EXTENSIONS = dict.fromkeys((*ATTRIBUTES[2:], "LISTEN", *_NOTICES), True)


class OscQueryServer:
    """Answers GET of an address (``/`` is all) with its node, of ``ADDRESS?ATTRIBUTE`` with that attribute,
    and of ``?HOST_INFO`` with where OSC is spoken; a WebSocket, opened at any address, takes and gives OSC.

    Status codes: 204 for an attribute that the node does not have, 400 for one that there is not, 403 for web
    pages of others, 404 for an unknown address, 405 for anything but GET.

    Args:
        sock: from `daw_bridge.control.port.listen`; closed by `close`.
        intake: takes the packets of WebSockets.
        guard: says who may play; others are hung up on.
        osc_port: port of OSC over UDP.
    """

    def __init__(self, sock: socket.socket, intake: Intake, guard: Guard, osc_port: int) -> None:
        self.guard = guard
        self._sock = sock
        self._intake = intake
        self._dispatcher = intake.dispatcher
        self._osc_port = osc_port
        self._clients: set[WebClient] = set()
        self._decks = 0
        self.http = web.Server(
            self._answer, access_log=None, logger=_http_log, keepalive_timeout=IDLE_S, lingering_time=0
        )
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to take connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Gate(self), sock=self._sock)

    def close(self) -> None:
        """Hang up on everybody and give the port back."""
        if self._server is not None:
            self._server.close()
        self._sock.close()
        for client in self._clients:
            client.close()
        for connection in self.http.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def send(self, address: str, *args: float | int | str) -> None:
        """As a listener to the number of decks: tell who is connected that paths have come or gone."""
        before, self._decks = self._decks, self._dispatcher.player.deck_count
        added, removed = range(before + 1, self._decks + 1), range(self._decks + 1, before + 1)
        for client in list(self._clients):
            for numbers, command in ((added, "PATH_ADDED"), (removed, "PATH_REMOVED")):
                for number in numbers:
                    client.tell(command, f"{DECK}/{number}")
            if added or removed:
                client.tell("PATH_CHANGED", DECK)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        host, origin = request.headers.get("Host"), request.headers.get("Origin")
        if not (is_own_host(host) and is_own_origin(origin, host)):
            log.warning("a request for host %.80r from a page of %.80r is refused", host, origin)
            return web.Response(status=403, text="this page may not play the instrument\n")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        status, content = self._look_up(request)
        text = None if content is None else json.dumps(content, ensure_ascii=False, allow_nan=False)
        answer = web.Response(status=status, text=text, content_type="application/json")
        answer.headers["Cache-Control"] = "no-store"
        if origin is not None:
            answer.headers["Access-Control-Allow-Origin"] = origin
        return answer

    def _look_up(self, request: web.BaseRequest) -> tuple[int, Node | None]:
        """Status code and content."""
        attribute = unquote(request.query_string.partition("&")[0].partition("=")[0])
        if attribute == HOST_INFO:
            return 200, self._host_info(request)
        if attribute and attribute not in ATTRIBUTES:
            return 400, {"error": f"{attribute[:80]}: known are {HOST_INFO}, {', '.join(ATTRIBUTES)}"}
        path = f"/{request.path.strip('/')}"
        node = describe(self._dispatcher.player, self._dispatcher.table, path)
        if node is None:
            return 404, {"error": f"{path[:80]}: no such address"}
        if not attribute:
            return 200, node
        return (200, {attribute: node[attribute]}) if attribute in node else (204, None)

    def _host_info(self, request: web.BaseRequest) -> Node:
        assert request.transport is not None
        address, port = request.transport.get_extra_info("sockname")[:2]
        return {
            "NAME": NAME,
            "EXTENSIONS": _EXTENSIONS,
            "OSC_IP": address,
            "OSC_PORT": self._osc_port,
            "OSC_TRANSPORT": "UDP",
            "WS_IP": address,
            "WS_PORT": port,
        }

    async def _converse(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve a WebSocket until it ends."""
        ws = web.WebSocketResponse(max_msg_size=MAX_DATAGRAM, heartbeat=HEARTBEAT_S, compress=False)
        if not ws.can_prepare(request).ok:
            return web.Response(status=400, text="not a WebSocket\n")
        await ws.prepare(request)
        transport = request.transport
        assert transport is not None
        client = WebClient(ws, str(request.remote), transport.abort)
        self._join(client)
        try:
            count = 0
            async for message in ws:
                self._take(client, message.type, message.data)
                count += 1
                if not count % SLICE:
                    await asyncio.sleep(0)
        finally:
            self._leave(client)
        return ws

    def _take(self, client: WebClient, kind: WSMsgType, data: Any) -> None:
        if kind == WSMsgType.BINARY:
            self._intake.take(client, data)
        elif kind == WSMsgType.TEXT:
            try:
                command = json.loads(data)
                address = command["DATA"] + _COMMANDS[command["COMMAND"]]
            except (ValueError, TypeError, KeyError, RecursionError):
                known = " or ".join(_COMMANDS)
                self._dispatcher.refuse(client, "websocket", f"not a COMMAND {known} with an address as DATA")
                return
            self._dispatcher.submit(client, address)

    def _join(self, client: WebClient) -> None:
        if not self._clients:
            self._decks = self._dispatcher.player.deck_count
            with suppress(BridgeError):
                self._dispatcher.listeners.add(self, self._dispatcher.table.lookup(DECKS))
        self._clients.add(client)

    def _leave(self, client: WebClient) -> None:
        client.close()
        self._clients.discard(client)
        self._dispatcher.forget(client)
        if not self._clients:
            self._dispatcher.forget(self)


def _is_their_fault(record: logging.LogRecord) -> bool:
    """Whether a record is of a request that is no HTTP: it is answered, and no concern of who plays."""
    return record.exc_info is not None and isinstance(record.exc_info[1], HttpProcessingError)


class Gate(asyncio.Protocol):
    """Looks at who knocks before HTTP is spoken."""

    def __init__(self, server: OscQueryServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        http = self._server.http
        if not peer or not self._server.guard.admits(peer[0]):
            transport.abort()
        elif len(http.connections) >= MAX_CONNECTIONS:
            log.warning("%s is hung up on: there are %d connections already", peer[0], MAX_CONNECTIONS)
            transport.abort()
        else:
            handler = http()
            transport.set_protocol(handler)
            handler.connection_made(transport)
