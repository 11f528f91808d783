"""The OSC ports under mutated packets, over UDP and TCP.

Nothing but error replies may come of them, and no state be changed by what was refused.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.results import Figure, Outcome
from benchmarks.soak.corpus import mutant, seeds
from benchmarks.soak.stream import Stream
from benchmarks.soak.watching import Progress, Stopped
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.intake import Intake
from daw_bridge.control.limiter import ReplyLimiter
from daw_bridge.control.osc import OscClient, OscServer
from daw_bridge.control.packet import decode
from daw_bridge.control.port import bind
from daw_bridge.decks.player import LivePlayer
from daw_bridge.decks.protocol import Ack, OnResult, When
from daw_bridge.errors import ClipError, DeviceError
from daw_bridge.parameters import AddressTable, Values, lookup
from tests.daw_bridge.decks.stage import stage

BATCH = 128
FLUSH_S = 0.006
CHECK_EVERY = 2000
THROUGH_TCP = 0.3
SENDER = ("127.0.0.1", 40000)
FAILED_INSIDE = "failed inside"


class Witness:
    """A player that remembers what it accepted; it renders no clips, which would fill the disk."""

    def __init__(self, player: LivePlayer) -> None:
        self._player = player
        self.accepted = 0
        self.out_of_range = 0
        self.state: dict[tuple[str, int | None], Values] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._player, name)

    def set(
        self, path: str, deck: int | None, values: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        if path in ("/bridge/clock", "/bridge/clock/out"):
            raise DeviceError("no other clocks here")
        ack = self._player.set(path, deck, values, when, on_result)
        self.accepted += 1
        self.out_of_range += lookup(path).coerce(values, path) != values
        self.state = self.snapshot()
        return ack

    def command(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult | None = None
    ) -> Ack:
        if path == "/bridge/clip/render" or path.endswith("/grab"):
            raise ClipError("no clips here")
        if path in ("/bridge/tap", "/bridge/preset", "/bridge/model"):
            raise DeviceError("nothing here that sets values later, by itself")
        ack = self._player.command(path, deck, args, when, on_result)
        self.accepted += 1
        self.state = self.snapshot()
        return ack

    def snapshot(self) -> dict[tuple[str, int | None], Values]:
        """The value of every parameter that has one."""
        return {
            (address.parameter.path, address.deck): self._player.get(address.parameter.path, address.deck)
            for address in AddressTable(self._player.deck_count)
            if address.parameter.kind == "value"
        }


class Collector(OscServer):
    """A server whose answers are counted instead of sent."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.answers: Counter[str] = Counter()
        self.inside: list[str] = []

    def send_to(self, client: OscClient, datagram: bytes) -> None:
        self.count(datagram)

    def count(self, packet: bytes) -> None:
        """Count an answer."""
        message = decode(packet)[0]
        self.answers[message.address] += 1
        if message.address == "/bridge/error" and FAILED_INSIDE in str(message.args[1]):
            self.inside.append(str(message.args))


class _Counting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def fuzz(datagrams: int, progress: Progress, seed: int = 7) -> Outcome:
    """Let a playing instrument with two decks take so many mutants of valid datagrams, as from its ports."""
    logged = _Counting()
    logging.getLogger().addHandler(logged)
    try:
        with tempfile.TemporaryDirectory() as folder:
            counts = asyncio.run(_fuzz(Path(folder), datagrams, progress, random.Random(seed), logged))
    finally:
        logging.getLogger().removeHandler(logged)
    return Outcome(
        "fuzz",
        [
            Figure("datagrams", counts["sent"], ""),
            Figure("error replies", counts["errors"], "", at_least=1),
            Figure("accepted: mutants that are valid", counts["accepted"], ""),
            Figure("accepted out of range", counts["out of range"], "", at_most=0),
            Figure("state changed by what was refused", counts["changed"], "", at_most=0),
            Figure("exceptions", counts["exceptions"], "", at_most=0, note="logged, or not caught"),
        ],
    )


async def _fuzz(
    folder: Path, count: int, progress: Progress, rng: random.Random, logged: _Counting
) -> dict[str, int]:
    loop, loose = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: loose.append(context))
    changed = 0
    async with stage(folder, record=None, decks=2) as on:
        witness = Witness(on.player)
        witness.state = witness.snapshot()
        dispatcher = Dispatcher(witness, ReplyLimiter(rate=1e9, burst=10**9))
        server = Collector(bind("127.0.0.1", 0), dispatcher)
        stream = Stream(Intake(dispatcher), server.count)
        await stream.start()
        corpus = seeds(2)
        sent = 0
        with suppress(Stopped):
            while sent < count:
                mutants = [mutant(corpus, rng) for _ in range(min(BATCH, count - sent))]
                if rng.random() < THROUGH_TCP:
                    await stream.send(mutants, rng)
                else:
                    for each in mutants:
                        loop.call_soon(server.datagram_received, each, SENDER)
                sent += len(mutants)
                await asyncio.sleep(FLUSH_S)
                if sent % CHECK_EVERY < BATCH:
                    await asyncio.sleep(2 * FLUSH_S)
                    changed += witness.snapshot() != witness.state
                    progress(sent / count)
        await asyncio.sleep(0.1)
        changed += witness.snapshot() != witness.state
        server.close()
        stream.close()
        dispatcher.close()
    faults = [*server.inside, *logged.lines, *(str(context) for context in loose)]
    for fault in faults[:5]:
        print(f"fuzz: {fault[:400]}")
    return {
        "sent": sent,
        "errors": server.answers["/bridge/error"],
        "accepted": witness.accepted,
        "out of range": witness.out_of_range,
        "changed": changed,
        "exceptions": len(faults),
    }
