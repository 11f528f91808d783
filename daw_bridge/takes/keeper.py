"""What the player tells while it plays, put down in takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.clock.tempo_map import Meters, TempoMap, TempoSegment, added
from daw_bridge.engine.protocol import Load, Loaded
from daw_bridge.errors import TakeError
from daw_bridge.takes.identity import identity
from daw_bridge.takes.jobs import SUCCESSION, Begin, End, Hold, Sound
from daw_bridge.takes.library import Limits, prune
from daw_bridge.takes.status import Place, TakeStatus
from daw_bridge.takes.voices import TakeVoices
from daw_bridge.takes.writer import TakeWriter

FORMAT_VERSION = 1


class TakeKeeper:
    """Records a take from each start out of silence until all decks are silent again.

    Nothing here waits: everything goes to the writer's thread. `write` is for the feeder's thread, everything
    else for the event loop's.

    Args:
        folder: below which each take gets a folder.
        on: whether takes are recorded at all.
        limits: what is pruned after each take.
        report: told, once, why a take ended early.

    Attributes:
        voices: is told what is said between decks and worker.
    """

    def __init__(
        self,
        folder: Path,
        on: bool,
        limits: Limits | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = folder
        self._on = on
        self._limits = limits or Limits()
        self._report = report
        self._writer: TakeWriter | None = None
        self._identity: dict[str, Any] = {}
        self._rate = 0
        self._recording = False
        self._name = ""
        self._told = ""
        self.voices = TakeVoices(self._put, lambda: self._recording)
        self._tempi: tuple[TempoSegment, ...] = ()
        self._meters: Meters = ()
        self._states: dict[int, str] = {}

    @property
    def recording(self) -> bool:
        """Whether a take is on."""
        return self._recording

    @property
    def status(self) -> TakeStatus:
        """What is being recorded."""
        writer = self._writer
        if not self._on or writer is None:
            return TakeStatus()
        if not self._recording:
            return TakeStatus("waiting")
        if writer.error:
            return TakeStatus("failed", self._name)
        folder = writer.folder
        name = self._name or (folder.name if folder else "")
        return TakeStatus("recording", name, writer.samples / self._rate, folder)

    def prepare(self, sample_rate: int, channels: int, load: Load, loaded: Loaded) -> None:
        """Take note of what plays; to be called once, before anything else."""
        if not self._on:
            return
        self._rate = sample_rate
        self._identity = identity(sample_rate, channels, load, loaded)
        self.voices.play(sample_rate, loaded)
        self._writer = TakeWriter(sample_rate, channels)
        self._writer.put(self._prune)

    def hold_sound(self, sample: int) -> None:
        """Sound from an output sample on is kept for the take that `change_model` begins."""
        if self._recording and self._writer is not None:
            self._writer.put(Hold(sample))

    def change_model(self, load: Load, loaded: Loaded, values: Mapping[str, object], clock: TempoMap) -> None:
        """Another model plays: takes are its own from here on. One that is being recorded ends, and the next
        begins where that ends, without the voices of the model before."""
        if self._writer is None:
            return
        channels = self._identity["channels"]
        self._identity = identity(self._rate, channels, load, loaded)
        self.voices.play(self._rate, loaded)
        if self._recording:
            self.begin(values, clock, after="another model took over")
            self._writer.put(self._prune)

    def begin(
        self, values: Mapping[str, object], clock: TempoMap, follows: bool = False, after: str = SUCCESSION
    ) -> None:
        """Begin a take; one that is on ends there.

        Args:
            values: all values of the parameter table by address.
            follows: whether it goes on where the take before ends, with voices that sound on.
            after: why the take that is on ends.
        """
        if self._writer is None:
            return
        self._name = self._told = ""
        header = {
            "type": "take",
            "version": FORMAT_VERSION,
            "started": datetime.now().astimezone().isoformat(timespec="seconds"),
            **self._identity,
            "values": dict(values),
        }
        # in one job: what other threads put meanwhile belongs to the take before or to this one
        self._writer.put(Begin(self._root, header, follows, after))
        self._recording = True
        if not follows:
            self.voices.forget()
            self._states.clear()
        self._tempi, self._meters = (), ()
        self._watch_clock(clock)

    def end(self, reason: str = "all decks are silent") -> None:
        """End the take, if one is on."""
        if self._writer is not None and self._recording:
            self._recording = False
            self._writer.put(End(reason))
            self._writer.put(self._prune)

    def renew(self, values: Mapping[str, object], clock: TempoMap) -> None:
        """End the take and begin the next at the same sample.

        Raises:
            TakeError: no take is on.
        """
        self._require_take("a new take begins by itself with the music")
        assert self._writer is not None
        self.begin(values, clock, follows=True, after="a new take was asked for")
        self._writer.put(self._prune)

    def command(self, address: str, values: tuple[object, ...], sample: int, bar: int, beat: float) -> None:
        """A command or a value was accepted; it sounds at an output sample."""
        self._put("command", address=address, values=values, sample=sample, bar=bar, beat=beat)

    def mark(self, text: str, sample: int, bar: int, beat: float) -> None:
        """Put a mark at an output sample.

        Raises:
            TakeError: no take is on.
        """
        self._require_take("marks are put while it plays")
        self._put("mark", text=text, sample=sample, bar=bar, beat=beat)

    def name(self, text: str) -> None:
        """Name the take; see `daw_bridge.takes.library.give_name` for one that has ended.

        Raises:
            TakeError: no take is on.
        """
        self._require_take("daw-bridge takes name last NAME names the last one")
        self._name = text
        self._put("name", name=text)

    def write(self, start: int, block: NDArray[np.float32]) -> None:
        """Sound went out. In the feeder's thread."""
        if self._recording and self._writer is not None:
            self._writer.put(Sound(start, block))

    def watch(
        self,
        clock: TempoMap,
        places: Iterable[tuple[int, Place]],
        states: Mapping[int, str],
        sample: int,
    ) -> None:
        """Look for what has changed; cheap, to be called often.

        Args:
            places: voices that are open, by number.
            states: of the decks. sample: the first that has not been asked for.
        """
        if not self._recording or self._writer is None:
            return
        self._watch_clock(clock)
        self.voices.follow(places, sample)
        for deck, state in states.items():
            if self._states.get(deck, "stopped") != state:
                self._states[deck] = state
                self._put("state", deck=deck, state=state, sample=sample)
        if self._writer.error and self._writer.error != self._told:
            self._told = self._writer.error
            self._report(f"{self._told}; the music goes on")

    def close(self) -> None:
        """End everything; waits for what is not written yet, at most 0.7 s."""
        if self._writer is not None:
            self._writer.close()

    def _watch_clock(self, clock: TempoMap) -> None:
        tempi, meters = clock.tempi, clock.meters
        if tempi is not self._tempi:
            new, self._tempi = added(tempi, self._tempi), tempi
            self._put("tempo", tempi=[(s.sample, s.beat, s.bpm) for s in new])
        if meters is not self._meters:
            fresh, self._meters = added(meters, self._meters), meters
            self._put("meter", meters=[(m.beat, m.bar, m.beats_per_bar) for m in fresh])

    def _put(self, type: str, **facts: object) -> None:
        if self._recording and self._writer is not None:
            self._writer.put({"type": type, **facts})

    def _require_take(self, hint: str) -> None:
        if not self._on:
            raise TakeError("takes are off: start daw-bridge with takes=on")
        if not self._recording:
            raise TakeError(f"no take is being recorded: {hint}")

    def _prune(self) -> None:
        prune(self._root, self._limits)
