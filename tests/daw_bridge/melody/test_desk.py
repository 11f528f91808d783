from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from daw_bridge.melody.chroma_phrase import ChromaPhrase
from daw_bridge.melody.desk import MelodyDesk
from daw_bridge.melody.live_chroma import ChromaFrame
from daw_bridge.melody.phrase import MAX_NOTES, Note, Phrase
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.status import NO_CAPTURE, CaptureState, CaptureStatus
from daw_bridge.parameter import Values

SILENT = (0.0,) * 12


@dataclass
class Stage:
    """A desk whose seconds are beats, and what it told."""

    told: list[tuple[str, Values]] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    origin: float = 0.0

    def __post_init__(self) -> None:
        self.desk = MelodyDesk(
            lambda address, values: self.told.append((address, values)), self.place, self.warned.append
        )

    def place(self, at: float) -> SongPlace:
        return SongPlace(at - self.origin, 4, self.origin)

    def play(self, pitch: int, start: float, end: float) -> None:
        self.desk.press("keys", pitch, 127, start)
        self.desk.release("keys", pitch, end)

    def state_at(self, beat: float) -> CaptureState:
        self.desk.tick(beat)
        return self.desk.status(SongPlace(beat, 4)).state

    def phrases(self) -> list[Phrase | None]:
        return [Phrase.parse(str(values[0])) for address, values in self.told if address.endswith("phrase")]


def test_a_deck_follows_what_is_played_while_it_sounds() -> None:
    stage = Stage()
    stage.desk.steer(2, True)
    stage.play(64, 0.0, 1.0)
    expected = (0.0,) * 4 + (1.0,) + (0.0,) * 7
    assert stage.told == [("/bridge/deck/2/melody", expected), ("/bridge/deck/2/melody", SILENT)]


def test_deck_1_is_steered_at_first() -> None:
    stage = Stage()
    stage.play(64, 0.0, 1.0)
    stage.desk.arm(bars=1, count_in=0, grid=0.0, at=1.0)
    stage.play(60, 4.0, 5.0)
    stage.desk.tick(8.0)
    told = [address for address, values in stage.told if any(values)]
    assert told == [f"/bridge/deck/1/{name}" for name in ("melody", "melody", "phrase")]


def test_without_a_deck_or_without_following_nothing_is_told() -> None:
    stage = Stage()
    stage.desk.steer(0, True)
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


def test_the_phrase_goes_with_what_is_steered_and_is_kept_while_that_is_nothing() -> None:
    stage = Stage()
    phrase = Phrase((Note(60, 0.0, 1.0),), 4.0)
    stage.desk.take(phrase)
    for deck in (2, 2, 0, 3):
        stage.desk.steer(deck, True)
    text = phrase.text()
    assert stage.told == [
        ("/bridge/deck/1/phrase", (text,)),
        ("/bridge/deck/1/phrase", ("",)),
        ("/bridge/deck/2/phrase", (text,)),
        ("/bridge/deck/2/phrase", ("",)),
        ("/bridge/deck/3/phrase", (text,)),
    ]
    stage.desk.take(None)
    stage.desk.steer(1, True)
    assert stage.told[5:] == [("/bridge/deck/3/phrase", ("",))]


def test_more_notes_than_a_phrase_can_have_end_the_capture_and_no_note_sticks() -> None:
    stage = Stage()
    stage.desk.arm(bars=4, count_in=0, grid=0.0, at=0.0)
    for number in range(MAX_NOTES + 7):
        stage.play(number % 128, number / 100, number / 100 + 0.005)
    assert stage.state_at(16.0) == "idle"
    (phrase,) = stage.phrases()
    assert phrase is not None
    assert len(phrase.notes) == MAX_NOTES
    (warning,) = stage.warned
    assert "7 notes more" in warning
    stage.desk.overdub(True)
    for beat in (17.0, 18.0):
        stage.play(60, beat, beat + 0.5)
        assert stage.told[-1] == ("/bridge/deck/1/melody", SILENT)
    assert len(stage.warned) == 2
    assert stage.desk.arm(bars=1, count_in=0, grid=0.0, at=19.0).begin == 20.0


