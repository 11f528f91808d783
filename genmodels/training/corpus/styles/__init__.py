"""The styles of the corpus, a family a module."""

from __future__ import annotations

from genmodels.training.corpus.styles.acoustic import BOSSA, FOLK_STYLE, JAZZ_TRIO, ORCHESTRAL, SOLO_PIANO
from genmodels.training.corpus.styles.bands import BLUES_STYLE, FUNK, METAL_STYLE, REGGAE_STYLE, ROCK
from genmodels.training.corpus.styles.club import DISCO, DRUM_AND_BASS, HOUSE, TECHNO, TRANCE
from genmodels.training.corpus.styles.hiphop import LOFI, TRAP
from genmodels.training.corpus.styles.style import Drums, Grooves, Style
from genmodels.training.corpus.styles.synthetic import AMBIENT, CHIPTUNE, SYNTHWAVE

__all__ = ["STYLES", "STYLE_NAMES", "Drums", "Grooves", "Style", "style_of"]

STYLES: tuple[Style, ...] = (
    LOFI,
    TRAP,
    HOUSE,
    TECHNO,
    TRANCE,
    DISCO,
    DRUM_AND_BASS,
    SYNTHWAVE,
    CHIPTUNE,
    AMBIENT,
    ROCK,
    METAL_STYLE,
    FUNK,
    REGGAE_STYLE,
    BLUES_STYLE,
    JAZZ_TRIO,
    BOSSA,
    FOLK_STYLE,
    SOLO_PIANO,
    ORCHESTRAL,
)
"""All styles; a piece takes one, all alike."""

STYLE_NAMES = tuple(style.name for style in STYLES)


def style_of(name: str) -> Style:
    """The style of a name; raises ValueError when there is none."""
    for style in STYLES:
        if style.name == name:
            return style
    raise ValueError(f"no style {name!r}; known: {', '.join(STYLE_NAMES)}")
