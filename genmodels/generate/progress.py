"""Telling how far a generation is."""

from __future__ import annotations

import sys

from genmodels.lm.generation import ProgressCallback


def report_of_part(
    custom: ProgressCallback | None, shown: bool, before: int, total: int
) -> ProgressCallback | None:
    """What reports the frames of one batch as part of all; None if nobody wants to know.

    Args:
        custom: called with (generated, total).
        shown: also write to the terminal (stderr).
        before: frames of the batches before it.
        total: frames of all batches.
    """
    if custom is None and not shown:
        return None

    def report(generated: int, _total: int) -> None:
        if custom is not None:
            custom(before + generated, total)
        if shown:
            print(f"{before + generated:6d} / {total:6d}", end="\r", file=sys.stderr)

    return report


def report_of_window(report: ProgressCallback | None, offset: int) -> ProgressCallback | None:
    """What reports the frames of a window that starts at frame `offset` as those of the whole."""
    if report is None:
        return None
    return lambda generated, total: report(offset + generated, offset + total)
