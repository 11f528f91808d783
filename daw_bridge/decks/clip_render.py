"""Clips rendered by the daemon, in the background of what plays."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

from daw_bridge.decks.clip_file import write_clip
from daw_bridge.decks.clip_voice import ClipVoice
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.protocol import OnResult, PlayerOptions, RenderRequest, Result
from daw_bridge.errors import ClipError, shorten_text
from daw_bridge.parameter import Atom, Values
from genmodels.errors import GenModelsError

log = logging.getLogger(__name__)

MAX_WAITING = 16
CLIPS = "clips"
MAX_NAME = 64


def clip_request(
    get: Callable[[str, int | None], Values],
    options: PlayerOptions,
    prompt: str,
    bars: int,
    tempo: float,
    out: Path,
) -> RenderRequest:
    """A clip with deck 1's seed, sampling and harmony, and the present meter.

    Args:
        get: gives a parameter's values by path and deck.
    """

    def value(word: str) -> Atom:
        return get(f"{DECK}{word}", 1)[0]

    enabled = bool(value("chroma/enable"))
    return RenderRequest(
        prompts=((prompt, 1.0),),
        bars=bars,
        tempo=tempo,
        out=out,
        beats_per_bar=int(get("/bridge/meter", None)[0]),
        seed=int(value("seed")),
        key=str(value("key")) if enabled else "",
        chords=str(value("chords")) if enabled else "",
        temperature=float(value("temperature")),
        top_k=int(value("top_k")),
        top_p=float(value("top_p")),
        guidance=float(value("guidance")),
        model=options.model,
        compute=options.compute,
    )


def clip_name(prompt: str, tempo: float) -> str:
    """A file's name, without ending, for a clip that was given none."""
    end = f" {tempo:g}bpm"
    words = re.sub(r"[^A-Za-z0-9_-]+", " ", prompt).strip()
    return f"{words[: MAX_NAME - len(end)]}{end}".strip()


class ClipRenderer:
    """One clip at a time, the others wait. For the event loop's thread."""

    def __init__(self, host: Engines) -> None:
        self._host = host
        self._waiting: deque[tuple[RenderRequest, OnResult]] = deque()
        self._taken: set[Path] = set()
        self._task: asyncio.Task[None] | None = None
        self._current: ClipVoice | None = None
        self._outcome: asyncio.Future[str] | None = None

    def path(self, data: Path, name: str) -> Path:
        """A file for a new clip in the clips folder below ``data``, which is made if needed.

        Args:
            name: reduced to letters, digits, space, ``_``, ``-`` and ``.``; a number is added where the file
                exists already.

        Raises:
            ClipError: the name holds a path, or the folder cannot be made.
        """
        if "/" in name or "\\" in name or name.startswith(".") or "\0" in name:
            raise ClipError(f"clip name {shorten_text(name)!r} is refused: it must not hold a path")
        stem = re.sub(r"[^A-Za-z0-9 _.-]+", "", name.removesuffix(".wav")).strip(" .")[:MAX_NAME] or "clip"
        folder = data / CLIPS
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClipError(f"folder {folder} cannot be made: {error}") from error
        path, number = folder / f"{stem}.wav", 1
        while path in self._taken or path.exists():
            number += 1
            path = folder / f"{stem}-{number}.wav"
        return path

    def submit(self, request: RenderRequest, on_result: OnResult) -> None:
        """Render a clip some time; ``on_result`` gets path and seconds, or the reason of a failure.

        Raises:
            ClipError: too many are waiting.
            ConditionError, GenerationError: the request does not fit the model.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise ClipError(f"{MAX_WAITING} clips are waiting already: wait for one to be done")
        self._voice(request).conditions()
        self._taken.add(request.out)
        self._waiting.append((request, on_result))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._render_all())

    def failed(self, number: int, reason: str) -> bool:
        """A voice of the engine failed; whether it was a clip's."""
        voice = self._current
        if voice is None or voice.number != number:
            return False
        self._finish(voice, reason)
        return True

    def fail_current(self, reason: str) -> None:
        """The engine is lost: the clip being rendered fails; those that wait, wait on."""
        if self._current is not None:
            self._finish(self._current, reason)

    def close(self) -> None:
        """Drop everything; no result is told any more."""
        if self._task is not None:
            self._task.cancel()
        if self._current is not None:
            self._release(self._current)
        self._waiting.clear()

    def _voice(self, request: RenderRequest) -> ClipVoice:
        """A voice of the model that plays."""
        loop, model = asyncio.get_running_loop(), self._host.loaded
        assert model is not None

        def progress(share: float) -> None:
            if share >= 1.0 and not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, voice, "")

        voice = ClipVoice(request, model, self._host.send, progress)
        return voice

    def _finish(self, voice: ClipVoice, error: str) -> None:
        if voice is self._current and self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(error)

    async def _render_all(self) -> None:
        while self._waiting:
            while self._host.state == "restarting":
                await asyncio.sleep(0.1)
            request, on_result = self._waiting.popleft()
            try:
                result = await self._render(request)
            except GenModelsError as error:
                result = Result(error=f"rendering failed: {error}")
            except Exception as error:
                log.error("clip %s", request.out, exc_info=error)
                result = Result(error=f"rendering failed inside: {type(error).__name__}: {error}")
            self._taken.discard(request.out)
            on_result(result)

    async def _render(self, request: RenderRequest) -> Result:
        if self._host.state != "ready":
            return Result(error="the model worker has failed")
        voice = self._voice(request)
        self._outcome = asyncio.get_running_loop().create_future()
        self._current = voice
        self._host.open(voice.conditions(), request.seed, voice.attach, background=True)
        voice.begin()
        error = await self._outcome
        self._current = None
        self._release(voice)
        if error:
            return Result(error=f"rendering failed: {error}")
        try:
            seconds = await asyncio.to_thread(
                write_clip, request, voice.audio, voice.model.sample_rate, voice.model.model
            )
        except ClipError as problem:
            return Result(error=str(problem))
        return Result((str(request.out), seconds))

    def _release(self, voice: ClipVoice) -> None:
        ring = voice.detach()
        if ring is not None:
            self._host.close(voice.number, ring)
