"""The training corpus: pieces composed from a seed, rendered by FluidSynth, with labels and captions."""

from genmodels.training.corpus.captions import caption_set, captions
from genmodels.training.corpus.compose import compose
from genmodels.training.corpus.dataset import CorpusError, CorpusItem, read_corpus, write_corpus
from genmodels.training.corpus.labels import FrameLabels, frame_labels
from genmodels.training.corpus.piece import Note, Piece, Section, Track
from genmodels.training.corpus.render import RenderError, find_fluidsynth, find_soundfont, render

__all__ = [
    "CorpusError",
    "CorpusItem",
    "FrameLabels",
    "Note",
    "Piece",
    "RenderError",
    "Section",
    "Track",
    "caption_set",
    "captions",
    "compose",
    "find_fluidsynth",
    "find_soundfont",
    "frame_labels",
    "read_corpus",
    "render",
    "write_corpus",
]
