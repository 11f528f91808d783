"""A deterministic stand-in for a model: a sine whose pitch is the number in the prompt.

The model's name sets its manners: ``'fake'``, ``'fake:ms=5'`` (milliseconds of computing a frame),
``'fake:fail=40'`` (raises at frame 40), ``'fake:memory=40'`` (a voice without prompt has no memory left at
frame 40), ``'fake:fault=40'`` (likewise, the GPU reports an error), ``'fake:hang=40'`` (never comes back from
frame 40), ``'fake:stereo'`` (the right channel sounds at half the level), ``'fake:effects'`` (takes text
alone), ``'fake:bars'`` (50 Hz are added for each seed modulo 16, 1000 Hz for each beat of the bar that has
passed), ``'fake:absent'`` (cannot be loaded), ``'fake:rate=24000'`` (samples a second, 50 frames of them),
``'fake:codec=bells'`` (a codec of its own), ``'fake:up=50'`` (sounds so many Hz higher), ``'fake:load=0.5'``
(seconds that it takes to load), ``'fake:pause=0.5'`` (seconds that each of its voices but the first takes to
open), ``'fake:dies=40'`` (the worker's process ends at frame 40). Several manners have commas between them.
No precision 'half' can be had. Pitches that are multiples of 50 Hz have whole periods in a frame, so that
changes at frame borders are free of jumps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from genmodels.errors import ConditionError, ConfigError

LOADER = "tests.daw_bridge.fake_model:load"
RATE, HOP = 32000, 640
LOOKAHEAD, DELAY = 2, 3


def pitch_of(conditions: Conditions) -> float:
    """Hz asked for by the first prompt; 100 without one."""
    words = conditions.prompts[0].text.split() if conditions.prompts else []
    return next((float(word) for word in words if word.replace(".", "").isdigit()), 100.0)


def added_pitch(conditions: Conditions, seed: int, frame: int) -> int:
    """Hz that ``'fake:bars'`` adds."""
    transport = conditions.transport
    beats = 0 if transport is None else int(transport.beats_at(frame) + 1e-6) % transport.beats_per_bar
    return 50 * (seed % 16) + 1000 * beats


def sine(pitch: float, start: int, count: int, rate: int = RATE) -> NDArray[np.float32]:
    """What a voice of this pitch sounds at samples ``start ..``."""
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(start, start + count) / rate)).astype(np.float32)


@dataclass
class FakeVoice:
    """Same rules as `genmodels.generate.continuation.Continuation`."""

    conditions: list[tuple[int, Conditions]]
    ms: float = 0.0
    fail: int = -1
    exhausted: int = -1
    hang: int = -1
    channels: int = 1
    beat: bool = True
    seed: int | None = None
    frame: int = 0
    pcm_frame: int = 0
    lookahead_frames: int = LOOKAHEAD
    max_delay: int = DELAY
    hop: int = HOP
    up: int = 0
    dies: int = -1
    fault: int = -1
    oldest_frame: int = 0
    pitches: list[int] = field(default_factory=list)

    @property
    def codes(self) -> NDArray[np.int64]:
        return np.tile(np.array(self.pitches[: self.frame], np.int64), (4, 1))

    def set_conditions(self, conditions: Conditions, from_frame: int | None = None) -> None:
        at = self.frame if from_frame is None else from_frame
        if conditions.transport is not None and not self.beat:
            raise ConditionError("this voice takes no transport")
        pitch_of(conditions)
        self.conditions = [*((f, c) for f, c in self.conditions if f < at), (at, conditions)]
        if at < self.frame:
            self.roll_back(at)

    def roll_back(self, frame: int) -> None:
        self.frame = min(self.frame, frame)
        self.pcm_frame = min(self.pcm_frame, max(0, self.frame - LOOKAHEAD))
        del self.pitches[self.frame :]

    def advance(self, to_frame: int) -> NDArray[np.float32]:
        while self.frame < to_frame:
            if self.frame == self.exhausted:
                raise MemoryError("the GPU has none left")
            if self.frame == self.fail:
                raise RuntimeError("this voice was told to fail")
            if self.frame == self.fault:
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            if self.frame == self.hang:
                time.sleep(3600.0)
            if self.frame == self.dies:
                os._exit(9)
            time.sleep(self.ms / 1000)
            now = [c for f, c in self.conditions if f <= self.frame][-1]
            more = 0 if self.seed is None else added_pitch(now, self.seed, self.frame)
            self.pitches.append(round(pitch_of(now)) + more)
            self.frame += 1
        first, self.pcm_frame = self.pcm_frame, max(self.pcm_frame, self.frame - LOOKAHEAD)
        hop, rate = self.hop, 50 * self.hop
        pitches = [(f, self.pitches[f] + self.up) for f in range(first, self.pcm_frame)]
        blocks = [sine(pitch, f * hop, hop, rate) for f, pitch in pitches]
        mono = np.concatenate([np.zeros(0, np.float32), *blocks])
        return mono if self.channels == 1 else np.stack([mono, 0.5 * mono], axis=1)


@dataclass
class FakeAdvanced:
    """What came of a voice."""

    parts: list[NDArray[np.float32]] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None

    @property
    def pcm(self) -> NDArray[np.float32] | None:
        return None if self.error else np.concatenate(self.parts)

    def add_frame(self, voice: FakeVoice) -> None:
        try:
            self.parts.append(voice.advance(voice.frame + 1))
        except RuntimeError as error:
            self.error = error


@dataclass
class FakeModel:
    """Opens fake voices."""

    name: str
    ms: float = 0.0
    fail: int = -1
    fault: int = -1
    exhausted: int = -1
    hang: int = -1
    up: int = 0
    dies: int = -1
    pause: float = 0.0
    opened: int = 0
    channels: int = 1
    seeds: bool = False
    kind: str = "musicgen"
    device: str = "cpu"
    weights: str = "f00d"
    hardware: str = "a loop in Python"
    codec: str = "sine"
    precision: str = "fp32"
    sample_rate: int = RATE
    hop_length: int = HOP
    frame_rate: float = RATE / HOP
    takes: frozenset[str] = frozenset({"text", "chroma", "transport"})

    def open(self, conditions: Conditions, seed: int, prompt: NDArray[np.int16] | None) -> FakeVoice:
        if self.opened:
            time.sleep(self.pause)
        self.opened += 1
        beat = "transport" in self.takes
        exhausted, fault = (self.exhausted, self.fault) if prompt is None else (-1, -1)
        voice = FakeVoice([(0, conditions)], self.ms, self.fail, exhausted, self.hang, self.channels, beat)
        voice.seed = seed if self.seeds else None
        voice.hop, voice.up = self.hop_length, self.up
        voice.dies, voice.fault = self.dies, fault
        if prompt is not None:
            voice.pitches = [int(p) for p in prompt[0]]
            voice.frame = len(voice.pitches)
        return voice

    def advance(self, targets: Sequence[tuple[FakeVoice, int]], seconds: float) -> list[FakeAdvanced]:
        """Frame by frame, for all voices in turn."""
        began = time.perf_counter()
        results = [FakeAdvanced() for _ in targets]
        for (voice, _), result in zip(targets, results, strict=True):
            result.parts.append(voice.advance(voice.frame))
        while True:
            lacking = [
                (voice, result)
                for (voice, to_frame), result in zip(targets, results, strict=True)
                if voice.frame < to_frame and result.error is None
            ]
            round_began = time.perf_counter()
            for voice, result in lacking:
                result.add_frame(voice)
            for _, result in lacking:
                result.seconds += time.perf_counter() - round_began
            if not lacking or time.perf_counter() - began + self.ms / 1000 > seconds:
                return results

    def warm_up_conditions(self) -> Conditions:
        return Conditions(prompts=(WeightedPrompt("100"),))


def load(model: str, device: str, precision: str = "auto") -> FakeModel:
    """The worker's loader."""
    if precision == "half":
        raise ConfigError("precision 'half' is not for sines: choose 'fp32'")
    words = (word.partition("=") for word in model.partition(":")[2].split(","))
    said = {manner: value for manner, _, value in words}
    if "absent" in said:
        raise FileNotFoundError(f"no model {model!r}")
    time.sleep(float(said.get("load", 0.0)))
    rate = int(said.get("rate", RATE))
    fake = FakeModel(
        model,
        ms=float(said.get("ms", 0.0)),
        fail=int(said.get("fail", -1)),
        fault=int(said.get("fault", -1)),
        exhausted=int(said.get("memory", -1)),
        hang=int(said.get("hang", -1)),
        up=int(said.get("up", 0)),
        dies=int(said.get("dies", -1)),
        pause=float(said.get("pause", 0.0)),
        channels=2 if "stereo" in said else 1,
        codec=said.get("codec", "sine"),
        sample_rate=rate,
        hop_length=rate // 50,
        seeds="bars" in said,
    )
    if "effects" in said:
        fake.takes, fake.kind = frozenset({"text"}), "audiogen"
    return fake
