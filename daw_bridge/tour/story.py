"""The tour as it is played: cues are sent when their time has come, and what was said of them is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from rich.console import Console

from daw_bridge.tour.link import Link
from daw_bridge.tour.script import DECK, SCRIPT, Cue

_POLL_S = 0.2
_STOP_AT = 0.96


@dataclass(frozen=True)
class Heard:
    """A cue and the bar, from 1, from which on it sounds."""

    cue: Cue
    bar: int


@dataclass
class Story:
    """What happened on a tour.

    Attributes:
        heard: the cues, in order. stop_bar: the bar before which the music ends.
        factors: speed of generation, times real time, looked at several times a second.
        underruns: times that sound was late. held: times that the deck repeated its last bars because
            generation was late, and for how many seconds in all.
    """

    heard: list[Heard] = field(default_factory=list)
    stop_bar: int = 0
    factors: list[float] = field(default_factory=list)
    underruns: int = 0
    held: tuple[int, float] = (0, 0.0)

    @property
    def factor(self) -> float:
        """Median speed of generation, times real time; NaN where it was never seen."""
        return float(np.median(self.factors)) if self.factors else float("nan")


def perform(link: Link, length: float, out: Console) -> Story:
    """Play the script in so many seconds.

    Raises:
        TourError: the daemon refuses or does not answer.
    """
    story = Story()
    link.ask(f"{DECK}/quantum", "1M")
    for address, values in SCRIPT[0].messages(None):
        link.ask(address, *values)
    ack = link.ask(f"{DECK}/start", "1M")
    begin = link.output_second() + float(ack.params[2])
    _note(story, SCRIPT[0], int(ack.params[3]), float(ack.params[2]), out)
    for before, cue in pairwise(SCRIPT):
        _wait(link, story, begin + cue.at * length)
        _play(link, story, cue, before, out)
    _wait(link, story, begin + _STOP_AT * length)
    ack = link.ask(f"{DECK}/stop", "1M")
    story.stop_bar = int(ack.params[3])
    out.print(f"bar {story.stop_bar:>3}  stop")
    _wait(link, story, link.output_second() + float(ack.params[2]) + 1.0)
    story.underruns = int(link.query("/bridge/status").params[6])
    held = link.query(f"{DECK}/held").params
    story.held = (int(held[0]), float(held[1]))
    return story


def _play(link: Link, story: Story, cue: Cue, before: Cue, out: Console) -> None:
    """Send a cue's messages together, all for the next bar line."""
    messages = cue.messages(before)
    for address, values in messages:
        link.send(address, *values, "1M")
    acks = [link.wait_for("/bridge/ack", about=address) for address, _ in messages]
    _note(story, cue, int(acks[-1].params[3]), float(acks[-1].params[2]), out)


def _note(story: Story, cue: Cue, bar: int, wait: float, out: Console) -> None:
    story.heard.append(Heard(cue, bar))
    out.print(f"bar {bar:>3}  {cue.name}  [dim](sounds {wait:.2f} s after it was sent)")


def _wait(link: Link, story: Story, until: float) -> None:
    """Let the music play to an output second, noting how fast it is generated."""
    while (left := until - link.output_second()) > 0.0:
        factor = float(link.query(f"{DECK}/state").params[2])
        if factor > 0.0:
            story.factors.append(factor)
        time.sleep(min(left, _POLL_S))
