"""What is said of a melody that was asked for and of what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from daw_bridge.melody.likeness import likeness, reordered
from daw_bridge.melody.phrase import Phrase
from daw_bridge.melody.track import PhraseChroma
from genmodels.conditioning.timing import Transport


def chroma_of(phrase: Phrase) -> np.ndarray:
    return PhraseChroma(phrase, Transport(120.0)).at(np.arange(200))


def test_a_melody_is_like_itself_and_less_like_another_order_of_its_notes() -> None:
    phrase = Phrase.parse("8 C4@0+1 E4@1+1 G4@2+1 A4@3+1 D4@4+1 F4@5+1 B4@6+1")
    assert phrase is not None
    other = reordered(phrase, 3)
    assert sorted(n.pitch for n in other.notes) == sorted(n.pitch for n in phrase.notes)
    assert [n.start for n in other.notes] == [n.start for n in phrase.notes]
    own = chroma_of(phrase)
    assert likeness(own, own) == pytest.approx(1.0)
    assert likeness(chroma_of(other), own) < 0.5


def test_frames_in_which_either_is_silent_do_not_count() -> None:
    one = np.eye(12, dtype=np.float32)[[0, 1, 2]]
    other = np.stack([one[0], np.zeros(12, np.float32), one[2]])
    assert likeness(one, other) == pytest.approx(1.0)
    assert likeness(np.zeros_like(one), one) == 0.0