def test_the_state_of_a_capture_agrees_as_soon_as_the_song_begins_anew() -> None:
    stage = Stage()
    stage.desk.arm(bars=1, count_in=1, grid=0.0, at=120.0)
    stage.origin = 120.5
    assert stage.desk.status(stage.place(120.0)) == CaptureStatus("count-in", 2, 5)
    assert stage.desk.status(stage.place(124.4)) == CaptureStatus("count-in", 1, 1)
    assert stage.desk.status(stage.place(124.6)) == CaptureStatus("recording", 1, 4)


def test_a_recording_that_the_song_jumps_away_from_is_told_and_said() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    stage.desk.arm(bars=2, count_in=0, grid=0.0, at=0.0)
    stage.play(60, 1.0, 2.0)
    stage.origin = 3.3
    assert stage.desk.status(stage.place(3.4)) == NO_CAPTURE
    assert stage.told == []
    stage.desk.tick(3.5)
    assert stage.phrases() == [Phrase((Note(60, 1.0, 1.0, 127),), 4.0)]
    assert len(stage.warned) == 1


def test_an_armed_phrase_is_told_when_its_bars_have_been_played() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    span = stage.desk.arm(bars=1, count_in=1, grid=0.5, at=2.0)
    assert (span.begin, span.end) == (8.0, 12.0)
    assert stage.state_at(7.0) == "count-in"
    stage.play(60, 8.1, 9.0)
    assert stage.state_at(11.0) == "recording"
    assert stage.phrases() == []
    assert stage.state_at(12.0) == "idle"
    (phrase,) = stage.phrases()
    assert phrase is not None
    assert phrase.notes[0].start == 0.0
    assert phrase.notes[0].length == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("beat", "meant"),
    [
        (2.0, CaptureStatus("count-in", 2, 6)),
        (4.0, CaptureStatus("count-in", 1, 4)),
        (7.9, CaptureStatus("count-in", 1, 1)),
        (8.0, CaptureStatus("recording", 2, 8)),
        (12.5, CaptureStatus("recording", 1, 4)),
        (15.5, CaptureStatus("recording", 1, 1)),
        (16.0, NO_CAPTURE),
    ],
)
def test_a_capture_says_what_is_left_the_running_bar_and_beat_counted(
    beat: float, meant: CaptureStatus
) -> None:
    stage = Stage()
    assert stage.desk.status(SongPlace(beat, 4)) == NO_CAPTURE
    stage.desk.arm(bars=2, count_in=1, grid=0.0, at=2.0)
    stage.desk.tick(beat)
    assert stage.desk.status(SongPlace(beat, 4)) == meant
    stage.desk.cancel()
    assert stage.desk.status(SongPlace(beat, 4)) == NO_CAPTURE


def test_a_capture_of_sound_has_nothing_left_while_the_last_of_it_is_on_its_way() -> None:
    stage = Stage()
    stage.desk.arm(bars=1, count_in=0, grid=0.0, at=0.0, sound=True)
    stage.desk.hear(sung((0.0, 3.9, A)))
    stage.desk.tick(4.1)
    assert stage.desk.status(SongPlace(4.1, 4)) == CaptureStatus("recording", 0, 0)


def test_overdub_tells_every_note_as_it_ends() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    stage.desk.take(Phrase((Note(60, 0.0, 1.0),), 4.0))
    stage.desk.overdub(True)
    assert stage.state_at(0.0) == "overdub"
    stage.play(67, 5.0, 6.0)
    last = stage.phrases()[-1]
    assert last == Phrase((Note(60, 0.0, 1.0), Note(67, 1.0, 1.0, 127)), 4.0)
    stage.desk.take(None)
    assert stage.phrases()[-1] is None
    assert stage.desk.phrase is None


