from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable

import pytest

from daw_bridge.control.framing import LengthFraming
from daw_bridge.control.packet import decode, encode
from daw_bridge.control.port import bind, listen
from daw_bridge.decks.protocol import Notice, PlayerOptions, Status
from daw_bridge.errors import ModelError
from daw_bridge.presets import load
from daw_bridge.serve import Daemon
from tests.daw_bridge.fake_player import FakePlayer


class Stage:
    """A daemon around a fake player, on a port of its own."""

    def __init__(self, *words: str) -> None:
        words = ("oscquery=0", *words)
        self.sock = bind("127.0.0.1", 0)
        self.port = self.sock.getsockname()[1]
        self.lines: list[str] = []
        self.daemon = Daemon(load("lofi", words), self.sock, self._create, self.lines.append)

    def _create(self, options: PlayerOptions, on_notice: Callable[[Notice], None]) -> FakePlayer:
        self.player = FakePlayer(options, on_notice, deck_count=options.decks)
        return self.player

    async def ready(self) -> None:
        while not any(line.startswith("ready") for line in self.lines):
            await asyncio.sleep(0.005)


def test_it_says_where_it_is_ready_applies_the_preset_and_leaves_nothing() -> None:
    async def scene() -> None:
        stage = Stage("deck.1.gain=-6", "start=true")
        serving = asyncio.create_task(stage.daemon.run())
        await asyncio.wait_for(stage.ready(), 2)
        assert f"127.0.0.1:{stage.port}" in stage.lines[-1]
        assert all(word in stage.lines[-1] for word in ("mini", "3.5x", "null clock", "10 ms"))
        assert stage.player.values["/bridge/deck/{deck}/gain", 1] == (-6.0,)
        assert stage.player.calls[-1][0] == "/bridge/deck/{deck}/start"
        stage.daemon.stop()
        await asyncio.wait_for(serving, 2)
        assert not stage.player.running
        bind("127.0.0.1", stage.port).close()

    asyncio.run(scene())


def test_osc_over_tcp_is_on_the_same_port_unless_it_is_taken_or_not_wanted() -> None:
    async def scene(words: tuple[str, ...], taken: bool) -> bool:
        stage = Stage(*words)
        other = listen("127.0.0.1", stage.port) if taken else None
        serving = asyncio.create_task(stage.daemon.run())
        await asyncio.wait_for(stage.ready(), 2)
        answers = False
        if not taken:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
                writer.write(LengthFraming().wrap(encode("/bridge/ping")))
                answers = b"/bridge/pong" in await asyncio.wait_for(reader.read(100), 2)
                writer.close()
            except ConnectionRefusedError:
                pass
        assert ("TCP" in stage.lines[-1]) == answers
        stage.daemon.stop()
        await asyncio.wait_for(serving, 2)
        if other is not None:
            other.close()
        listen("127.0.0.1", stage.port).close()
        return answers

    assert asyncio.run(scene((), False))
    assert not asyncio.run(scene(("tcp=0",), False))
    assert not asyncio.run(scene((), True))


def test_messages_sent_while_the_model_loads_are_carried_out_afterwards() -> None:
    async def scene() -> None:
        stage = Stage()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.connect(("127.0.0.1", stage.port))
            peer.setblocking(False)
            peer.send(encode("/bridge/tempo", [99]))
            serving = asyncio.create_task(stage.daemon.run())
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer, 999), 2)
            assert decode(answer)[0].args[0] == "/bridge/tempo"
            stage.player.on_notice(Notice("info", "the null clock runs"))
            assert stage.lines[-1] == "the null clock runs"
            stage.daemon.stop()
            await serving

    asyncio.run(scene())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_old_handler_returns(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daw_bridge.serve._end_process_after", lambda seconds: None)
    before = signal.getsignal(number)

    async def scene() -> None:
        stage = Stage()
        serving = asyncio.create_task(stage.daemon.run())
        await asyncio.wait_for(stage.ready(), 2)
        os.kill(os.getpid(), number)
        await asyncio.wait_for(serving, 2)
        assert stage.lines[-1] == "stopping"

    asyncio.run(scene())
    assert signal.getsignal(number) == before


def test_a_model_that_cannot_be_loaded_ends_it_with_that_error_and_a_free_port() -> None:
    async def scene() -> None:
        stage = Stage("model=absent")
        with pytest.raises(ModelError, match="absent"):
            await stage.daemon.run()
        bind("127.0.0.1", stage.port).close()

    asyncio.run(scene())


def test_a_stop_while_loading_ends_at_once() -> None:
    async def scene() -> None:
        stage = Stage()
        serving = asyncio.create_task(stage.daemon.run())
        stage.daemon.stop()
        await asyncio.wait_for(serving, 2)
        assert stage.lines == []

    asyncio.run(scene())


class Wall:
    """A view that remembers, and fails when told to."""

    def __init__(self, fails: bool = False) -> None:
        self.seen: list[str] = []
        self._fails = fails

    def start(self) -> None:
        self.seen.append("start")

    def show(self, status: Status) -> None:
        self.seen.append(status.engine)
        if self._fails:
            raise RuntimeError("no paint")

    def stop(self) -> None:
        self.seen.append("stop")


@pytest.mark.parametrize("fails", [False, True])
def test_a_view_is_shown_the_state_until_the_end_and_its_failure_ends_nothing(
    fails: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daw_bridge.serve.VIEW_EVERY_S", 0.01)
    monkeypatch.setattr("daw_bridge.serve.METRICS_EVERY_S", 0.01)
    wall = Wall(fails)

    async def scene() -> None:
        stage = Stage()
        stage.daemon = Daemon(
            load("lofi", ["oscquery=0"]), stage.sock, stage._create, stage.lines.append, wall
        )
        serving = asyncio.create_task(stage.daemon.run())
        await asyncio.wait_for(stage.ready(), 2)
        await asyncio.sleep(0.1)
        assert not serving.done()
        stage.daemon.stop()
        await asyncio.wait_for(serving, 2)

    asyncio.run(scene())
    assert wall.seen[0] == "start"
    assert wall.seen[-1] == "stop"
    assert wall.seen.count("ready") == 1 if fails else wall.seen.count("ready") > 2
    assert ("no paint" in caplog.text) == fails
