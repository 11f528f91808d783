"""A take's sound, or some bars of it, as a file for others; or its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.wav_file import Music
from daw_bridge.errors import TakeError
from daw_bridge.takes.clip import LOOP_FADE_S, bars_music, publish, publish_clip, seamless
from daw_bridge.takes.journal import of_type
from daw_bridge.takes.take import Take

TOKENS = ".npz"
KEY = "/bridge/deck/1/key"


def export(take: Take, out: Path, bars: tuple[int, int] | None = None) -> None:
    """Write ``out``: WAV, FLAC, or for ``.npz`` the tokens of all voices.

    Args:
        bars: first and last bar, both included: a seamless loop, bar-exact. None is the whole take.

    Raises:
        TakeError: the take has no sound, or not these bars.
        ClipError: the file cannot be written.
    """
    if out.suffix.lower() == TOKENS:
        _export_tokens(take, out)
    elif bars is None:
        _export_whole(take, out)
    else:
        _export_bars(take, out, *bars)


def key_at(take: Take, sample: int) -> str:
    """The key that deck 1 was given at an output sample, ``''`` for none."""
    key = str(take.header["values"].get(KEY, [""])[0])
    for record in of_type(take.records, "command"):
        if record["address"] == KEY and record["sample"] <= sample:
            key = str(record["values"][0])
    return key


def _export_whole(take: Take, out: Path) -> None:
    first, clock = take.first_sample, take.clock
    stop = first + take.samples
    bar = max(1, clock.bar_beat(clock.beat_at(first))[0])
    cues = []
    while (place := clock.sample_at(clock.beat_of_bar(bar))) < stop:
        if place >= first:
            cues.append(place - first)
        bar += 1
    beats = clock.beat_at(stop) - clock.beat_at(first)
    meter = clock.meter_segment(clock.beat_at(first)).beats_per_bar
    music = Music(take.tempo, beats, meter, key_at(take, first), loop=False, cues=tuple(cues))
    publish_clip(out, take.read_sound(), take.samples, _channels(take), take.sample_rate, music, _facts(take))


def _export_bars(take: Take, out: Path, first_bar: int, last_bar: int) -> None:
    clock, begin = take.clock, take.first_sample
    if not 1 <= first_bar <= last_bar:
        raise TakeError(f"bars {first_bar}:{last_bar} are refused: give first and last, from 1")
    start = clock.sample_at(clock.beat_of_bar(first_bar))
    stop = clock.sample_at(clock.beat_of_bar(last_bar + 1))
    if start < begin or stop > begin + take.samples + 1:
        whole = clock.bar_beat(clock.beat_at(begin + take.samples))[0] - 1
        lead = clock.bar_beat(clock.beat_at(begin) - 1e-6)[0] + 1
        raise TakeError(
            f"take {take.folder.name} has the whole bars {max(1, lead)}..{whole}, not {first_bar}..{last_bar}"
        )
    music, count = bars_music(clock, start, stop, first_bar, last_bar + 1, key_at(take, start))
    fade = min(round(LOOP_FADE_S * take.sample_rate), start - begin)
    sound = np.concatenate([*take.read_sound(start - begin - fade, fade + count)])
    loop = sound[fade:]
    if len(loop) < count:
        loop = np.pad(loop, ((0, count - len(loop)), (0, 0)))
    loop = seamless(loop, sound[:fade].copy(), take.sample_rate)
    facts = {**_facts(take), "first_bar": first_bar, "bars": last_bar + 1 - first_bar}
    publish_clip(out, (loop,), count, loop.shape[1], take.sample_rate, music, facts)


def _export_tokens(take: Take, out: Path) -> None:
    arrays: dict[str, NDArray[np.int16]] = {}
    for voice in take.voices.values():
        first, stop = take.sounded(voice)
        tokens, begin = voice.tokens.tokens, voice.tokens.first
        arrays[f"deck{voice.deck}_voice{voice.number}"] = tokens[:, first - begin : stop - begin]

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    try:
        publish(out, write)
    except OSError as error:
        raise TakeError(f"{out} cannot be written: {error}") from error


def _channels(take: Take) -> int:
    return int(take.header["channels"])


def _facts(take: Take) -> dict[str, object]:
    return {
        "take": take.folder.name,
        "name": take.name,
        "started": take.header["started"],
        "model": take.model["name"],
        "weights": take.model["weights"],
        "prompts": take.prompts,
    }


def levels(take: Take, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level of the sound, RMS in dB re full scale, in equal pieces of time: seconds of each, and dB."""
    size = max(1, -(-take.samples // columns))
    power = [float(np.mean(np.square(block, dtype=np.float64))) for block in _blocks(take, size)]
    times = (np.arange(len(power)) + 0.5) * size / take.sample_rate
    return times, 10.0 * np.log10(np.maximum(power, 1e-10))


def _blocks(take: Take, size: int) -> Iterator[NDArray[np.float32]]:
    """The sound in pieces of ``size`` samples."""
    waiting: list[NDArray[np.float32]] = []
    count = 0
    for block in take.read_sound():
        waiting.append(block)
        count += len(block)
        if count >= size:
            joined = np.concatenate(waiting)
            whole = len(joined) // size * size
            yield from joined[:whole].reshape(-1, size, joined.shape[1])
            waiting, count = [joined[whole:]], len(joined) - whole
    if count:
        yield np.concatenate(waiting)
