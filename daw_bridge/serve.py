"""The front process: OSC, player and signals, from the first bound port to the last closed one."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.osc import OscServer
from daw_bridge.control.port import bind, check_allow
from daw_bridge.decks.protocol import Notice, Player, PlayerOptions, When
from daw_bridge.errors import PresetError
from daw_bridge.options import Setup
from daw_bridge.parameters import Address, Values
from genmodels.errors import GenModelsError

log = logging.getLogger(__name__)

STOP_LIMIT_S = 1.9
CreatePlayer = Callable[[PlayerOptions, Callable[[Notice], None]], Player]


def run(setup: Setup) -> None:
    """Run the daemon until SIGINT or SIGTERM; returns when everything has ended.

    The port is bound before anything heavy is imported, so that a second daemon fails at once.

    Raises:
        PortInUseError, AddressError: the port cannot be had.
        ModelError: the model cannot be loaded.
        DeviceError: the named sound device cannot be found.
    """
    host = str(setup.options["host"])
    sock = bind(host, int(setup.options["port"]))
    try:
        check_allow(host, setup.allow)
        print(f"loading {setup.options['model']} ...", flush=True)
        from daw_bridge.decks.player import create_player

        asyncio.run(Daemon(setup, sock, create_player).run())
    finally:
        sock.close()


def _say(line: str, stream: TextIO | None = None) -> None:
    """Print a line; a terminal that has been closed must not end the music."""
    with suppress(OSError, ValueError):
        print(line, file=stream or sys.stdout, flush=True)


class Daemon:
    """Wires a player to its OSC port.

    Args:
        setup: what to start with.
        sock: bound socket; the daemon closes it.
        create_player: builds the player.
        say: takes the lines for people.
    """

    def __init__(
        self,
        setup: Setup,
        sock: socket.socket,
        create_player: CreatePlayer,
        say: Callable[[str], None] = _say,
    ) -> None:
        self._setup = setup
        self._sock = sock
        self._create_player = create_player
        self._say = say
        self._dispatcher: Dispatcher | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin to end: `run` returns soon."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop` or a signal."""
        with _signals_call(self._interrupted):
            await self._serve()

    async def _serve(self) -> None:
        player = self._create_player(self._setup.player_options(), self._notice)
        self._dispatcher = dispatcher = Dispatcher(player)
        server = OscServer(self._sock, dispatcher, self._setup.allow, int(self._setup.options["reply_port"]))
        try:
            if await self._unless_stopped(player.start()):
                self._apply(player)
                await server.start()
                self._say(self._ready_line(player))
                await self._stopping.wait()
        finally:
            server.close()
            dispatcher.close()
            await player.stop()

    async def _unless_stopped(self, starting: Coroutine[None, None, None]) -> bool:
        """Await the start; False when a stop came first."""
        start = asyncio.ensure_future(starting)
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if start.done():
            start.result()
            return not self._stopping.is_set()
        start.cancel()
        with suppress(asyncio.CancelledError):
            await start
        return False

    def _apply(self, player: Player) -> None:
        for address, values in self._setup.values:
            _set(player, address, values)
        if self._setup.options["start"]:
            for deck in range(1, player.deck_count + 1):
                player.command("/bridge/deck/{deck}/start", deck, (), When())

    def _ready_line(self, player: Player) -> str:
        status = player.status()
        host, port = self._sock.getsockname()[:2]
        return (
            f"ready on {host}:{port} (OSC over UDP): model {status.model} at {status.realtime_factor:.1f}x "
            f"real time, {status.device} at {status.sample_rate} Hz, latency {status.latency_s * 1000:.0f} ms"
        )

    def _notice(self, notice: Notice) -> None:
        if notice.kind in ("warning", "error"):
            _say(f"{notice.kind}: {notice.text}", sys.stderr)
        elif notice.kind == "info":
            self._say(notice.text)
        if self._dispatcher is not None:
            self._dispatcher.notice(notice)

    def _interrupted(self) -> None:
        if not self._stopping.is_set():
            self._say("stopping")
            _end_process_after(STOP_LIMIT_S)
        self.stop()


def _set(player: Player, address: Address, values: Values) -> None:
    try:
        player.set(address.parameter.path, address.deck, values, When())
    except GenModelsError as error:
        raise PresetError(f"{address.text} cannot be set: {error}") from error


@contextmanager
def _signals_call(handler: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM call a handler on the event loop while this is open."""
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(handler))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _end_process_after(seconds: float) -> None:
    """A guard against anything that hangs while ending."""

    def end() -> None:
        print(f"error: not ended after {seconds} s: giving up", file=sys.stderr, flush=True)
        os._exit(1)

    guard = threading.Timer(seconds, end)
    guard.daemon = True
    guard.start()
