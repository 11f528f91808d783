"""A clip's audio, collected from a background voice of an engine."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from daw_bridge.decks.clip_file import clip_frames
from daw_bridge.decks.conditions import build_conditions, default_values
from daw_bridge.decks.protocol import RenderRequest
from daw_bridge.engine.protocol import Advance, Command, Loaded, Produced
from daw_bridge.engine.ring import PcmRing
from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.timing import Transport

WINDOW_FRAMES = 300


class ClipVoice:
    """Asks for a clip's frames, a window at a time, and copies them out of the ring.

    Attributes:
        audio: [samples, channels] at the model's rate, the clip and up to a frame more.
        model: that makes it.

    Args:
        send: takes commands to the engine, from any thread.
        on_progress: called with the share done, 0..1, in the engine's reader thread; 1 when complete.
    """

    def __init__(
        self,
        request: RenderRequest,
        model: Loaded,
        send: Callable[[Command], None],
        on_progress: Callable[[float], None],
    ) -> None:
        seconds = clip_frames(request, model.sample_rate) / model.sample_rate
        self._frames = int(seconds * model.frame_rate) + 2
        self._request = request
        self.model = model
        self._send = send
        self._on_progress = on_progress
        self._have = 0
        self._asked = 0
        self._lock = threading.Lock()
        self._ring: PcmRing | None = None
        self.number = 0
        self.audio = np.zeros((self._frames * model.hop_length, model.channels), np.float32)

    @property
    def complete(self) -> bool:
        """Whether `audio` is all there."""
        return self._have >= len(self.audio)

    def conditions(self) -> Conditions:
        """What the voice is opened with: bar 1 begins at frame 0.

        Raises:
            ConditionError, GenerationError: the request does not fit the model.
        """
        request = self._request
        values = default_values(self.model.takes)
        values.update(
            prompts=tuple(atom for pair in request.prompts for atom in pair),
            temperature=(request.temperature,),
            top_k=(request.top_k,),
            top_p=(request.top_p,),
            guidance=(request.guidance,),
            key=(request.key,),
            chords=(request.chords,),
        )
        transport = Transport(request.tempo, request.beats_per_bar, frame_rate=self.model.frame_rate)
        return build_conditions(values, transport, self.model.takes)

    def attach(self, number: int, ring: PcmRing) -> Callable[[Produced], None]:
        """Take the voice's number and ring; returns what takes its `Produced` events."""
        self.number = number
        self._ring = ring
        return self._produced

    def begin(self) -> None:
        """Ask for the first window; the voice must have been opened."""
        self._ask(0)

    def detach(self) -> PcmRing | None:
        """The ring, from which nothing is read any more."""
        with self._lock:
            ring, self._ring = self._ring, None
            return ring

    def _ask(self, have_frames: int) -> None:
        target = min(self._frames, have_frames + WINDOW_FRAMES) + self.model.lookahead_frames
        if target > self._asked:
            self._asked = target
            self._send(Advance(self.number, target))

    def _produced(self, event: Produced) -> None:
        with self._lock:
            if self._ring is None or self.complete:
                return
            end = min(event.samples_end, len(self.audio))
            self.audio[self._have : end] = self._ring.read(self._have, end - self._have)
            self._have = end
        self._ask(self._have // self.model.hop_length)
        self._on_progress(self._have / len(self.audio))
