"""The corpus of the comparisons: the trainers' own where it is there, else a small one made for them."""

from __future__ import annotations

import os
from pathlib import Path

from genmodels.training.corpus.dataset import write_corpus

TRAINING, HELD_OUT = Path("build/corpus"), Path("build/corpus-valid")
OWN = Path("build/ablation")
PIECES, HELD_OUT_PIECES = 40, 8
HELD_OUT_SEED = 900001


def corpora() -> tuple[Path, Path]:
    """Folders of the pieces to train on and of held-out ones; composes and renders them if needed.

    Raises:
        RenderError: pieces have to be rendered, and FluidSynth or its soundfont is missing.
    """
    if _count(TRAINING) >= PIECES and _count(HELD_OUT) >= HELD_OUT_PIECES:
        return TRAINING, HELD_OUT
    folders = OWN / "corpus", OWN / "corpus-valid"
    workers = os.cpu_count() or 1
    write_corpus(folders[0], PIECES, 1, workers)
    write_corpus(folders[1], HELD_OUT_PIECES, HELD_OUT_SEED, workers)
    return folders


def _count(folder: Path) -> int:
    return len(list(folder.glob("[0-9]*.json")))
