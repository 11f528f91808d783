"""One voice of a take: what it was told and the tokens that counted, rollbacks resolved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.takes.coding import decode_tokens
from daw_bridge.takes.journal import Record

Tokens = NDArray[np.int16]


class TokenTrack:
    """Tokens [K, n] of consecutive frames, in which later ones replace earlier ones.

    Attributes:
        first: frame of the first column.
    """

    def __init__(self) -> None:
        self.first = 0
        self._count = 0
        self._store: Tokens = np.zeros((0, 0), np.int16)

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.first + self._count

    @property
    def tokens(self) -> Tokens:
        """All of them, [K, n]."""
        return self._store[:, : self._count]

    def replace(self, first: int, block: Tokens) -> None:
        """Put ``block`` at frame ``first``; what was there from that frame on is gone. Everything is gone
        where the block lies before the first frame or leaves a gap."""
        if not self.first <= first <= self.end or self._store.shape[0] != block.shape[0]:
            self.first, self._count = first, 0
        place = first - self.first
        stop = place + block.shape[1]
        if self._store.shape[0] != block.shape[0] or stop > self._store.shape[1]:
            grown = np.zeros((block.shape[0], max(1024, 2 * stop)), np.int16)
            if self._count:
                grown[:, : self._count] = self.tokens
            self._store = grown
        self._store[:, place:stop] = block
        self._count = stop


@dataclass
class VoiceTrack:
    """One voice, as the journal tells it.

    Attributes:
        number: of the voice; it is opened again where a voice that was given up is taken after all, and the
            last time counts. deck: from 1.
        origin: output sample of its frame 0. start, stop: output samples between which it sounds; None where
            no stop is known.
        conditions: (frame, conditions as JSON) in force, ascending, the first from frame 0 on.
        prompt: name of the array of tokens that it went on from, as JSON, or None.
        tokens: those that counted.
        closed: whether it has ended.
    """

    number: int
    deck: int
    seed: int
    origin: int
    start: int
    conditions: list[tuple[int, Any]]
    prompt: Any = None
    stop: int | None = None
    tokens: TokenTrack = field(default_factory=TokenTrack)
    closed: bool = False
    pending: list[tuple[int, int, Any]] = field(default_factory=list)

    def tell(self, record: Record) -> None:
        """Take in a record about this voice.

        A change of conditions counts once the worker has answered with tokens of its epoch: from the frame
        asked for, or from the first of that answer where the voice could not go back so far. A change without
        an answer left no trace in the tokens.
        """
        kind = record["type"]
        if kind == "conditions":
            self.pending.append((record["epoch"], record["frame"], record["conditions"]))
        elif kind == "tokens":
            self._confirm(record["epoch"], record["first"])
            self.tokens.replace(record["first"], decode_tokens(record))
        elif kind == "place":
            self.origin, self.start, self.stop = record["origin"], record["start"], record["stop"]
        elif kind == "close":
            self.closed = True

    def _confirm(self, epoch: int, first: int) -> None:
        while self.pending and self.pending[0][0] <= epoch:
            _, asked, conditions = self.pending.pop(0)
            frame = max(asked, first)
            self.conditions = [(f, c) for f, c in self.conditions if f < frame]
            self.conditions.append((frame, conditions))


def voice_tracks(records: Iterable[Record]) -> dict[int, VoiceTrack]:
    """All voices of a journal, by number, in the order in which they were opened."""
    voices: dict[int, VoiceTrack] = {}
    for record in records:
        if record.get("type") == "open":
            voices[record["voice"]] = VoiceTrack(
                record["voice"],
                record["deck"],
                record["seed"],
                record["origin"],
                record["start"],
                [(frame, conditions) for frame, conditions in record["conditions"]],
                record["prompt"],
            )
        elif (voice := voices.get(record.get("voice", -1))) is not None:
            voice.tell(record)
    return voices


def carried_over(records: list[Record]) -> list[Record]:
    """Records with which another journal takes over the voices that were open at the end of this one: with
    them it can be replayed by itself."""
    voices = [voice for voice in voice_tracks(records).values() if not voice.closed]
    needed = _array_names([voice.conditions for voice in voices])
    needed |= _array_names([voice.pending for voice in voices]) | _array_names(
        [voice.prompt for voice in voices]
    )
    carried = [r for r in records if r.get("type") == "array" and r["name"] in needed]
    for voice in voices:
        carried.append(
            {
                "type": "open",
                "voice": voice.number,
                "deck": voice.deck,
                "seed": voice.seed,
                "origin": voice.origin,
                "start": voice.start,
                "conditions": voice.conditions,
                "prompt": voice.prompt,
            }
        )
        carried.append(
            {
                "type": "place",
                "voice": voice.number,
                "origin": voice.origin,
                "start": voice.start,
                "stop": voice.stop,
            }
        )
        carried.extend(
            {
                "type": "conditions",
                "voice": voice.number,
                "epoch": epoch,
                "frame": frame,
                "conditions": conditions,
            }
            for epoch, frame, conditions in voice.pending
        )
    return carried


def _array_names(text: Any) -> set[str]:
    """Names of all arrays that a piece of JSON refers to."""
    if isinstance(text, dict):
        own = {text["array"]} if isinstance(text.get("array"), str) else set()
        return own.union(*map(_array_names, text.values()))
    if isinstance(text, list | tuple):
        return set().union(*map(_array_names, text))
    return set()
