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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from typing import Protocol, TextIO

from daw_bridge import __version__
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.port import bind, check_allow
from daw_bridge.decks.protocol import Notice, Player, PlayerOptions, Status, When
from daw_bridge.errors import PresetError
from daw_bridge.hands import Hands
from daw_bridge.log_file import log_file, note
from daw_bridge.network import Network
from daw_bridge.options import Setup
from daw_bridge.parameters import Address, Values
from daw_bridge.priority import spare_garbage, stay_in_memory, take_precedence
from genmodels.errors import GenModelsError

log = logging.getLogger(__name__)

STOP_LIMIT_S = 1.9
VIEW_EVERY_S = 0.25
METRICS_EVERY_S = 10.0
CreatePlayer = Callable[[PlayerOptions, Callable[[Notice], None]], Player]


class View(Protocol):
    """Who shows the state to people; a `daw_bridge.panel.Panel` is one."""

    def start(self) -> None:
        """The instrument is ready."""

    def show(self, status: Status) -> None:
        """The present state; a few times a second."""

    def stop(self) -> None:
        """The instrument ends."""


def run(setup: Setup, plain: bool = True) -> None:
    """Run the daemon until SIGINT or SIGTERM; returns when everything has ended.

    The port is bound before anything heavy is imported, so that a second daemon fails at once.

    Args:
        plain: no panel, even where standard output is a terminal.

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

        spare_garbage()
        take_precedence()
        stay_in_memory()
        with ExitStack() as stack:
            _open_log(stack, setup, sock)
            view = None if plain else _panel()
            asyncio.run(Daemon(setup, sock, create_player, view=view).run())
    finally:
        sock.close()


def _open_log(stack: ExitStack, setup: Setup, sock: socket.socket) -> None:
    port = sock.getsockname()[1]
    try:
        stack.enter_context(log_file(setup.player_options().data, f"daw-bridge-{port}"))
    except OSError as error:
        _say(f"warning: no log is written: {error}", sys.stderr)
    note("starting", version=__version__, pid=os.getpid(), options=dict(setup.options))


def _panel() -> View | None:
    """A panel where standard output is a terminal that can show one."""
    from rich.console import Console

    from daw_bridge.panel import Panel

    console = Console()
    return Panel(console) if console.is_terminal and not console.is_dumb_terminal else None


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
        view: shows the state to people.
    """

    def __init__(
        self,
        setup: Setup,
        sock: socket.socket,
        create_player: CreatePlayer,
        say: Callable[[str], None] = _say,
        view: View | None = None,
    ) -> None:
        self._setup = setup
        self._sock = sock
        self._create_player = create_player
        self._say = say
        self._view = view
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
        network = Network(self._setup, self._sock, dispatcher, self._notice)
        hands = Hands(self._setup, dispatcher, self._notice)
        try:
            if await self._unless_stopped(player.start()):
                self._apply(player)
                hands.start()
                await network.start()
                spare_garbage(collect=False)
                self._say(self._ready_line(player, network))
                note(self._ready_line(player, network))
                await self._show(player)
        finally:
            note("stopping", metrics=asdict(player.status().metrics))
            network.close()
            hands.close()
            dispatcher.close()
            await asyncio.gather(network.closed(), player.stop())

    async def _show(self, player: Player) -> None:
        """Until it ends, show the state and put its figures down."""
        view, loop = self._view, asyncio.get_running_loop()
        if view is not None:
            view.start()
        due = loop.time()
        try:
            while not self._stopping.is_set():
                status = player.status()
                if view is not None and not _shown(view, status):
                    view = None
                if loop.time() >= due:
                    due = loop.time() + METRICS_EVERY_S
                    note("metrics", **asdict(status.metrics), bar=status.bar, tempo=status.tempo)
                with suppress(TimeoutError, asyncio.TimeoutError):
                    wait = VIEW_EVERY_S if view is not None else METRICS_EVERY_S
                    await asyncio.wait_for(self._stopping.wait(), wait)
        finally:
            if view is not None:
                view.stop()

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

    def _ready_line(self, player: Player, network: Network) -> str:
        status = player.status()
        host, port = self._sock.getsockname()[:2]
        return (
            f"ready on {host}:{port} ({network.text}): model {status.model} at {status.realtime_factor:.1f}x "
            f"real time, {status.device} at {status.sample_rate} Hz, latency {status.latency_s * 1000:.0f} ms"
        )

    def _notice(self, notice: Notice) -> None:
        note(notice.text, kind=notice.kind, deck=notice.deck)
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


def _shown(view: View, status: Status) -> bool:
    """Show a state; a view that fails is taken away, and the music goes on."""
    try:
        view.show(status)
    except Exception:
        view.stop()
        log.exception("the panel cannot be drawn")
        return False
    return True


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
