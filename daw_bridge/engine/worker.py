"""The model worker: a spawned process that holds one model and generates for all decks in one batch, a few
frames at a time.

Commands take effect between chunks, so a chunk is kept to `CHUNK_SECONDS` of computing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.faults import (
    describe,
    free_gpu_memory,
    gpu_bytes,
    is_device_fault,
    is_out_of_memory,
)
from daw_bridge.engine.models import Advanced, EngineModel, Voice, prepare, resolve_loader
from daw_bridge.engine.protocol import (
    Advance,
    CloseDeck,
    Command,
    DeckOpened,
    Ending,
    Event,
    Failed,
    Load,
    Loaded,
    OpenDeck,
    Ping,
    Pong,
    Produced,
    Promote,
    Refused,
    RollBack,
    RolledBack,
    SetConditions,
    Shutdown,
    Stats,
)
from daw_bridge.engine.ring import PcmRing
from daw_bridge.priority import gently, give_way, spare_garbage
from genmodels.errors import GenModelsError

CHUNK_SECONDS = 0.025
MAX_CHUNK_FRAMES = 5
WARM_UP_FRAMES = 8
MEASURED_FRAMES = 25
CHANGED_FRAMES = 8
MEASURE_LIMIT_S = 3.0
STATS_EVERY_S = 1.0


def worker_main(connection: Connection, spare_for: Load | None = None, whole: bool = False) -> None:
    """Serve the other end of ``connection`` until `Shutdown` or until it closes.

    SIGINT is ignored: a Ctrl-C reaches the whole process group, and the front ends the worker in its own
    order.

    Args:
        spare_for: what it will be asked to load when its turn comes: it imports what that needs.
        whole: it loads the model, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way()
    end_with_parent()
    worker = Worker(connection.send)
    if spare_for is not None:
        gently(partial(prepare, spare_for.loader))
        if whole:
            worker.preload(spare_for)
            spare_garbage()
    try:
        while not worker.ended:
            while not worker.ended and connection.poll(0 if worker.busy else None):
                command = connection.recv()
                worker.handle(command)
                if isinstance(command, Load):
                    spare_garbage()
            worker.generate()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        worker.close()
        connection.close()
    # nothing is left to be tidied, and with torch loaded the interpreter takes long to do so
    os._exit(0)


def end_with_parent() -> None:
    """End this process as soon as the one that started it has, also while it imports or loads: then nobody
    looks at the pipe."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(0)

    threading.Thread(target=wait, daemon=True, name="parent").start()


@dataclass
class Slot:
    """One deck's voice and how far it is."""

    voice: Voice
    ring: PcmRing
    background: bool
    target: int = 0
    epoch: int = 0
    known_frames: int = 0
    computed_s: float = 0.0
    generated_frames: int = 0
    stats_due: float = field(default_factory=lambda: time.monotonic() + STATS_EVERY_S)

    @property
    def lacking(self) -> int:
        """Frames still to generate."""
        return self.target - self.voice.frame


