"""Texts and recordings of a decoder's rows, encoded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import torch

from genmodels.conditioning.base import (
    ConditionTensor,
    TextConditioner,
    WaveformConditioner,
    stack_conditions,
)
from genmodels.conditioning.chroma_stem import ChromaStemConditioner
from genmodels.conditioning.excerpt import Span
from genmodels.conditioning.recording import Recording
from genmodels.lm.model import LMModel

_KEPT_TEXTS = 64
_KEPT_RECORDINGS = 16

Encoded = dict[str, ConditionTensor]


class RowInput(NamedTuple):
    """What one row hears of; None is absent. A `whole` recording is heard as it is, not by windows."""

    text: str | None = None
    recording: Recording | None = None
    whole: bool = False


class RowEncoder:
    """Encodes each text and each window of a recording by itself, so that neither depends on those beside
    it, and remembers them.

    In the window that starts at frame f, samples (int(f / frame_rate * rate) + [0, int(max_duration * rate)))
    modulo its length are heard of a recording. One that is shorter than the window is thus repeated as sound.
    A `whole` one is left to its conditioner, which repeats or cuts the features. (AudioCraft does the first
    in long form, the second where a single window is enough.)

    Args:
        lm: whose conditioners are used.
        frame_rate: frames a second.
        max_duration: seconds of a window.
    """

    def __init__(self, lm: LMModel, frame_rate: float, max_duration: float) -> None:
        self._lm = lm
        self._frame_rate = frame_rate
        self._max_duration = max_duration
        self._texts: OrderedDict[str | None, Encoded] = OrderedDict()
        self._recordings: OrderedDict[tuple[Recording | None, int | None], Encoded] = OrderedDict()
        named = lm.condition_provider.conditioners.items()
        self._text = {name: c for name, c in named if isinstance(c, TextConditioner)}
        self._wav = {name: c for name, c in named if isinstance(c, WaveformConditioner)}

    @property
    def has_text(self) -> bool:
        """Whether the model takes texts."""
        return bool(self._text)

    @property
    def has_recording(self) -> bool:
        """Whether the model takes recordings."""
        return bool(self._wav)

    @property
    def has_melody(self) -> bool:
        """Whether what the model takes of a recording is its melody."""
        return any(isinstance(conditioner, ChromaStemConditioner) for conditioner in self._wav.values())

    def encode(self, rows: Sequence[RowInput], offset: int) -> Encoded:
        """Condition tensors of rows in the window that starts at frame `offset`, by name; padded to the
        longest."""
        texts = [self._encode_text(row.text) for row in rows] if self._text else []
        wavs = [self._encode_recording(row, offset) for row in rows] if self._wav else []
        stacked = {name: stack_conditions([item[name] for item in texts]) for name in self._text}
        stacked.update({name: stack_conditions([item[name] for item in wavs]) for name in self._wav})
        return stacked

    def _encode_text(self, text: str | None) -> Encoded:
        if text not in self._texts:
            device = self._lm.device
            with torch.inference_mode():
                self._texts[text] = {
                    name: c({key: value.to(device) for key, value in c.prepare([text]).items()})
                    for name, c in self._text.items()
                }
            if len(self._texts) > _KEPT_TEXTS:
                self._texts.popitem(last=False)
        self._texts.move_to_end(text)
        return self._texts[text]

    def _encode_recording(self, row: RowInput, offset: int) -> Encoded:
        recording = row.recording
        place = None if recording is None or row.whole else offset
        key = (recording, place)
        if key not in self._recordings:
            device = self._lm.device
            span = None if place is None else Span(place / self._frame_rate, self._max_duration)
            with torch.inference_mode():
                self._recordings[key] = {
                    name: c({k: value.to(device) for k, value in c.prepare([recording], span).items()})
                    for name, c in self._wav.items()
                }
            if len(self._recordings) > _KEPT_RECORDINGS:
                self._recordings.popitem(last=False)
        self._recordings.move_to_end(key)
        return self._recordings[key]
