"""Whatever is sent to a worker in whatever order, and wherever the journal is cut: it replays."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.engine.protocol import (
    Advance,
    Command,
    Event,
    Load,
    OpenDeck,
    Produced,
    RollBack,
    SetConditions,
)
from daw_bridge.engine.ring import PcmRing
from daw_bridge.engine.worker import Worker
from daw_bridge.takes.aside import Aside
from daw_bridge.takes.coding import encode_tokens
from daw_bridge.takes.voice_track import carried_over, voice_tracks
from genmodels.conditioning.attributes import Conditions, WeightedPrompt
from tests.daw_bridge import fake_model

Step = tuple[str, int, int, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["tell", "back", "ask"]),
        st.integers(0, 60),
        st.integers(0, 3),
        st.integers(0, 4),
        st.integers(0, 20),
    ),
    max_size=25,
)


def pitched(number: int) -> Conditions:
    return Conditions(prompts=(WeightedPrompt(str(100 + number)),))


class Course:
    """A worker, the messages on their way to it, and the journal of both directions."""

    def __init__(self) -> None:
        self.journal: list[dict[str, Any]] = []
        self.underway: deque[Command] = deque()
        self.worker = Worker(self._hear)
        self.worker.handle(Load("fake", "cpu", 0, fake_model.LOADER))
        self.ring = PcmRing.create(100 * fake_model.HOP, f"course_{id(self):x}")
        self.told = self.epoch = 0
        self.journal.append(
            {"type": "open", "voice": 1, "deck": 1, "seed": 0, "origin": 0, "start": 0,
             "conditions": [(0, 100)], "prompt": None}
        )  # fmt: skip
        self.worker.handle(OpenDeck(1, 0, pitched(0), self.ring.info))

    def take(self, step: Step) -> None:
        """Send something, let some messages arrive, work a little, and lose the way back."""
        word, frame, arriving, working, kept = step
        self.send(word, frame)
        self.go_on(min(arriving, len(self.underway)), working)
        voice = self.worker._slots[1].voice
        voice.oldest_frame = max(voice.oldest_frame, voice.frame - kept)  # type: ignore[misc]

    def send(self, word: str, frame: int) -> None:
        if word == "ask":
            self.underway.append(Advance(1, frame))
            return
        self.epoch += 1
        if word == "back":
            self.underway.append(RollBack(1, self.epoch, frame))
            return
        self.told += 1
        told = {"epoch": self.epoch, "frame": frame, "conditions": 100 + self.told}
        self.journal.append({"type": "conditions", "voice": 1, **told})
        self.underway.append(SetConditions(1, self.epoch, frame, pitched(self.told)))

    def go_on(self, arriving: int, working: int) -> None:
        for _ in range(arriving):
            self.worker.handle(self.underway.popleft())
        for _ in range(working):
            self.worker.generate()

    def close(self) -> None:
        self.worker.close()
        self.ring.close()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Produced):
            self.journal.append(
                {"type": "tokens", "voice": 1, "epoch": event.epoch, "first": event.first_frame,
                 **encode_tokens(event.tokens)}
            )  # fmt: skip


def replays(journal: list[dict[str, Any]]) -> bool:
    """Whether the tokens are those that follow from the conditions."""
    voice = voice_tracks(journal)[1]
    frames = np.arange(voice.tokens.first, voice.tokens.end)
    expected = [[c for f, c in voice.conditions if f <= frame][-1] for frame in frames]
    return bool((voice.tokens.tokens == np.array(expected, np.int16).reshape(1, -1)).all())


@given(steps, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
@settings(max_examples=150)
def test_any_course_cut_anywhere_and_carried_over_anywhere_replays(
    course: list[Step], cut: float, carried: float, failed: float, twice: int
) -> None:
    stage = Course()
    try:
        stage.send("ask", 40)
        for step in course:
            stage.take(step)
        stage.send("ask", 70)
        stage.go_on(len(stage.underway), 80)
    finally:
        stage.close()
    journal = stage.journal
    assert voice_tracks(journal)[1].tokens.end >= 70
    assert replays(journal)
    assert replays(journal[: 1 + round(cut * (len(journal) - 1))])
    place = 1 + round(carried * (len(journal) - 1))
    assert replays([*carried_over(journal[:place]), *journal[place:]])
    # the journal failed before that place; what of its last records is on the disk is not known
    fault = 1 + round(failed * (place - 1))
    aside = Aside(carried_over(journal[:fault]))
    aside.add(journal[max(1, fault - twice) : place])
    assert replays([*aside.carried(), *journal[place:]])
