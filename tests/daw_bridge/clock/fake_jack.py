"""JACK-Client's module in the place of the real one: a server whose cycles a test's thread runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PERIOD_S = 0.005
RATE, PERIOD = 48000, 240


class FakeJackError(Exception):
    """In place of JACK-Client's."""


class FakeServer:
    """Asks the timebase master once a period, as a server does whose transport rolls.

    Attributes:
        look: called in the server's thread right before and right after the master is asked.
        told: what it answered, a period ahead: what `look` said before, the position, and after.
        master: the client that is it.
        clients: how many are open. registered: the clients' callbacks for ports that come.
        shut_downs: the clients' callbacks for its end.
        connections: names of the ports to which a port is connected.
        runs: whether a client can be opened. ending: it ends while one is activated.
    """

    def __init__(self) -> None:
        self.look: Callable[[], float] = lambda: 0.0
        self.told: list[tuple[float, SimpleNamespace, float]] = []
        self.master: FakeClient | None = None
        self.clients = 0
        self.registered: list[Callable[[Any, bool], None]] = []
        self.connections: dict[str, list[str]] = {}
        self.shut_downs: list[Callable[[object, str], None]] = []
        self.runs, self.ending = True, False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def register(self, name: str) -> None:
        """A port goes and comes back."""
        for registered in self.registered:
            registered(SimpleNamespace(name=name), False)
            registered(SimpleNamespace(name=name), True)

    def end(self) -> None:
        """Tell the clients that it has ended."""
        for shut_down in self.shut_downs:
            shut_down(None, "the server has been closed")

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S):
            master = self.master
            if master is not None and master.active:
                position, before = SimpleNamespace(frame=0, valid=0), self.look()
                master.fill(1, PERIOD, position, False)
                self.told.append((before, position, self.look()))


class FakeClient:
    """`jack.Client`, as far as it is needed."""

    samplerate = RATE
    frames_since_cycle_start = 0
    dead = False

    def __init__(self, server: FakeServer, name: str) -> None:
        self.server, self.name = server, name
        self.active = False
        self.fill: Any = None
        if not server.runs:
            raise FakeJackError("no server")
        server.clients += 1

    def set_port_registration_callback(self, registered: Callable[[Any, bool], None]) -> None:
        self.server.registered.append(registered)

    def set_timebase_callback(self, fill: Any, conditional: bool) -> bool:
        if conditional and self.server.master is not None:
            return False
        self.fill, self.server.master = fill, self
        return True

    def get_all_connections(self, name: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=other) for other in self.server.connections.get(name, [])]

    def set_shutdown_callback(self, shut_down: Callable[[object, str], None]) -> None:
        self.shut_down = shut_down
        self.server.shut_downs.append(shut_down)

    def release_timebase(self) -> None:
        # of a server that has ended the real one crashes
        assert not self.dead
        if self.server.master is not self:
            raise FakeJackError("not the master")
        self.server.master = None

    def activate(self) -> None:
        if self.server.ending:
            raise FakeJackError("the server has ended")
        self.active = True

    def deactivate(self) -> None:
        self.active = False

    def close(self) -> None:
        self.active = False
        self.server.clients -= 1


def install(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """Put a server that runs as a context manager in the place of JACK for a test."""
    server, fake = FakeServer(), ModuleType("jack")
    contents: dict[str, Any] = {
        "JackError": FakeJackError,
        "set_error_function": lambda function: None,
        "Client": lambda name, servername, no_start_server: FakeClient(server, name),
    }
    vars(fake).update(contents)
    monkeypatch.setitem(sys.modules, "jack", fake)
    return server
