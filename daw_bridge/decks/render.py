"""A clip from the command line: an engine of its own, no sound device."""

from __future__ import annotations

import queue
from pathlib import Path

from daw_bridge.decks.clip_file import write_clip
from daw_bridge.decks.clip_voice import ClipVoice
from daw_bridge.decks.protocol import Progress, RenderRequest
from daw_bridge.decks.rings import RING_SECONDS
from daw_bridge.engine.local import LocalEngine
from daw_bridge.engine.protocol import DEFAULT_LOADER, Event, Failed, Load, Loaded, OpenDeck, Produced
from daw_bridge.errors import ClipError, EngineError, ModelError

DECK = 1


def render_clip(
    request: RenderRequest, progress: Progress | None = None, loader: str = DEFAULT_LOADER
) -> Path:
    """Render ``request.out`` and its JSON file; returns that path. Blocks until done.

    Args:
        progress: called with the share done, 0..1.
        loader: see `daw_bridge.engine.protocol.Load`.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the worker failed.
        ClipError: the file cannot be written.
        ConditionError, GenerationError: the request does not fit the model.
    """
    if not request.out.parent.is_dir():
        raise ClipError(f"clip {request.out} cannot be written: there is no folder {request.out.parent}")
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine = LocalEngine(events.put, request.threads)
    engine.start()
    try:
        engine.send(Load(request.model, request.compute, request.threads, loader, request.precision))
        loaded = events.get()
        if not isinstance(loaded, Loaded):
            raise ModelError(loaded.what if isinstance(loaded, Failed) else f"unexpected answer {loaded}")
        voice = ClipVoice(request, loaded, engine.send, progress or (lambda share: None))
        ring = engine.create_ring(RING_SECONDS * loaded.sample_rate, loaded.channels)
        take = voice.attach(DECK, ring)
        engine.send(OpenDeck(DECK, request.seed, voice.conditions(), ring.info))
        voice.begin()
        while not voice.complete:
            event = events.get()
            if isinstance(event, Failed):
                raise EngineError(f"rendering failed: {event.what}")
            if isinstance(event, Produced):
                take(event)
        write_clip(request, voice.audio, loaded.sample_rate, loaded.model)
        return request.out
    finally:
        engine.stop()
