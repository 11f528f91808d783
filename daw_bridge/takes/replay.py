"""Takes played again: the same model is told the same, and its tokens are compared."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.base import Engine, MakeEngine
from daw_bridge.engine.local import LocalEngine
from daw_bridge.engine.protocol import (
    DEFAULT_LOADER,
    Advance,
    CloseDeck,
    Event,
    Failed,
    Load,
    Loaded,
    OpenDeck,
    Produced,
    SetConditions,
)
from daw_bridge.errors import ModelError, TakeError
from daw_bridge.takes.coding import decode_value
from daw_bridge.takes.take import Take
from daw_bridge.takes.voice_track import TokenTrack, VoiceTrack

RING_SECONDS = 2
WINDOW_FRAMES = 500


@dataclass(frozen=True)
class Difference:
    """The first frame of a voice in which a replay differs.

    Attributes:
        frame: of the voice. sample: output sample. bar, beat: where it sounded. codebook: the first, from 0.
        recorded, replayed: the tokens.
    """

    frame: int
    sample: int
    bar: int
    beat: float
    codebook: int
    recorded: int
    replayed: int


@dataclass(frozen=True)
class VoiceReplay:
    """One voice: its deck, how many frames were compared, and where it first differs."""

    deck: int
    voice: int
    first_bar: int
    frames: int
    difference: Difference | None


@dataclass(frozen=True)
class Replay:
    """A replayed take.

    Attributes:
        voices: in the order in which they were opened.
        warnings: what is not as it was (other weights, other hardware), for people.
    """

    voices: tuple[VoiceReplay, ...]
    warnings: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether every token is the same."""
        return all(voice.difference is None for voice in self.voices)


def replay(
    take: Take,
    progress: Callable[[float], None] = lambda share: None,
    device: str | None = None,
    loader: str = DEFAULT_LOADER,
    make_engine: MakeEngine = LocalEngine,
) -> Replay:
    """Generate every voice of a take again, without a sound device, and compare the tokens.

    The codes of a voice are a function of model, seed, prompt and the list of (frame, conditions); a journal
    holds just these. So on a CPU, with the same hardware and software, a replay is identical to the last
    token; on a GPU only to rounding, as the voices that were beside it in the batch count there.

    Args:
        progress: called with the share done, 0..1.
        device: ``'cpu'``, ``'cuda'`` ...; by default the one that the take asked for.
        loader: see `daw_bridge.engine.protocol.Load`; never taken from a journal, which may be somebody
            else's.

    Raises:
        ModelError: the model cannot be loaded.
        TakeError: the journal is damaged, or the worker failed.
    """
    said = take.header["load"]
    load = Load(
        said["model"], device or said["device"], said["threads"], loader, said.get("precision", "auto")
    )
    total = sum(voice.tokens.end for voice in take.voices.values()) or 1
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine = make_engine(events.put, load.threads)
    engine.start()
    try:
        engine.send(load)
        loaded = events.get()
        if not isinstance(loaded, Loaded):
            raise ModelError(loaded.what if isinstance(loaded, Failed) else f"unexpected answer {loaded}")
        done, voices = 0, []
        for voice in take.voices.values():
            if voice.tokens.end > voice.tokens.first:
                report = partial(_report, progress, done, total)
                track = _generate(engine, events, take, voice, loaded, report)
                voices.append(_compare(take, voice, track))
            done += voice.tokens.end
        progress(1.0)
        return Replay(tuple(voices), _warnings(take, loaded))
    finally:
        engine.stop()


def _report(progress: Callable[[float], None], done: int, total: int, frames: int) -> None:
    progress((done + frames) / total)


def _generate(
    engine: Engine,
    events: queue.SimpleQueue[Event],
    take: Take,
    voice: VoiceTrack,
    loaded: Loaded,
    report: Callable[[int], None],
) -> TokenTrack:
    """The tokens of a voice up to its last recorded frame."""
    conditions = take.conditions(voice)
    prompt = None if voice.prompt is None else decode_value(voice.prompt, take.arrays)
    ring = engine.create_ring(RING_SECONDS * loaded.sample_rate, loaded.channels)
    track = TokenTrack()
    try:
        engine.send(OpenDeck(voice.number, voice.seed, conditions[0][1], ring.info, prompt=prompt))
        for epoch, (frame, value) in enumerate(conditions[1:], 1):
            engine.send(SetConditions(voice.number, epoch, frame, value))
        target = 0
        while track.end < voice.tokens.end:
            if track.end >= target:
                target = min(voice.tokens.end, track.end + WINDOW_FRAMES)
                engine.send(Advance(voice.number, target))
            event = events.get()
            if isinstance(event, Failed):
                raise TakeError(f"the replay of deck {voice.deck} failed: {event.what}")
            if isinstance(event, Produced) and event.deck == voice.number:
                track.replace(event.first_frame, event.tokens)
                report(track.end)
        return track
    finally:
        engine.send(CloseDeck(voice.number))
        engine.release_ring(ring)


def _compare(take: Take, voice: VoiceTrack, track: TokenTrack) -> VoiceReplay:
    first = max(voice.tokens.first, track.first)
    recorded = voice.tokens.tokens[:, first - voice.tokens.first :]
    replayed = track.tokens[:, first - track.first :][:, : recorded.shape[1]]
    bar = take.clock.bar_beat(take.clock.beat_at(max(voice.start, take.first_sample)))[0]
    difference = _first_difference(take, voice, first, recorded, replayed)
    return VoiceReplay(voice.deck, voice.number, bar, recorded.shape[1], difference)


def _first_difference(
    take: Take, voice: VoiceTrack, first: int, recorded: NDArray[np.int16], replayed: NDArray[np.int16]
) -> Difference | None:
    differing = np.flatnonzero((recorded != replayed).any(axis=0))
    if not len(differing):
        return None
    column = int(differing[0])
    codebook = int(np.flatnonzero(recorded[:, column] != replayed[:, column])[0])
    sample = take.sample_of(voice, first + column)
    bar, beat = take.clock.bar_beat(take.clock.beat_at(sample))
    return Difference(
        frame=first + column,
        sample=sample,
        bar=bar,
        beat=beat,
        codebook=codebook,
        recorded=int(recorded[codebook, column]),
        replayed=int(replayed[codebook, column]),
    )


def _warnings(take: Take, loaded: Loaded) -> tuple[str, ...]:
    was = take.model
    found = []
    if was["weights"] != loaded.weights:
        found.append(f"the weights are others: recorded with {was['weights']}, here {loaded.weights}")
    if was["hardware"] != loaded.hardware:
        found.append(f"the hardware is another: recorded on {was['hardware']}, here {loaded.hardware}")
    return tuple(found)
