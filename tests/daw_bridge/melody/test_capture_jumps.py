"""A capture whose song jumps: to bar 1 with the first deck, to where a host is, or to another meter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.melody.capture import Capture, Captured, Span, next_span
from daw_bridge.melody.chroma_phrase import ChromaPhrase
from daw_bridge.melody.phrase import Note, Phrase
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.status import CaptureState

A = (*[0.0] * 9, 1.0, 0.0, 0.0)


class Song:
    """A capture in a song; time goes on in beats that never jump."""

    def __init__(self, beats_per_bar: int = 4) -> None:
        self.capture = Capture()
        self.origin = 0.0
        self.beats_per_bar = beats_per_bar
        self.captured: list[Captured] = []

    def at(self, passed: float) -> float:
        """So many beats have passed; the beat of the song."""
        beat = passed - self.origin
        self.capture.follow(SongPlace(beat, self.beats_per_bar, self.origin))
        if captured := self.capture.advance(beat):
            self.captured.append(captured)
        return beat

    def jump(self, passed: float, to: float) -> None:
        """When so many beats have passed, the song is at another beat."""
        self.origin = passed - to

    def arm(self, passed: float, bars: int, count_in: int, sound: bool = False) -> None:
        span = next_span(self.at(passed), self.beats_per_bar, bars, count_in)
        self.capture.arm(span, count_in, sound)

    def play(self, pitch: int, begin: float, end: float) -> None:
        self.capture.press(("keys", pitch), 100, self.at(begin))
        self.capture.release(("keys", pitch), self.at(end))

    def state(self, passed: float) -> CaptureState:
        return self.capture.state(self.at(passed))

    @property
    def phrase(self) -> Phrase:
        assert isinstance(self.capture.phrase, Phrase)
        return self.capture.phrase


@pytest.mark.parametrize(("count_in", "begins"), [(0, 0.0), (1, 4.0), (2, 8.0)])
def test_a_capture_that_waits_counts_in_from_where_the_song_begins_anew(count_in: int, begins: float) -> None:
    song = Song()
    song.arm(119.5, 2, count_in)
    song.jump(119.7, -0.5)
    song.at(119.8)
    assert song.capture.span == Span(begins, begins + 8.0)
    start = 119.7 + 0.5 + begins
    assert song.state(start - 0.1) == "count-in"
    song.play(60, start + 1.0, start + 2.0)
    assert song.state(start + 7.9) == "recording"
    assert song.state(start + 8.1) == "idle"
    (note,) = song.phrase.notes
    assert [note.start, note.length] == pytest.approx([(begins + 1.0) % 8.0, 1.0])


def test_a_clock_that_wanders_by_less_than_a_tenth_of_a_beat_moves_nothing() -> None:
    song = Song()
    song.arm(2.0, 1, 1)
    for number in range(100):
        song.origin += 0.005
        song.at(2.0 + number / 100)
    assert song.capture.span == Span(8.0, 12.0)


@given(st.integers(-200, 200).filter(bool), st.floats(-0.09, 0.09))
def test_a_recording_goes_on_where_the_beat_does(bars: int, off: float) -> None:
    song = Song()
    song.arm(0.5, 2, 0)
    song.play(60, 5.0, 6.0)
    song.capture.press(("keys", 64), 100, song.at(6.5))
    song.jump(7.0, 7.0 + 4 * bars + off)
    song.capture.release(("keys", 64), song.at(7.5))
    song.play(67, 9.0, 10.0)
    assert song.state(11.8) == "recording"
    assert song.state(12.2) == "idle"
    starts = [(5.0 + 4 * bars) % 8, (6.5 + 4 * bars) % 8, (9.0 + 4 * bars + off) % 8]
    by_pitch = sorted(song.phrase.notes, key=lambda note: note.pitch)
    assert [note.start for note in by_pitch] == pytest.approx(starts)
    assert by_pitch[1].length == pytest.approx(1.0 + off)
    assert song.phrase.beats == 8.0
    assert [captured.notice for captured in song.captured] == [""]


def test_a_recording_off_whose_beat_the_song_jumps_ends_with_the_bars_that_were_begun() -> None:
    song = Song()
    song.arm(3.5, 4, 0)
    song.play(60, 5.0, 6.0)
    song.capture.press(("keys", 64), 100, song.at(9.0))
    song.jump(9.5, -0.37)
    song.capture.release(("keys", 64), song.at(10.0))
    assert song.state(10.0) == "idle"
    assert song.phrase.beats == 8.0
    assert [(note.pitch, note.start) for note in song.phrase.notes] == [(60, 1.0), (64, 5.0)]
    assert song.phrase.notes[1].length == pytest.approx(1.0)
    (captured,) = song.captured
    assert captured.phrase == song.phrase
    assert "jumped" in captured.notice
    assert "kept" in captured.notice


def test_where_nothing_had_been_played_the_phrase_before_stays() -> None:
    song = Song()
    song.capture.phrase = old = Phrase((Note(60, 0.0, 1.0),), 4.0)
    song.arm(3.5, 2, 0)
    song.at(5.0)
    song.jump(5.5, 0.3)
    assert song.state(5.6) == "idle"
    assert song.capture.phrase is old
    (captured,) = song.captured
    assert captured.phrase is None
    assert "stays" in captured.notice


def test_a_note_that_is_held_across_a_jump_keeps_its_length_where_it_is_laid_over() -> None:
    song = Song()
    song.capture.phrase, song.capture.overdubbing = Phrase((), 4.0), True
    song.capture.press(("keys", 60), 100, song.at(121.0))
    song.jump(121.5, 0.25)
    song.capture.release(("keys", 60), song.at(122.0))
    (note,) = song.phrase.notes
    assert [note.start, note.length] == pytest.approx([3.75, 1.0])


@pytest.mark.parametrize("begins_in_bars", [0, 1, 3])
def test_where_the_meter_changes_a_capture_that_waits_begins_in_the_bar_that_was_said(
    begins_in_bars: int,
) -> None:
    song = Song()
    song.arm(39.0, 2, 1 + begins_in_bars)
    assert song.capture.span is not None
    bar = 1 + song.capture.span.begin / 4
    # bar 12 and those that follow have three beats
    line, song.beats_per_bar = 44.0, 3
    song.origin = line - 33.0
    song.at(line + 0.1)
    assert song.capture.span == Span((bar - 1) * 3, (bar - 1) * 3 + 6)


def test_a_capture_that_does_not_fit_the_meter_of_a_host_is_given_up_and_said() -> None:
    song = Song()
    song.arm(0.5, 8, 1)
    song.beats_per_bar, song.origin = 200, -3.0
    assert song.state(1.0) == "idle"
    (captured,) = song.captured
    assert captured.phrase is None
    assert "8 bars of 200 beats" in captured.notice


def test_where_the_meter_changes_a_recording_goes_on() -> None:
    song = Song()
    song.arm(39.5, 2, 0)
    song.play(60, 41.0, 42.0)
    song.beats_per_bar, song.origin = 3, 44.0 - 33.0
    song.play(64, 45.0, 46.0)
    assert song.state(47.9) == "recording"
    assert song.state(48.1) == "idle"
    starts = {note.pitch: note.start for note in song.phrase.notes}
    assert starts == {60: (41.0 - 11.0) % 8, 64: (45.0 - 11.0) % 8}


def test_a_capture_of_sound_goes_on_or_ends_as_one_of_notes_does() -> None:
    for to, beats in ((0.0, 8.0), (0.5, 4.0)):
        song = Song()
        song.arm(4.0, 2, 0, sound=True)
        for number in range(20):
            song.capture.hear(song.at(4.0 + number / 10), A)
        song.jump(6.0, 6.0 - 4.0 + to)
        for number in range(100):
            song.capture.hear(song.at(6.0 + number / 10), (0.0,) * 12)
        assert isinstance(song.capture.phrase, ChromaPhrase)
        assert song.capture.phrase.beats == beats
        sung = song.capture.phrase.values[:, 9]
        assert sung[:7].min() > 0.9
        assert sung[9:].max() == 0.0
