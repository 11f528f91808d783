"""Where the beat is after half an hour of changing tempi, by exact arithmetic and by ear."""

from __future__ import annotations

import os
import random
import tempfile
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.results import Figure, Outcome
from benchmarks.rig import BASE_PROMPT
from benchmarks.soak.watching import Progress, Stopped, pause
from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.take import Take
from daw_bridge.takes.voice_track import VoiceTrack
from tests.rig.daemon import Daemon
from tests.rig.osc import OscClient

TEMPO_EVERY_S = 5.0
STARTS_EVERY_S = 20.0
BEATS_PER_BAR = 4
SILENT_DB = -60.0


def beat(minutes: float, progress: Progress) -> Outcome:
    """Let a silent deck keep the clock going under changing tempi, and a second one start on bar lines; then
    look in the take where it began to sound, and where the bar line was by exact arithmetic.

    The null clock takes the samples: a device adds a constant and takes none away.
    """
    rng = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        words = ("takes=1", "decks=2", "device=null", f"data={folder}")
        with Daemon(*words, env=os.environ) as daemon, OscClient(daemon.port) as client:
            client.ask("/bridge/deck/2/gain", SILENT_DB)
            client.ask("/bridge/deck/1/prompt", BASE_PROMPT)
            client.ask("/bridge/deck/2/start", "now")
            changes = [0]
            with suppress(Stopped):
                _play(client, rng, 60.0 * minutes, progress, changes)
            client.ask("/bridge/deck/2/stop", "now")
            time.sleep(2.0)
            daemon.stop()
        (path,) = folders(Path(folder) / TAKES)
        take = Take(path)
        starts = [voice for voice in take.voices.values() if voice.deck == 1 and _sounded(take, voice)]
        if not starts:
            raise RuntimeError("no start was heard: the machine is too busy, or the time too short")
        errors = [_heard_at(take, voice) - _bar_line(take, voice.start) for voice in starts]
        minutes_in = (starts[-1].start - take.first_sample) / take.sample_rate / 60.0
    return Outcome(
        "beat",
        [
            Figure("tempo changes while playing", changes[0], "", note="40 to 240 BPM"),
            Figure("starts on a bar line, heard", len(starts), "", at_least=1),
            Figure("last start after", minutes_in, "minutes", note="null clock, 48 kHz"),
            Figure("error of the last start", float(abs(errors[-1])), "samples", at_most=1),
            Figure("error of any start", float(max(map(abs, errors))), "samples", at_most=1),
        ],
    )


def _play(
    client: OscClient, rng: random.Random, seconds: float, progress: Progress, changes: list[int]
) -> None:
    """Change the tempo and start deck 1, again and again; ``changes`` counts the former."""
    begun = time.monotonic()
    start_due = 0.0
    while (now := time.monotonic() - begun) < seconds or not changes[0]:
        client.ask("/bridge/tempo", rng.uniform(40.0, 240.0))
        changes[0] += 1
        pause(rng.uniform(0.2, 1.0) * TEMPO_EVERY_S, progress, begun, seconds)
        if now >= start_due:
            start_due = now + STARTS_EVERY_S
            client.ask("/bridge/tempo", 120.0)
            client.ask("/bridge/deck/1/start", "1M")
            pause(3.5, progress, begun, seconds)
            client.ask("/bridge/deck/1/stop", "now")
            pause(0.5, progress, begun, seconds)


def _sounded(take: Take, voice: VoiceTrack) -> bool:
    return any(
        block.any() for block in take.read_sound(voice.start - take.first_sample, take.sample_rate // 2)
    )


def _heard_at(take: Take, voice: VoiceTrack) -> Fraction:
    """The first sample that is not silence, around the start of a voice."""
    before = take.sample_rate // 20
    sound = np.concatenate(list(take.read_sound(voice.start - before - take.first_sample, 2 * before)))
    return Fraction(voice.start - before + int(np.flatnonzero(sound.any(axis=1))[0]))


def _bar_line(take: Take, sample: int) -> Fraction:
    """The bar line nearest to a sample, from the tempi in the journal by fractions alone."""
    tempi = take.clock.tempi
    at, beats, bpm = Fraction(tempi[0].sample), Fraction(tempi[0].beat), Fraction(tempi[0].bpm)
    for segment in tempi[1:]:
        if segment.sample > sample:
            break
        beats += (segment.sample - at) * bpm / (60 * take.sample_rate)
        at, bpm = Fraction(segment.sample), Fraction(segment.bpm)
    here = beats + (sample - at) * bpm / (60 * take.sample_rate)
    line = BEATS_PER_BAR * round(here / BEATS_PER_BAR)
    return at + (line - beats) * 60 * take.sample_rate / bpm
