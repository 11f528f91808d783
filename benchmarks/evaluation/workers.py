"""Work on many things in several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import torch
from rich.progress import track

TOGETHER = 8
"""Things that a process takes at a time."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def each_of(
    work: Callable[[Thing], Result], things: Sequence[Thing], what: str, workers: int
) -> list[Result]:
    """What comes of every thing, in order, with the time that is left; in several processes where there are
    enough things. `work` and the things must be picklable."""
    if workers <= 1 or len(things) <= TOGETHER:
        return [work(thing) for thing in track(things, what, transient=True)]
    # as many threads as processes would be in each other's way
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        done = pool.map(work, things, chunksize=TOGETHER)
        return list(track(done, what, total=len(things), transient=True))
