"""What the voices of a take that has failed are told: kept in memory, for the take that follows on it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np

from daw_bridge.takes.coding import encode_tokens
from daw_bridge.takes.journal import Record, encode_line, scan
from daw_bridge.takes.voice_track import carried_over

MAX_BYTES = 32_000_000

_NO_TOKENS = encode_tokens(np.zeros((1, 0), np.int16))
_KEPT = ("open", "place", "close", "conditions", "array", "tokens")


class Aside:
    """A journal in memory of all that a later one must know of open voices, without their tokens.

    Changes of conditions are alike, and packed they take some tens of bytes each. Where they come to more
    than `MAX_BYTES` nothing is known any more: then no voice is taken over, rather than a wrong one.

    Args:
        records: of the voices that are open, as JSON.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._packer = zlib.compressobj(1)
        self._packed = bytearray()
        self._epochs: dict[int, int] = {}
        self._known = True
        self.add(records)

    def add(self, records: Iterable[Record]) -> None:
        """Keep records, as JSON; those that say nothing of voices are dropped."""
        for record in records:
            if self._known and record["type"] in _KEPT:
                self._add(record)
        self._known = self._known and len(self._packed) <= MAX_BYTES

    def lose(self) -> None:
        """Records are missing from here on."""
        self._known = False

    def carried(self) -> list[Record]:
        """Records with which another journal takes the voices over."""
        if not self._known:
            return []
        packed = bytes(self._packed) + self._packer.copy().flush()
        return carried_over(scan(zlib.decompress(packed))[0])

    def _add(self, record: Record) -> None:
        if record["type"] == "open":
            self._epochs.pop(record["voice"], None)
        if record["type"] == "tokens":
            if self._epochs.get(record["voice"]) == record["epoch"]:
                return
            # that conditions hold is known from the first tokens of their epoch
            self._epochs[record["voice"]] = record["epoch"]
            record = {**record, **_NO_TOKENS}
        self._packed += self._packer.compress(encode_line(record))
