"""Mutated packets for the OSC ports of an instrument that plays a fake model, in one process with it.

They enter where datagrams arrive, three in ten through TCP sockets. Nothing but error replies may come of
them, and no state be changed by what was refused.
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

import mido

from benchmarks.results import Figure, Outcome
from benchmarks.soak.corpus import SCENE, TUNE, mutant, seeds
from benchmarks.soak.stream import Stream
from benchmarks.soak.watching import Progress, Stopped
from benchmarks.soak.witness import Witness
from daw_bridge.control.client import Client
from daw_bridge.control.dispatch import Dispatcher
from daw_bridge.control.intake import Intake
from daw_bridge.control.limiter import ReplyLimiter
from daw_bridge.control.osc import OscClient, OscServer
from daw_bridge.control.packet import decode
from daw_bridge.control.port import bind
from daw_bridge.errors import BridgeError, DeviceError
from daw_bridge.hands import MELODIES, Hands
from daw_bridge.melody.parameters import INPUT
from daw_bridge.parameters import Values
from daw_bridge.presets import load
from tests.daw_bridge.decks.stage import Stage, stage

BATCH = 128
FLUSH_S = 0.006
CHECK_EVERY = 2000
THROUGH_TCP = 0.3
SENDER = ("127.0.0.1", 40000)
FAILED_INSIDE = "failed inside"
UNKNOWN = "does not know this command"
PRESET = f"""
title: what is asked for by name
midi:
  scenes:
    {SCENE}: {{quantum: 1M, values: {{tempo: 130, gain: -3, deck.1.prompt: "220", deck.2.top_k: 7}}}}
"""


class Watched:
    """A deck that plays, and is started again when a mutant has stopped it."""

    def __init__(self, on: Stage) -> None:
        self._on = on
        self.looks = self.playing = 0
        on.start("now")

    def look(self) -> None:
        """See whether it plays."""
        state = self._on.state()
        self.looks += 1
        self.playing += state == "playing"
        # the stage keeps all that was played
        del self._on.blocks[:-1]
        if state == "stopped":
            with suppress(BridgeError):
                self._on.start("now")


class Collector(OscServer):
    """A server whose answers are counted instead of sent."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.answers: Counter[str] = Counter()
        self.inside: list[str] = []
        self.unknown = 0

    def send_to(self, client: OscClient, datagram: bytes) -> None:
        self.count(datagram)

    def count(self, packet: bytes) -> None:
        """Count an answer."""
        message = decode(packet)[0]
        self.answers[message.address] += 1
        if message.address == "/bridge/error":
            reason = str(message.args[1])
            self.unknown += UNKNOWN in reason
            if FAILED_INSIDE in reason:
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
            Figure(
                "looks at which deck 1 played",
                counts["playing"],
                "",
                at_least=1,
                note=f"of {counts['looks']}",
            ),
            Figure("commands that nobody carries out", counts["unknown"], "", at_most=0),
            Figure("accepted out of range", counts["out of range"], "", at_most=0),
            Figure("state changed by what was refused", counts["changed"], "", at_most=0),
            Figure("exceptions", counts["exceptions"], "", at_most=0, note="logged, or not caught"),
        ],
    )


def _hands(folder: Path, dispatcher: Dispatcher) -> Hands:
    """What carries out melodies, MIDI and scenes, with a scene and a melody to ask for; nothing that would
    open a sound input, or sets values later, by itself."""
    preset = folder / "fuzz.yaml"
    preset.write_text(PRESET, encoding="utf-8")
    (folder / MELODIES).mkdir()
    press, release = mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)
    mido.MidiFile(tracks=[mido.MidiTrack([press, release])]).save(folder / MELODIES / TUNE)
    hands = Hands(load(preset, [f"data={folder}"]), dispatcher, lambda notice: None)
    dispatcher.add_commands({INPUT: _refuse, "/bridge/preset": _refuse})
    return hands


def _refuse(client: Client, values: Values) -> None:
    raise DeviceError("left out here")


async def _fuzz(
    folder: Path, count: int, progress: Progress, rng: random.Random, logged: _Counting
) -> dict[str, int]:
    loop, loose = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: loose.append(context))
    strayed: list[str] = []
    async with stage(folder, record=None, decks=2) as on:
        witness = Witness(on.player)
        dispatcher = Dispatcher(witness, ReplyLimiter(rate=1e9, burst=10**9))
        hands = _hands(folder, dispatcher)
        hands.start()
        watched = Watched(on)
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
                    strayed += witness.strayed()
                    watched.look()
                    progress(sent / count)
        await asyncio.sleep(0.1)
        strayed += witness.strayed()
        server.close()
        stream.close()
        hands.close()
        dispatcher.close()
    faults = [*server.inside, *logged.lines, *(str(context) for context in loose)]
    for fault in (*faults[:5], *strayed[:5]):
        print(f"fuzz: {fault[:400]}")
    return {
        "sent": sent,
        "errors": server.answers["/bridge/error"],
        "unknown": server.unknown,
        "looks": watched.looks,
        "playing": watched.playing,
        "accepted": witness.accepted,
        "out of range": witness.out_of_range,
        "changed": len(strayed),
        "exceptions": len(faults),
    }
