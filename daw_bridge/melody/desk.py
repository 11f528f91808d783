"""MelodyDesk: what is played on a keyboard or into an input, steering a deck while it sounds or as a phrase
that repeats."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

from daw_bridge.melody.capture import Capture, Captured, Span, next_span
from daw_bridge.melody.chroma_phrase import AnyPhrase
from daw_bridge.melody.held import HeldNotes, Pressed
from daw_bridge.melody.live_chroma import SILENCE, ChromaFrame
from daw_bridge.melody.place import SongPlace
from daw_bridge.melody.status import CaptureStatus
from daw_bridge.parameter import Values

# of sound only clear changes are told, and no more often than this: each is a rollback
CLEAR_CHANGE = 0.3
TELL_EVERY_S = 0.1
FIRST_DECK = 1


class MelodyDesk:
    """Takes notes, and the chroma of an input, and tells a deck about them through its values ``melody`` and
    ``phrase``. While notes are held they count, not the input.

    Args:
        send: sets a value at an address.
        place: where in the song something was heard that came at a time (seconds of `time.monotonic`).
        warn: takes what whoever plays should know.

    Attributes:
        deck: which deck is steered, at first `FIRST_DECK`; 0 is none.
        follow: whether notes steer it while they sound.
    """

    def __init__(
        self,
        send: Callable[[str, Values], None],
        place: Callable[[float], SongPlace],
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.deck = FIRST_DECK
        self.follow = True
        self._send = send
        self._place = place
        self._warn = warn
        self._held = HeldNotes()
        self._capture = Capture()
        self._sound = SILENCE
        self._sound_told_at = 0.0
        self._told = SILENCE

    @property
    def phrase(self) -> AnyPhrase | None:
        """What has been captured."""
        return self._capture.phrase

    def steer(self, deck: int, follow: bool) -> None:
        """Choose the deck (0 for none), and whether it follows what is played. The phrase goes from the deck
        before to this one."""
        if deck != self.deck:
            self._leave()
            self.deck = deck
            if self.phrase is not None:
                self._tell_phrase(self.phrase)
        self.follow = follow
        self._tell()

    def press(self, player: Hashable, pitch: int, velocity: int, at: float) -> None:
        """A key goes down."""
        place = self._advance(at)
        self._end(self._held.press(player, pitch, velocity), place.beat)
        self._capture.press((player, pitch), velocity, place.beat)
        self._tell()

    def release(self, player: Hashable, pitch: int, at: float) -> None:
        """A key comes up."""
        self._end(self._held.release(player, pitch), self._advance(at).beat)
        self._tell()

    def pedal(self, player: Hashable, down: bool, at: float) -> None:
        """The sustain pedal goes down or comes up."""
        self._end(self._held.pedal(player, down), self._advance(at).beat)
        self._tell()

    def all_off(self, player: Hashable, at: float) -> None:
        """All notes of a player end."""
        self._end(self._held.all_off(player), self._advance(at).beat)
        self._tell()

    def hear(self, frames: Sequence[ChromaFrame]) -> None:
        """An input has heard something, in order of time; silence, too, is to be told."""
        for frame in frames:
            place = self._place(frame.at)
            self._capture.follow(place)
            self._capture.hear(place.beat, frame.chroma)
            self._hear_now(frame)
        if frames:
            self._advance(frames[-1].at)

    def deafen(self) -> None:
        """The input is gone."""
        self._sound = SILENCE
        self._tell()

    def players(self) -> set[Hashable]:
        """Who has notes sounding."""
        return self._held.players()

    def arm(self, bars: int, count_in: int, grid: float, at: float, sound: bool = False) -> Span:
        """Record whole bars, from a bar line after whole bars of count-in; the phrase then repeats.

        Args:
            grid: see `Capture`.
            sound: capture what the input hears, not notes; no grid applies.

        Raises:
            MelodyError: the phrase would be too long.
        """
        place = self._advance(at)
        span = next_span(place.beat, place.beats_per_bar, bars, count_in)
        self._capture.grid = grid
        self._capture.arm(span, count_in, sound)
        return span

    def overdub(self, on: bool) -> None:
        """Whether notes are laid on the phrase that repeats."""
        self._capture.overdubbing = on

    def cancel(self) -> None:
        """Record nothing; the phrase stays."""
        self._capture.cancel()

    def take(self, phrase: AnyPhrase | None) -> None:
        """Put a phrase in place of the captured one; None forgets it."""
        self._capture.clear()
        self._capture.phrase = phrase
        self._tell_phrase(phrase)

    def tick(self, at: float) -> None:
        """Time goes on; to be called a few times a second."""
        self._advance(at)

    def status(self, place: SongPlace) -> CaptureStatus:
        """How far the capture is, at the place in the song that is heard now."""
        self._capture.follow(place)
        left = self._capture.beats_left(place.beat)
        bars = math.ceil(left / place.beats_per_bar)
        return CaptureStatus(self._capture.state(place.beat), bars, math.ceil(left))

    def _advance(self, at: float) -> SongPlace:
        place = self._place(at)
        self._capture.follow(place)
        self._take_in(self._capture.advance(place.beat))
        return place

    def _end(self, ended: list[Pressed], beat: float) -> None:
        for key in ended:
            self._take_in(self._capture.release(key, beat))

    def _take_in(self, captured: Captured | None) -> None:
        if captured is None:
            return
        if captured.phrase is not None:
            self._tell_phrase(captured.phrase)
        if captured.notice:
            self._warn(captured.notice)

    def _hear_now(self, frame: ChromaFrame) -> None:
        change = max(abs(new - old) for new, old in zip(frame.chroma, self._sound, strict=True))
        if change >= CLEAR_CHANGE and frame.at - self._sound_told_at >= TELL_EVERY_S:
            self._sound, self._sound_told_at = frame.chroma, frame.at
            self._tell()

    def _leave(self) -> None:
        """Take from the deck that is steered what it was told."""
        if any(self._told):
            self._send(self._address("melody"), SILENCE)
            self._told = SILENCE
        if self.phrase is not None:
            self._tell_phrase(None)

    def _tell(self) -> None:
        played = self._held.chroma()
        chroma = (played if any(played) else self._sound) if self.follow else SILENCE
        if self.deck and chroma != self._told:
            self._told = chroma
            self._send(self._address("melody"), chroma)

    def _tell_phrase(self, phrase: AnyPhrase | None) -> None:
        if self.deck:
            self._send(self._address("phrase"), (phrase.text() if phrase else "",))

    def _address(self, name: str) -> str:
        return f"/bridge/deck/{self.deck}/{name}"
