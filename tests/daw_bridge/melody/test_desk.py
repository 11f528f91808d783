from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from daw_bridge.melody.desk import MelodyDesk, SongPlace
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.parameter import Values

SILENT = (0.0,) * 12


@dataclass
class Stage:
    """A desk whose seconds are beats, and what it told."""

    told: list[tuple[str, Values]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = MelodyDesk(
            lambda address, values: self.told.append((address, values)), lambda at: SongPlace(at, 4)
        )

    def play(self, pitch: int, start: float, end: float) -> None:
        self.desk.press("keys", pitch, 127, start)
        self.desk.release("keys", pitch, end)

    def phrases(self) -> list[Phrase | None]:
        return [Phrase.parse(str(values[0])) for address, values in self.told if address.endswith("phrase")]


def test_a_deck_follows_what_is_played_while_it_sounds() -> None:
    stage = Stage()
    stage.desk.steer(2, True)
    stage.play(64, 0.0, 1.0)
    expected = (0.0,) * 4 + (1.0,) + (0.0,) * 7
    assert stage.told == [("/bridge/deck/2/melody", expected), ("/bridge/deck/2/melody", SILENT)]


def test_without_a_deck_or_without_following_nothing_is_told() -> None:
    stage = Stage()
    stage.play(64, 0.0, 1.0)
    stage.desk.steer(1, False)
    stage.play(64, 1.0, 2.0)
    assert stage.told == []


def test_a_deck_that_is_left_hears_silence_and_the_next_one_what_sounds() -> None:
    stage = Stage()
    stage.desk.steer(1, True)
    stage.desk.press("keys", 60, 127, 0.0)
    stage.desk.steer(2, True)
    assert [address for address, _ in stage.told] == [f"/bridge/deck/{n}/melody" for n in (1, 1, 2)]
    assert stage.told[1][1] == SILENT
    assert stage.told[2][1][0] == 1.0
    stage.desk.steer(0, True)
    assert stage.told[3] == ("/bridge/deck/2/melody", SILENT)


def test_an_armed_phrase_is_told_when_its_bars_have_been_played() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    span = stage.desk.arm(bars=1, count_in=1, grid=0.5, at=2.0)
    assert (span.begin, span.end) == (8.0, 12.0)
    assert stage.desk.tick(7.0) == "count-in"
    stage.play(60, 8.1, 9.0)
    assert stage.desk.tick(11.0) == "recording"
    assert stage.phrases() == []
    assert stage.desk.tick(12.0) == "idle"
    (phrase,) = stage.phrases()
    assert phrase is not None
    assert phrase.notes[0].start == 0.0
    assert phrase.notes[0].length == pytest.approx(0.9)


def test_overdub_tells_every_note_as_it_ends() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    stage.desk.take(Phrase((Note(60, 0.0, 1.0),), 4.0))
    stage.desk.overdub(True)
    assert stage.desk.tick(0.0) == "overdub"
    stage.play(67, 5.0, 6.0)
    last = stage.phrases()[-1]
    assert last == Phrase((Note(60, 0.0, 1.0), Note(67, 1.0, 1.0, 127)), 4.0)
    stage.desk.take(None)
    assert stage.phrases()[-1] is None
    assert stage.desk.phrase is None