A, E = ((0.0,) * 9 + (1.0, 0.0, 0.0)), ((0.0,) * 4 + (1.0,) + (0.0,) * 7)


def sung(*parts: tuple[float, float, tuple[float, ...]]) -> list[ChromaFrame]:
    """Twenty frames a beat from start to end."""
    return [
        ChromaFrame(start + n / 20, chroma, -20.0)
        for start, end, chroma in parts
        for n in range(round((end - start) * 20))
    ]


def test_a_deck_follows_what_an_input_hears_and_notes_come_first() -> None:
    stage = Stage()
    stage.desk.steer(1, True)
    stage.desk.hear(sung((1.0, 1.5, A), (1.5, 2.0, SILENT), (2.0, 2.5, E)))
    stage.desk.press("keys", 60, 127, 2.5)
    stage.desk.hear(sung((2.5, 3.0, A)))
    stage.desk.release("keys", 60, 3.0)
    stage.desk.deafen()
    assert [values.index(1.0) if any(values) else None for _, values in stage.told] == [
        9, None, 4, 0, 9, None
    ]  # fmt: skip


def test_sound_that_hardly_changes_or_flutters_is_told_seldom() -> None:
    stage = Stage()
    stage.desk.steer(1, True)
    near = (*A[:4], 0.2, *A[5:])
    stage.desk.hear(sung(*((1.0 + n / 20, 1.0 + (n + 1) / 20, (A, near)[n % 2]) for n in range(20))))
    assert len(stage.told) == 1
    stage.desk.hear(sung(*((2.0 + n / 20, 2.0 + (n + 1) / 20, (A, E)[n % 2]) for n in range(20))))
    assert len(stage.told) <= 1 + 10


def test_what_an_input_hears_in_the_armed_bars_is_a_phrase_on_its_beats() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    span = stage.desk.arm(bars=1, count_in=0, grid=0.0, at=3.5, sound=True)
    assert span.begin == 4.0
    stage.desk.press("keys", 60, 127, 4.2)
    # what is heard comes a little later than it sounded
    stage.desk.hear(sung((3.5, 5.0, E), (5.0, 6.0, SILENT), (6.0, 7.9, A)))
    assert stage.state_at(8.1) == "recording"
    assert stage.told == []
    stage.desk.hear(sung((7.9, 8.1, A)))
    phrase = stage.desk.phrase
    assert isinstance(phrase, ChromaPhrase)
    e, a, silent = "0000f0000000", "000000000f00", "0" * 12
    assert phrase.steps == (e,) * 4 + (silent,) * 4 + (a,) * 8
    assert stage.told == [("/bridge/deck/1/phrase", (phrase.text(),))]
    stage.desk.overdub(True)
    assert stage.state_at(9.0) == "idle"


def test_what_an_input_hears_is_repeated_in_the_bar_in_which_it_was_heard() -> None:
    """The phrase counts from bar 1, also where its capture did not begin on one of its repetitions."""
    stage = Stage()
    stage.desk.arm(bars=2, count_in=0, grid=0.0, at=3.5, sound=True)
    stage.desk.hear(sung((3.5, 8.0, A), (8.0, 12.1, SILENT)))
    phrase = stage.desk.phrase
    assert isinstance(phrase, ChromaPhrase)
    a, silent = "000000000f00", "0" * 12
    assert phrase.steps == (silent,) * 16 + (a,) * 16


def test_a_capture_of_an_input_that_is_lost_ends() -> None:
    stage = Stage()
    stage.desk.steer(1, False)
    stage.desk.arm(bars=1, count_in=0, grid=0.0, at=0.0, sound=True)
    stage.desk.hear(sung((0.0, 2.0, A)))
    assert stage.state_at(7.0) == "recording"
    assert stage.state_at(8.0) == "idle"
    assert isinstance(stage.desk.phrase, ChromaPhrase)
