"""A take as it lies on the disk, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from daw_bridge.clock.tempo_map import MeterSegment, TempoMap, TempoSegment
from daw_bridge.errors import TakeError
from daw_bridge.takes.coding import Array, decode_array, decode_value
from daw_bridge.takes.journal import Record, keep_in_use, of_type, read_journal
from daw_bridge.takes.library import JOURNAL_NAME
from daw_bridge.takes.voice_track import VoiceTrack, voice_tracks
from genmodels.conditioning.attributes import Conditions

FORMAT_VERSIONS = (1,)
READ_BLOCK = 1 << 16

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Event:
    """Something in the course of a take.

    Attributes:
        sample: output sample at which it sounds. bar, beat: where that is, bar and beat from 1.
        kind: ``'command'``, ``'mark'`` or ``'state'``.
        text: for people.
    """

    sample: int
    bar: int
    beat: float
    kind: str
    text: str


class Take:
    """A take's folder, read as far as it is whole. No take is pruned while it is here.

    Raises:
        TakeError: the journal cannot be read, or comes from a version that this one does not know.

    Attributes:
        header: the journal's first record.
        torn_bytes: what a crash left behind the last whole record of the journal.
        writing: whether it is being recorded now.
    """

    def __init__(self, folder: Path) -> None:
        text = read_journal(folder / JOURNAL_NAME)
        self.folder = folder
        self.records = text.records
        self.torn_bytes = text.torn_bytes
        self.writing = text.writing
        if not self.records or self.records[0].get("type") != "take":
            raise TakeError(f"take {folder.name}: the journal has no beginning")
        self.header: Record = self.records[0]
        if self.header["version"] not in FORMAT_VERSIONS:
            raise TakeError(
                f"take {folder.name}: its format is version {self.header['version']}, this daw-bridge reads "
                f"{', '.join(map(str, FORMAT_VERSIONS))}: use a newer one"
            )
        keep_in_use(folder / JOURNAL_NAME, self)

    @property
    def name(self) -> str:
        """The name it was given, or ``''``."""
        names = [record["name"] for record in of_type(self.records, "name")]
        return str(names[-1]) if names else ""

    @property
    def started(self) -> datetime:
        """When, with time zone."""
        return datetime.fromisoformat(self.header["started"])

    @property
    def sample_rate(self) -> int:
        """Of output and sound, Hz."""
        return int(self.header["sample_rate"])

    @property
    def model(self) -> Mapping[str, Any]:
        """The model's identity: see docs/takes.md."""
        model: Mapping[str, Any] = self.header["model"]
        return model

    @property
    def ending(self) -> str:
        """Why it ended; ``'recording'`` where it has not, ``'interrupted'`` where the process was killed."""
        ends = [record["reason"] for record in of_type(self.records, "end")]
        if ends:
            return str(ends[-1])
        return "recording" if self.writing else "interrupted"

    @cached_property
    def sound(self) -> Path | None:
        """The file of its sound, or None where none was written."""
        files = [record["file"] for record in of_type(self.records, "sound")]
        path = self.folder / Path(files[0]).name if files else None
        return path if path is not None and path.is_file() else None

    @cached_property
    def first_sample(self) -> int:
        """Output sample of the sound's first; where there is no sound, of the first voice."""
        firsts = [record["first"] for record in of_type(self.records, "sound")]
        return int(firsts[0] if firsts else min((v.start for v in self.voices.values()), default=0))

    @cached_property
    def samples(self) -> int:
        """Samples of its sound."""
        if self.sound is None:
            return 0
        try:
            return int(soundfile.info(self.sound).frames)
        except soundfile.SoundFileError:
            return 0

    @property
    def seconds(self) -> float:
        """Length of its sound."""
        return self.samples / self.sample_rate

    @cached_property
    def clock(self) -> TempoMap:
        """Beats and bars over output samples."""
        tempi: list[TempoSegment] = []
        for record in of_type(self.records, "tempo"):
            for sample, beat, bpm in record["tempi"]:
                tempi = [s for s in tempi if s.sample < sample]
                tempi.append(TempoSegment(sample, beat, bpm))
        meters: list[MeterSegment] = []
        for record in of_type(self.records, "meter"):
            for beat, bar, beats in record["meters"]:
                meters = [m for m in meters if m.beat < beat]
                meters.append(MeterSegment(beat, bar, beats))
        if not tempi or not meters:
            raise TakeError(f"take {self.folder.name}: the journal has no tempo")
        return TempoMap.of(self.sample_rate, tempi, meters)

    @cached_property
    def voices(self) -> dict[int, VoiceTrack]:
        """All voices by number, in the order in which they were opened."""
        return voice_tracks(self.records)

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """Arrays that conditions and voices refer to, by name."""
        return {record["name"]: decode_array(record) for record in of_type(self.records, "array")}

    def conditions(self, voice: VoiceTrack) -> list[tuple[int, Conditions]]:
        """What a voice was told: (frame, conditions), ascending."""
        return [(frame, decode_value(text, self.arrays)) for frame, text in voice.conditions]

    def sample_of(self, voice: VoiceTrack, frame: int) -> int:
        """Output sample at which a frame of a voice begins."""
        hop, rate = self.model["hop_length"], self.model["sample_rate"]
        return voice.origin + round(frame * int(hop) * self.sample_rate / int(rate))

    def sounded(self, voice: VoiceTrack) -> tuple[int, int]:
        """The frames of a voice that are heard in the take, wholly or in part: first, and the one after the
        last."""
        per_frame = self.model["hop_length"] * self.sample_rate / self.model["sample_rate"]
        begin = max(voice.start, self.first_sample)
        end = self.first_sample + self.samples
        if voice.stop is not None:
            end = min(end, voice.stop)
        first = max(voice.tokens.first, int((begin - voice.origin) // per_frame))
        if end <= begin:
            return first, first
        stop = min(voice.tokens.end, -int(-(end - voice.origin) // per_frame))
        return first, max(first, stop)

    @cached_property
    def events(self) -> list[Event]:
        """Commands, marks and the decks' states, by the time at which they sound."""
        found = []
        for record in of_type(self.records, "command", "mark", "state"):
            sample = int(record["sample"])
            bar, beat = self.clock.bar_beat(self.clock.beat_at(sample))
            found.append(Event(sample, bar, beat, record["type"], _text_of(record)))
        return sorted(found, key=lambda event: event.sample)

    @property
    def tempo_known(self) -> bool:
        """Whether the journal came as far as the tempo."""
        return any(True for _ in of_type(self.records, "tempo")) and any(
            True for _ in of_type(self.records, "meter")
        )

    @property
    def tempo(self) -> float:
        """The tempo that held longest, BPM."""
        lengths: dict[float, int] = {}
        segments = self.clock.tempi
        stop = self.first_sample + self.samples
        for segment, end in zip(segments, [*(s.sample for s in segments[1:]), stop], strict=True):
            begin = max(segment.sample, self.first_sample)
            lengths[segment.bpm] = lengths.get(segment.bpm, 0) + max(0, min(end, stop) - begin)
        return max(lengths, key=lambda bpm: lengths[bpm])

    @property
    def prompts(self) -> list[str]:
        """The texts that voices were told, each once, in order."""
        texts: dict[str, None] = {}
        for voice in self.voices.values():
            for _, conditions in voice.conditions:
                texts.update(dict.fromkeys(str(p["text"]) for p in conditions["prompts"] if p["text"]))
        return list(texts)

    def read_sound(self, first: int = 0, count: int | None = None) -> Iterator[Samples]:
        """Blocks [n, channels] of the sound from sample ``first`` of the file on.

        Raises:
            TakeError: there is none, or it cannot be read.
        """
        if self.sound is None:
            raise TakeError(f"take {self.folder.name} has no sound")
        rest = self.samples - first if count is None else count
        try:
            with soundfile.SoundFile(self.sound) as file:
                file.seek(first)
                while rest > 0:
                    block: Samples = file.read(min(rest, READ_BLOCK), dtype="float32", always_2d=True)
                    if not len(block):
                        return
                    rest -= len(block)
                    yield block
        except (OSError, soundfile.SoundFileError) as error:
            raise TakeError(f"take {self.folder.name}: {self.sound.name} cannot be read: {error}") from error


def _text_of(record: Record) -> str:
    if record["type"] == "state":
        return f"deck {record['deck']} {record['state']}"
    if record["type"] == "mark":
        return str(record["text"])
    words = (f"{value:g}" if isinstance(value, float) else str(value) for value in record["values"])
    return " ".join([record["address"], *words])
