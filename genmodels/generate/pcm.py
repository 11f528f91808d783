"""Incremental decoding of a growing, and sometimes shortened, stream of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from genmodels.codec.base import CompressionModel

Codes = npt.NDArray[np.int64]
Pcm = npt.NDArray[np.float32]

_LONGEST_PUSH = 25
_SNAPSHOT_EVERY = 8


@dataclass(frozen=True)
class _Snapshot:
    frame: int
    state: Any


class PcmStream:
    """Decodes frames as they come, and can go back.

    Args:
        codec: decodes.
        first_frame: number of the first frame that will be pushed.

    Attributes:
        frame: frames taken in. PCM has been given out for the first `frame - lookahead_frames` of them.
    """

    def __init__(self, codec: CompressionModel, first_frame: int = 0) -> None:
        self._decoder = codec.streaming_decoder()
        self._decoder.begin(first_frame)
        self._channels = codec.channels
        self._device = next(codec.parameters()).device
        self.lookahead_frames = self._decoder.lookahead_frames
        self.frame = first_frame
        self._snapshots = [_Snapshot(first_frame, self._decoder.snapshot())]

    def push(self, codes: Codes) -> Pcm:
        """Take in codes [K, n] and return the PCM that has become exact: [m * hop], or [m * hop, C] if not
        mono."""
        parts = []
        for start in range(0, codes.shape[1], _LONGEST_PUSH):
            parts.append(self._push(codes[:, start : start + _LONGEST_PUSH]))
            self._keep()
        if not parts:
            return np.zeros((0,) if self._channels == 1 else (0, self._channels), dtype=np.float32)
        return np.concatenate(parts)

    @staticmethod
    def push_together(streams: Sequence[PcmStream], codes: Sequence[Codes]) -> list[Pcm]:
        """What `push` returns for each of several streams, to rounding; chunks of one length go through the
        codec in one batch where it can do that."""
        results: dict[int, Pcm] = {}
        alike: dict[tuple[object, int], list[int]] = {}
        for i, (stream, chunk) in enumerate(zip(streams, codes, strict=True)):
            key, length = stream._decoder.batch_key, chunk.shape[1]
            if key is None or not 0 < length <= _LONGEST_PUSH:
                results[i] = stream.push(chunk)
            else:
                alike.setdefault((key, length), []).append(i)
        for batch in alike.values():
            first, *others = (streams[i] for i in batch)
            results.update(zip(batch, first._push_batch(others, [codes[i] for i in batch]), strict=True))
        return [results[i] for i in range(len(streams))]

    def roll_back(self, frame: int, history: Codes, history_start: int) -> None:
        """Go back to when `frame` frames had been taken in.

        Args:
            frame: at most the present one, and not before `forget`.
            history: codes [K, n] of the frames from `history_start` on; `frame` and those before it must be
                there.
        """
        if frame == self.frame:
            return
        while len(self._snapshots) > 1 and self._snapshots[-1].frame > frame:
            self._snapshots.pop()
        snapshot = self._snapshots[-1]
        self._decoder.restore(snapshot.state)
        self.frame = snapshot.frame
        # with snapshots of its own: where one roll back follows another, none made since then may be left
        self.push(history[:, snapshot.frame - history_start : frame - history_start])

    def forget(self, frame: int) -> None:
        """Drop what is needed only to go back before `frame`."""
        while len(self._snapshots) > 1 and self._snapshots[1].frame <= frame:
            del self._snapshots[0]

    def _push(self, codes: Codes) -> Pcm:
        with torch.inference_mode():
            tokens = torch.from_numpy(np.ascontiguousarray(codes))[None].to(self._device)
            return self._taken(codes.shape[1], self._decoder.push(tokens))

    def _push_batch(self, others: Sequence[PcmStream], codes: Sequence[Codes]) -> list[Pcm]:
        if not others:
            return [self.push(codes[0])]
        streams = (self, *others)
        with torch.inference_mode():
            tokens = torch.from_numpy(np.stack(codes)).to(self._device)
            wavs = self._decoder.push_batch([other._decoder for other in others], tokens)
            pcms = [stream._taken(tokens.shape[2], wav) for stream, wav in zip(streams, wavs, strict=True)]
        for stream in streams:
            stream._keep()
        return pcms

    def _keep(self) -> None:
        """Remember how to come back to here, now and then."""
        if self.frame - self._snapshots[-1].frame >= _SNAPSHOT_EVERY:
            self._snapshots.append(_Snapshot(self.frame, self._decoder.snapshot()))

    def _taken(self, frames: int, sound: torch.Tensor) -> Pcm:
        """The PCM [1, C, n] of so many frames more."""
        wav = sound[0].float().cpu().numpy()
        self.frame += frames
        mono: Pcm = wav[0] if self._channels == 1 else wav.T
        return mono