class Worker:
    """State of the worker process, apart from the pipe."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._model: EngineModel | None = None
        self._slots: dict[int, Slot] = {}
        self._preloaded: tuple[Load, Loaded] | None = None
        self.ended = False

    @property
    def busy(self) -> bool:
        """Whether any deck lacks frames."""
        return any(slot.lacking > 0 for slot in self._slots.values())

    def close(self) -> None:
        """Let go of all rings."""
        for deck in list(self._slots):
            self._close_deck(deck)

    def handle(self, command: Command) -> None:
        """Carry out one command; whatever it raises becomes a `Failed` event."""
        if isinstance(command, Shutdown):
            self.ended = True
        elif isinstance(command, Ping):
            self._send(Pong())
        elif isinstance(command, Load):
            try:
                self._load(command)
            except Exception as error:
                self._send(Failed(None, f"model {command.model!r} cannot be used: {describe(error)}"))
        else:
            try:
                self._handle_deck(command)
            except Exception as error:
                self._fail(command.deck, error)

    def generate(self) -> None:
        """One chunk for the decks that lack frames, see `_next_decks`."""
        if self._model is None:
            return
        decks = self._next_decks()
        before = {deck: (self._slots[deck].voice.pcm_frame, self._slots[deck].voice.frame) for deck in decks}
        targets = [
            (slot.voice, slot.voice.frame + min(MAX_CHUNK_FRAMES, slot.lacking))
            for slot in (self._slots[deck] for deck in decks)
        ]
        try:
            results = self._model.advance(targets, CHUNK_SECONDS)
        except Exception as error:
            for deck in decks:
                self._fail(deck, error)
            return
        for deck, result in zip(decks, results, strict=True):
            self._deliver(deck, result, *before[deck])

    def _next_decks(self) -> list[int]:
        """Decks to generate for in one batch, the one nearest to running dry first.

        That is the one that lacks most, as all are asked to run ahead equally far. Those that lack less than
        half as much wait until it has caught up, so that it has the machine almost to itself. Background
        decks come only when no other deck lacks anything.
        """
        lacking = {deck: slot for deck, slot in self._slots.items() if slot.lacking > 0}
        pressing = {deck: slot for deck, slot in lacking.items() if not slot.background} or lacking
        most = max((slot.lacking for slot in pressing.values()), default=0)
        chosen = [deck for deck, slot in pressing.items() if 2 * slot.lacking >= most]
        return sorted(chosen, key=lambda deck: -pressing[deck].lacking)

    def preload(self, command: Load) -> None:
        """Load a model before anybody asks: the same command is then answered at once. What cannot be loaded
        is left to the command."""
        with contextlib.suppress(Exception):
            self._preloaded = command, gently(partial(self._read_model, command))

    def _load(self, command: Load) -> None:
        preloaded, self._preloaded = self._preloaded, None
        ready = preloaded is not None and preloaded[0] == command
        if preloaded is not None and ready:
            self._send(preloaded[1])
        else:
            read = partial(self._read_model, command)
            self._send(gently(read) if command.gently else read())

    def _read_model(self, command: Load) -> Loaded:
        import torch

        torch.set_num_threads(command.threads or 1)
        model = resolve_loader(command.loader)(command.model, command.device, command.precision)
        voice = model.open(model.warm_up_conditions(), 0, None)
        voice.advance(WARM_UP_FRAMES)
        began, first = time.perf_counter(), voice.frame
        while voice.frame < first + MEASURED_FRAMES and time.perf_counter() - began < MEASURE_LIMIT_S:
            voice.advance(voice.frame + MAX_CHUNK_FRAMES)
        frame_seconds = (time.perf_counter() - began) / (voice.frame - first)
        # so that a player's first change is not a cold one
        voice.set_conditions(
            model.warm_up_conditions(), max(voice.oldest_frame, voice.frame - CHANGED_FRAMES)
        )
        voice.advance(voice.frame + MAX_CHUNK_FRAMES)
        self.close()
        self._model = model
        return Loaded(
            model=model.name,
            sample_rate=model.sample_rate,
            hop_length=model.hop_length,
            frame_rate=model.frame_rate,
            lookahead_frames=voice.lookahead_frames,
            max_delay=voice.max_delay,
            realtime_factor=1.0 / (frame_seconds * model.frame_rate),
            device=model.device,
            takes=model.takes,
            channels=model.channels,
            kind=model.kind,
            weights=model.weights,
            hardware=model.hardware,
            codec=model.codec,
            precision=model.precision,
        )

    def _handle_deck(
        self, command: OpenDeck | SetConditions | Advance | Promote | RollBack | CloseDeck
    ) -> None:
        if isinstance(command, OpenDeck):
            self._open(command)
            return
        slot = self._slots.get(command.deck)
        if slot is None:
            return
        if isinstance(command, Advance):
            slot.target = max(slot.target, command.to_frame)
        elif isinstance(command, Promote):
            slot.background = False
        elif isinstance(command, SetConditions):
            self._set_conditions(slot, command)
            self._changed(command.deck, slot, command.epoch)
        elif isinstance(command, RollBack):
            slot.voice.roll_back(min(max(command.frame, slot.voice.oldest_frame), slot.voice.frame))
            self._changed(command.deck, slot, command.epoch)
        else:
            self._close_deck(command.deck)

    def _set_conditions(self, slot: Slot, command: SetConditions) -> None:
        """Conditions that do not fit the model are refused; what they would have changed is made anew under
        the earlier ones, as whoever sent them has given it up."""
        frame = max(command.from_frame, slot.voice.oldest_frame)
        try:
            slot.voice.set_conditions(command.conditions, frame)
        except GenModelsError as error:
            slot.voice.roll_back(min(frame, slot.voice.frame))
            self._send(Refused(command.deck, str(error)))

    def _open(self, command: OpenDeck) -> None:
        if self._model is None:
            raise RuntimeError("no model is loaded")
        self._close_deck(command.deck)
        voice = self._model.open(command.conditions, command.seed, command.prompt)
        ring = PcmRing.attach(command.ring)
        self._slots[command.deck] = Slot(voice, ring, command.background, known_frames=voice.frame)
        self._send(DeckOpened(command.deck))

    def _changed(self, deck: int, slot: Slot, epoch: int) -> None:
        slot.epoch = epoch
        slot.known_frames = min(slot.known_frames, slot.voice.frame)
        written = slot.voice.pcm_frame * self._hop
        self._send(RolledBack(deck, epoch, written))
        self._send(Produced(deck, epoch, written, slot.known_frames, self._new_tokens(slot)))

    def _deliver(self, deck: int, result: Advanced, pcm_frame: int, frame: int) -> None:
        """Pass on what came of a deck that had given out PCM up to ``pcm_frame`` and was at ``frame``."""
        try:
            self._pass_on(deck, self._slots[deck], result, pcm_frame, frame)
        except Exception as error:
            self._fail(deck, error)

    def _pass_on(self, deck: int, slot: Slot, result: Advanced, pcm_frame: int, frame: int) -> None:
        if result.error is not None or result.pcm is None:
            raise result.error or RuntimeError("the model gave no sound")
        pcm = result.pcm.reshape(-1, slot.ring.channels)
        made = slot.voice.frame - frame
        if made or len(pcm):
            start = pcm_frame * self._hop
            slot.ring.write(start, pcm)
            first = slot.known_frames
            self._send(Produced(deck, slot.epoch, start + len(pcm), first, self._new_tokens(slot)))
        self._account(deck, slot, made, result.seconds)

    def _account(self, deck: int, slot: Slot, frames: int, took: float) -> None:
        if slot.background:
            # many at once, each is slower: what counts is how fast decks are that play
            return
        slot.computed_s += took
        slot.generated_frames += frames
        now = time.monotonic()
        if now >= slot.stats_due and slot.computed_s > 0 and self._model is not None:
            seconds = slot.generated_frames / self._model.frame_rate
            self._send(Stats(deck, seconds / slot.computed_s, gpu_bytes()))
            slot.computed_s, slot.generated_frames, slot.stats_due = 0.0, 0, now + STATS_EVERY_S

    def _new_tokens(self, slot: Slot) -> NDArray[np.int16]:
        codes = slot.voice.codes
        count = slot.voice.frame - slot.known_frames
        slot.known_frames = slot.voice.frame
        tail = codes[:, codes.shape[1] - count :]
        if hasattr(tail, "cpu"):
            tail = tail.cpu()
        return np.asarray(tail).astype(np.int16)

    @property
    def _hop(self) -> int:
        assert self._model is not None
        return self._model.hop_length

    def _fail(self, deck: int, error: Exception) -> None:
        self._close_deck(deck)
        if is_device_fault(error):
            # whoever supervises replaces the process, and the decks go on from their last tokens
            self._send(Ending(describe(error)))
            self.ended = True
            return
        exhausted = is_out_of_memory(error)
        if exhausted:
            free_gpu_memory()
        self._send(Failed(deck, describe(error), out_of_memory=exhausted))

    def _close_deck(self, deck: int) -> None:
        slot = self._slots.pop(deck, None)
        if slot is not None:
            slot.ring.close()


def worker_environment(threads: int) -> dict[str, str]:
    """What arithmetic libraries read as they load: thread count, and threads that sleep when idle."""
    count = str(threads or 1)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**dict.fromkeys(names, count), "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
