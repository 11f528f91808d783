"""The training corpus: pieces composed from a seed, rendered, with labels and captions."""

from genmodels.training.corpus.captions import caption, caption_set
from genmodels.training.corpus.compose import Wishes, compose
from genmodels.training.corpus.dataset import CorpusError, CorpusItem, read_corpus, write_corpus
from genmodels.training.corpus.facts import SceneFacts, item_facts
from genmodels.training.corpus.held_out import HELD_OUT_PROMPTS, VALIDATION_SEEDS, HeldOutPrompt
from genmodels.training.corpus.labels import FrameLabels, frame_labels
from genmodels.training.corpus.piece import Note, Piece, Section, Track
from genmodels.training.corpus.render import RenderError, find_fluidsynth, find_soundfont, render
from genmodels.training.corpus.scenes import Scene, scenes
from genmodels.training.corpus.suite import compose_item

__all__ = [
    "HELD_OUT_PROMPTS",
    "VALIDATION_SEEDS",
    "CorpusError",
    "CorpusItem",
    "FrameLabels",
    "HeldOutPrompt",
    "Note",
    "Piece",
    "RenderError",
    "Scene",
    "SceneFacts",
    "Section",
    "Track",
    "Wishes",
    "caption",
    "caption_set",
    "compose",
    "compose_item",
    "find_fluidsynth",
    "find_soundfont",
    "frame_labels",
    "item_facts",
    "read_corpus",
    "render",
    "scenes",
    "write_corpus",
]
