"""What the public methods are asked, as one `Conditions` an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from genmodels.conditioning.attributes import ChromaTrack, Conditions, Recording, Transport, WeightedPrompt
from genmodels.errors import ConditionError
from genmodels.generate.sound import sound_fault

Item = TypeVar("Item")


def item_conditions(
    common: Conditions,
    descriptions: Sequence[str | None],
    transport: Transport | None = None,
    chroma: ChromaTrack | Sequence[ChromaTrack | None] | None = None,
    recordings: Recording | Sequence[Recording | None] | None = None,
) -> list[Conditions]:
    """One `Conditions` a description.

    Args:
        common: what all have in common.
        descriptions: one an item, None for no text.
        transport: of all items.
        chroma, recordings: of all items, or one an item.
    Raises:
        ConditionError: a string instead of a list, a description that is no string, or numbers that differ.
    """
    if isinstance(descriptions, str):
        raise ConditionError(f"descriptions is a string, must be a list of strings: [{descriptions[:40]!r}]")
    for text in descriptions:
        if text is not None and not isinstance(text, str):
            raise ConditionError(f"description is {text!r}, must be a string or None")
    count = len(descriptions)
    tracks = _each(chroma, count, "chroma tracks")
    wavs = _each(recordings, count, "recordings")
    return [
        replace(
            common,
            prompts=(WeightedPrompt(text),) if text else (),
            transport=transport,
            chroma=track,
            recording=wav,
        )
        for text, track, wav in zip(descriptions, tracks, wavs, strict=True)
    ]


def melody_list(wavs: Tensor | Sequence[Tensor | None], count: int) -> list[Tensor | None]:
    """Melodies [C, T], one an item, from [C, T] for all, [B, C, T], or a list.

    Raises:
        ConditionError: numbers differ, or a melody is no floating-point tensor of such a shape.
    """
    if isinstance(wavs, Tensor):
        if wavs.ndim not in (2, 3):
            raise ConditionError(f"melody_wavs has shape {tuple(wavs.shape)}, must be [C, T] or [B, C, T]")
        melodies = list(wavs) if wavs.ndim == 3 else [wavs] * count
    else:
        melodies = list(wavs)
    if len(melodies) != count:
        raise ConditionError(f"{count} descriptions, but {len(melodies)} melodies: give one each")
    for number, wav in enumerate(melodies):
        fault = None if wav is None else sound_fault(wav)
        if wav is not None and fault is None and wav.ndim != 2:
            fault = f"has shape {tuple(wav.shape)}, must be [C, T]"
        if fault is not None:
            raise ConditionError(f"melody {number} {fault}")
    return melodies


def _each(value: Item | Sequence[Item | None] | None, count: int, what: str) -> Sequence[Item | None]:
    if not isinstance(value, Sequence):
        return [value] * count
    if len(value) != count:
        raise ConditionError(f"{count} descriptions, but {len(value)} {what}: give one each")
    return value
