"""Spot checks to look at: piano roll and spectrogram of a few items in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genmodels.training.corpus.compose import Wishes, compose
from genmodels.training.corpus.piece import Piece, Role
from genmodels.training.corpus.render import SAMPLE_RATE, render
from genmodels.training.corpus.scenes import scenes
from genmodels.training.corpus.suite import compose_item

_COLOURS: dict[Role, str] = {
    "drums": "0.45",
    "bass": "tab:brown",
    "chords": "tab:blue",
    "arp": "tab:cyan",
    "lead": "tab:red",
    "pad": "tab:purple",
}
_CHANGING_SEED = 45


def spot_checks() -> list[tuple[str, tuple[Piece, ...]]]:
    """A few items with titles: bands of two kinds, 6/8, and one that changes its style."""
    return [
        ("jazz trio", (compose(1, "jazz trio"),)),
        ("trance", (compose(0, "trance"),)),
        ("folk, 6/8", (compose(2, wishes=Wishes("folk", "full", meter="6/8")),)),
        ("an item that changes", compose_item(_CHANGING_SEED)),
    ]


def draw(path: Path) -> None:
    """Renders the spot checks and draws them into a PNG file. Raises RenderError."""
    import matplotlib
    from PIL import Image

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    checks = spot_checks()
    figure, axes = pyplot.subplots(
        2, len(checks), figsize=(4 * len(checks), 5), height_ratios=(1.2, 1), layout="constrained"
    )
    for (title, pieces), (roll, spectrum) in zip(checks, axes.T, strict=True):
        roll.set_title(f"{title}: {pieces[0].bpm:g} BPM, {pieces[0].meter}", fontsize=9)
        _draw_roll(roll, pieces)
        spectrum.specgram(
            render(*pieces), NFFT=1024, Fs=SAMPLE_RATE, noverlap=512, vmin=-130, vmax=-40, cmap="magma",
            rasterized=True,
        )  # fmt: skip
        spectrum.set_ylim(0, 12000)
        spectrum.set_xlabel("seconds", fontsize=8)
        spectrum.set_xlim(roll.get_xlim())
        for axis in (roll, spectrum):
            axis.tick_params(labelsize=7)
    axes[0, 0].set_ylabel("MIDI pitch", fontsize=8)
    axes[1, 0].set_ylabel("Hz", fontsize=8)
    handles = [Line2D([], [], color=colour, lw=3, label=role) for role, colour in _COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False)
    figure.savefig(path, dpi=72)
    pyplot.close(figure)
    # a palette makes the file less than half as large
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(200, method=Image.Quantize.MAXCOVERAGE)
    small.save(path, optimize=True)


def _draw_roll(axis: Any, pieces: Sequence[Piece]) -> None:
    offset = 0.0
    for piece in pieces:
        seconds = piece.seconds_per_beat
        for track in piece.tracks:
            starts = [offset + note.start * seconds for note in track.notes]
            ends = [offset + (note.start + note.length) * seconds for note in track.notes]
            pitches = [note.pitch for note in track.notes]
            width = 1.0 if track.is_drums else 2.0
            axis.hlines(pitches, starts, ends, colors=_COLOURS[track.role], lw=width, alpha=0.8)
        for bar in range(piece.bars):
            axis.axvline(offset + bar * piece.bar_s, color="0.85", lw=0.5, zorder=0)
        offset += piece.duration_s
    for scene in scenes(pieces):
        axis.axvline(scene.start_s, color="0.3", lw=0.8, ls=":", zorder=0)
    axis.set_xlim(0, offset)
    axis.set_ylim(24, 100)
